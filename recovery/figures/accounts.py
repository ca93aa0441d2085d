"""Counting how accounts stand: a snapshot now and then, one query for each measure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from recovery.enums import Measure
from recovery.figures import flags, tables
from recovery.figures.events import MEASURES as OF_EVENTS
from recovery.figures.tables import Place
from recovery.models import Account, Cursor, Figure, Restoration

if TYPE_CHECKING:
    from datetime import datetime

ACCOUNTS: Final = "figures_accounts"
"""The cursor. Its sequence is how many snapshots there were, and it moved with the last."""
EVERY: Final = timedelta(hours=1)
LATEST_ONLY: Final = (Measure.CODES_LEFT, Measure.FLAGS)
KEPT: Final = timedelta(days=400)
"""How long figures of a day stay."""


def count_accounts(*, now: datetime | None = None, every: timedelta = EVERY) -> int:
    """Take a snapshot if the last is old enough; return how many numbers it has.

    Of each day the last one stays, so that the enrolment can be seen over time.
    """
    now = now or timezone.now()
    cursor, _ = Cursor.objects.get_or_create(name=ACCOUNTS)
    if cursor.sequence and cursor.moved_at > now - every:
        return 0
    # Counted before anything is locked: in SQLite that would stop the desk.
    values = _counted(now)
    with transaction.atomic():
        unclaimed = Cursor.objects.filter(name=ACCOUNTS, sequence=cursor.sequence)
        if not unclaimed.update(sequence=cursor.sequence + 1, moved_at=now):
            return 0
        _keep(values, now)
    return len(values)


def _keep(values: dict[Place, int], now: datetime) -> None:
    today, oldest = tables.day_of(now), now - KEPT
    Figure.objects.filter(measure=Measure.ENROLMENT, day=today).delete()
    Figure.objects.filter(measure__in=LATEST_ONLY).delete()
    tables.put(values)
    dated = Figure.objects.filter(measure__in=(*OF_EVENTS, Measure.ENROLMENT))
    dated.filter(day__lt=oldest.date()).delete()
    Restoration.objects.filter(helped_at__lt=oldest).delete()


def _counted(now: datetime) -> dict[Place, int]:
    today, accounts = tables.day_of(now), Account.objects.order_by()
    enrolment = accounts.values_list("enrolment").annotate(Count("pk"))
    codes = accounts.ever_enrolled().values_list("backup_codes_left").annotate(Count("pk"))
    flagged = accounts.flagged().annotate(age=flags.age_of(now), due=flags.due_of(now))
    by_age = flagged.values_list("age", "due").annotate(Count("pk"))
    return (
        {Place(Measure.ENROLMENT, today, key=state): count for state, count in enrolment}
        | {Place(Measure.CODES_LEFT, today, key=str(left)): count for left, count in codes}
        | {Place(Measure.FLAGS, today, key=f"{age}:{due}"): count for age, due, count in by_age}
    )
