"""The filters of the account list: each asks the narrow row, by an index."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter

from recovery.conf import BACKUP_CODE_COUNTS, conf
from recovery.enums import OPEN_LINK_STATES, FlagAge, FlagDue, Tier
from recovery.figures.flags import of_age, of_due
from recovery.models import Notice, RecoveryLink

Narrowing = Callable[[Any], QuerySet]


class NamedFilter(DropdownFilter):
    """A closed list of names, each with the rows it keeps."""

    options: ClassVar[dict[str, tuple[Any, Narrowing]]]

    def lookups(self, request, model_admin):
        return [(name, label) for name, (label, _narrow) in self.options.items()]

    def queryset(self, request, queryset):
        chosen = self.options.get(self.value() or "")
        return queryset if chosen is None else chosen[1](queryset)


class CodesFilter(NamedFilter):
    title = _("codes left")
    parameter_name = "codes"
    options = {
        "none": (_("None"), lambda rows: rows.without_codes()),
        "low": (_("Few"), lambda rows: rows.low_on_codes(limit=conf.LOW_CODE_COUNT)),
        "fine": (_("Enough"), lambda rows: rows.filter(backup_codes_left__gt=conf.LOW_CODE_COUNT)),
    }


class CodesExactlyFilter(NamedFilter):
    """Of those who ever enrolled: what a bar of the picture counts."""

    title = _("codes left exactly, once enrolled")
    parameter_name = "left"
    options = {
        str(left): (str(left), lambda rows, left=left: rows.ever_enrolled().with_codes(left))
        for left in range(max(BACKUP_CODE_COUNTS) + 1)
    }


class FlagFilter(NamedFilter):
    title = _("re-enrolment flag")
    parameter_name = "flag"
    options = {
        "flagged": (_("Flagged"), lambda rows: rows.flagged()),
        "overdue": (_("Overdue"), lambda rows: rows.overdue()),
        "none": (_("Not flagged"), lambda rows: rows.filter(reenrolment_required_at=None)),
    }


class FlagAgeFilter(NamedFilter):
    title = _("age of the flag")
    parameter_name = "age"
    options = {
        age.value: (age.label, lambda rows, age=age: rows.filter(of_age(age, timezone.now())))
        for age in FlagAge
    }


class FlagDueFilter(NamedFilter):
    title = _("re-enrolment due")
    parameter_name = "due"
    options = {
        due.value: (due.label, lambda rows, due=due: rows.filter(of_due(due, timezone.now())))
        for due in FlagDue
    }


def _recovered_within(days: int) -> Narrowing:
    return lambda rows: rows.filter(last_recovered_at__gte=timezone.now() - timedelta(days=days))


class RecoveredFilter(NamedFilter):
    title = _("last recovery")
    parameter_name = "recovered"
    options = {
        "day": (_("Within 24 hours"), _recovered_within(1)),
        "week": (_("Within 7 days"), _recovered_within(7)),
        "month": (_("Within 30 days"), _recovered_within(30)),
        "never": (_("Never"), lambda rows: rows.filter(last_recovered_at=None)),
    }


class TierFilter(NamedFilter):
    title = _("tier")
    parameter_name = "tier"
    options = {
        Tier.PRIVILEGED.value: (Tier.PRIVILEGED.label, lambda rows: rows.filter(tier="privileged")),
        Tier.STANDARD.value: (Tier.STANDARD.label, lambda rows: rows.filter(tier="standard")),
    }


class MailFilter(NamedFilter):
    """What the front page counts, from the two small tables and not by a join over accounts."""

    title = _("mail")
    parameter_name = "mail"
    options = {
        "link_open": (
            _("A recovery link is open"),
            lambda rows: rows.filter(
                pk__in=_accounts(RecoveryLink.objects.filter(state__in=OPEN_LINK_STATES))
            ),
        ),
        "undeliverable": (
            _("Could not be delivered"),
            lambda rows: rows.filter(pk__in=_accounts(Notice.objects.undelivered())),
        ),
    }


def _accounts(rows):
    return rows.order_by().values("account_id")
