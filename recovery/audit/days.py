"""What is known of each day of the ledger. A day is UTC's, and an event's is that of its time."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from django.db.models import Max, Min
from django.db.models.functions import TruncDate
from django.utils import timezone

from recovery.audit.streaming import unlinked_event
from recovery.enums import DayState
from recovery.models import AuditEvent, LedgerDay

if TYPE_CHECKING:
    from recovery.audit.verifier import Broken


def note_verified(*, after: int, upto: int, since: datetime | None) -> None:
    """Keep that everything between two places of the chain was checked.

    A broken day stays broken, unless ``since`` tells that the whole ledger is checked anew since
    then, and that day's break was found before.
    """
    for day, first, last in _days(after, upto):
        known, is_new = LedgerDay.objects.get_or_create(
            day=day,
            defaults={"first_sequence": first, "last_sequence": last, "state": DayState.VERIFIED},
        )
        if is_new:
            continue
        known.first_sequence = min(first, known.first_sequence)
        known.last_sequence = max(last, known.last_sequence)
        if known.state == DayState.VERIFIED or (since is not None and known.checked_at < since):
            known.state, known.finding, known.found_at_sequence = DayState.VERIFIED, "", None
            known.checked_at = timezone.now()
        known.save()


def note_broken(broken: Broken) -> None:
    """Keep that a day's events are not what was written; of several breaks the first is named."""
    here = broken.sequence or 0
    found = {"finding": broken.finding.value, "found_at_sequence": broken.sequence}
    day, _ = LedgerDay.objects.get_or_create(
        day=_day_of(broken.sequence),
        defaults={"first_sequence": here, "last_sequence": here, "state": DayState.VERIFIED},
    )
    fresh = LedgerDay.objects.filter(pk=day.pk).exclude(state=DayState.BROKEN)
    if not fresh.update(state=DayState.BROKEN, checked_at=timezone.now(), **found):
        LedgerDay.objects.filter(pk=day.pk).update(checked_at=timezone.now())


def forget_purged(upto: int) -> None:
    """Delete the days of which no event is there any more."""
    LedgerDay.objects.filter(last_sequence__lte=upto).delete()


def _days(after: int, upto: int) -> list[tuple[date, int, int]]:
    events = AuditEvent.objects.filter(entry__sequence__gt=after, entry__sequence__lte=upto)
    by_day = events.annotate(day=TruncDate("at", tzinfo=UTC)).values("day").order_by("day")
    ends = by_day.annotate(first=Min("entry__sequence"), last=Max("entry__sequence"))
    return list(ends.values_list("day", "first", "last"))


def _day_of(sequence: int | None) -> date:
    """The day of the event in that place, or of what stands nearest before it."""
    events = AuditEvent.objects.all()
    if sequence is None:
        events = events.filter(pk=unlinked_event() or 0)
    else:
        events = events.filter(entry__sequence__lte=sequence).order_by("-entry__sequence")
    at = events.values_list("at", flat=True).first()
    return (at or timezone.now()).astimezone(UTC).date()
