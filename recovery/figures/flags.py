"""How flags are sorted by age and by due date: the same for the figures and for the list."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.db.models import Case, CharField, Q, Value, When

from recovery.enums import FlagAge, FlagDue

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import TextChoices

AGES: Final = {
    FlagAge.DAY: 1,
    FlagAge.WEEK: 7,
    FlagAge.FORTNIGHT: 14,
    FlagAge.MONTH: 30,
    FlagAge.QUARTER: 90,
}
"""Up to how many days old; what is older than all of them is ``OLDER``."""
DUES: Final = {FlagDue.WEEK: 7, FlagDue.MONTH: 30}
"""Within how many days; what is not is due ``LATER``."""


def of_age(age: FlagAge, now: datetime) -> Q:
    """Flags of that age."""
    condition = Q(reenrolment_required_at__isnull=False)
    older = [other for other in AGES if list(FlagAge).index(other) < list(FlagAge).index(age)]
    if age in AGES:
        condition &= Q(reenrolment_required_at__gt=now - timedelta(days=AGES[age]))
    if older:
        condition &= Q(reenrolment_required_at__lte=now - timedelta(days=AGES[older[-1]]))
    return condition


def of_due(due: FlagDue, now: datetime) -> Q:
    """Flags that stand so with their date."""
    flagged = Q(reenrolment_required_at__isnull=False)
    if due is FlagDue.AT_ONCE:
        return flagged & Q(reenrolment_due_at__isnull=True)
    if due is FlagDue.OVERDUE:
        return flagged & Q(reenrolment_due_at__lte=now)
    week, month = (now + timedelta(days=days) for days in DUES.values())
    after = {FlagDue.WEEK: now, FlagDue.MONTH: week, FlagDue.LATER: month}[due]
    inside = flagged & Q(reenrolment_due_at__gt=after)
    upto = {FlagDue.WEEK: week, FlagDue.MONTH: month}.get(due)
    return inside & Q(reenrolment_due_at__lte=upto) if upto else inside


def age_of(now: datetime) -> Case:
    """The age of a flag, for the database to sort by."""
    return _sorted(FlagAge, [of_age(age, now) for age in FlagAge])


def due_of(now: datetime) -> Case:
    """How a flag stands with its date, likewise."""
    return _sorted(FlagDue, [of_due(due, now) for due in FlagDue])


def _sorted(names: type[TextChoices], conditions: list[Q]) -> Case:
    whens = [When(c, then=Value(n.value)) for n, c in zip(names, conditions, strict=True)]
    return Case(*whens, output_field=CharField())
