"""Counting what happened: the chain is walked once, and each event is counted once."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from django.db import transaction
from django.utils import timezone

from recovery.enums import DESK_OPERATIONS, Measure
from recovery.figures import restorations, tables
from recovery.figures.tables import Place
from recovery.models import ChainEntry, Cursor, Figure, Restoration

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

EVENTS: Final = "figures_events"
"""The cursor. It moved when the figures were last up with the chain."""
MEASURES: Final = (Measure.CALLS, Measure.OPERATIONS, Measure.REFUSALS, Measure.RESTORED)
STEP: Final = 2_000
"""How many events one transaction counts."""
STEPS_AT_ONCE: Final = 25
"""After so many, the other tasks of the worker have their turn."""
SAID_AFTER: Final = timedelta(minutes=1)
"""How old the cursor's time may get while nothing happens."""


class Seen(NamedTuple):
    """What is counted of one event."""

    sequence: int
    event_id: int
    at: datetime
    operation: str
    outcome: str
    refusal: str
    actor_id: str
    subject_id: str


COLUMNS: Final = ("sequence", "event_id", *(f"event__{name}" for name in Seen._fields[2:]))


def count_events() -> int:
    """Count on from where the last walk ended; return how many events there were."""
    Cursor.objects.get_or_create(name=EVENTS)
    counted = 0
    for _ in range(STEPS_AT_ONCE):
        walked = _step()
        counted += walked
        if walked < STEP:
            break
    return counted


def count_events_anew() -> None:
    """Forget what was counted: the worker begins again with the first event that is there."""
    with transaction.atomic():
        Cursor.objects.get_or_create(name=EVENTS)
        Cursor.objects.select_for_update().get(name=EVENTS)
        Figure.objects.filter(measure__in=MEASURES).delete()
        Restoration.objects.all().delete()
        Cursor.objects.filter(name=EVENTS).update(sequence=0)


def _step() -> int:
    """Count and move in one transaction: whatever dies in between has done neither."""
    with transaction.atomic():
        cursor = Cursor.objects.select_for_update().get(name=EVENTS)
        seen = list(_after(cursor.sequence))
        now = timezone.now()
        if not seen and now - cursor.moved_at < SAID_AFTER:
            return 0
        tables.add(Counter(place for one in seen for place in _places(one)))
        restorations.follow([step for one in seen if (step := restorations.step_of(one))])
        cursor.sequence = seen[-1].sequence if seen else cursor.sequence
        cursor.moved_at = now
        cursor.save(update_fields=["sequence", "moved_at"])
    return len(seen)


def _after(sequence: int) -> Iterator[Seen]:
    entries = ChainEntry.objects.filter(sequence__gt=sequence).order_by("sequence")
    return (Seen(*row) for row in entries.values_list(*COLUMNS)[:STEP])


def _places(one: Seen) -> Iterator[Place]:
    day = tables.day_of(one.at)
    if one.operation in DESK_OPERATIONS:
        yield Place(Measure.CALLS, day, quarter=tables.quarter_of(one.at))
        yield Place(Measure.OPERATIONS, day, key=f"{one.operation}:{one.outcome}")
    if one.refusal:
        yield Place(Measure.REFUSALS, day, key=one.refusal)
