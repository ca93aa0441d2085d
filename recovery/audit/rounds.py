"""What the worker verifies: what is new in every round, and everything again once a day."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from django.db import connection, transaction
from django.utils import timezone

from recovery.audit import alarms, days
from recovery.audit.signed import Signed, purged_to
from recovery.audit.streaming import snapshot
from recovery.audit.verification import marks_must_stand, must_all_be_linked, verify_slice
from recovery.audit.verifier import Broken
from recovery.canonical import GENESIS
from recovery.models import ChainEntry, Cursor

if TYPE_CHECKING:
    from recovery.audit.walking import Place

NEW: Final = "verify"
AGAIN: Final = "verify again"
AGAIN_AFTER: Final = timedelta(days=1)
SLICE: Final = 10_000
"""How many events one round takes: mail waits for no more than about a second."""


def verify_new() -> int:
    """Check what was written since the last round; return how many breaks were found.

    A break raises an alarm, and the check goes on behind it. What is signed is compared once a
    day, and as the next checkpoint is made.
    """
    cursor, _ = Cursor.objects.get_or_create(name=NEW)
    found, _ = _go_on(cursor, since=None)
    return found


def verify_again() -> int:
    """Check everything once a day, a slice in each round, and at last all that is signed."""
    cursor, is_fresh = Cursor.objects.get_or_create(name=AGAIN)
    if is_fresh or not (cursor.hash or _begin(cursor, timezone.now())):
        return 0
    found, is_at_end = _go_on(cursor, since=cursor.moved_at)
    if not is_at_end:
        return found
    Cursor.objects.filter(name=AGAIN).update(sequence=0, hash="")
    days.forget_purged(purged_to(connection.alias)[0])
    return found + _check_signatures()


def _begin(cursor: Cursor, at: datetime) -> bool:
    """Claim the day's check: of several workers one does."""
    unclaimed = Cursor.objects.filter(name=AGAIN, hash="", moved_at__lte=at - AGAIN_AFTER)
    if not unclaimed.update(moved_at=at, sequence=0, hash=GENESIS):
        return False
    cursor.refresh_from_db()
    return True


def _go_on(cursor: Cursor, *, since: datetime | None) -> tuple[int, bool]:
    """Check one slice and move ``cursor`` behind it; whether it reached the chain's end."""
    was = cursor.sequence
    try:
        place = verify_slice((was, cursor.hash or GENESIS), SLICE)
    except Broken as broken:
        place = _behind(broken, was)
        _tell(broken)
        found, is_at_end = 1, False
    else:
        found, is_at_end = 0, place[0] < was + SLICE
    with transaction.atomic():
        days.note_verified(after=was, upto=place[0], since=since)
        here = Cursor.objects.filter(name=cursor.name, sequence=was)
        here.update(sequence=place[0], hash=place[1])
    return found, is_at_end


def _tell(broken: Broken) -> None:
    """Mark the day at once: what is verified around it leaves it as it is."""
    days.note_broken(broken)
    alarms.raise_alarm(broken.finding.value, broken.sequence)


def _behind(broken: Broken, was: int) -> Place:
    """Where to go on: with the hash that is stored there, right or wrong."""
    entries = ChainEntry.objects.order_by("sequence")
    after = max(broken.sequence or 0, was + 1)
    link = entries.filter(sequence__gte=after).first() or entries.last()
    return (link.sequence, link.hash) if link else (0, GENESIS)


def _check_signatures() -> int:
    try:
        with snapshot(connection):
            marks_must_stand(connection.alias, Signed.read(connection.alias))
            must_all_be_linked(connection)
    except Broken as broken:
        _tell(broken)
        return 1
    return 0
