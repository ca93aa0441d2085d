"""Writing figures, many at once. Whoever calls holds the row of the cursor that they follow."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from recovery.models import Figure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from recovery.enums import Measure

UNIQUE: Final = ("measure", "day", "quarter", "key")


class Place(NamedTuple):
    """Which number it is."""

    measure: Measure
    day: date
    quarter: int = 0
    key: str = ""


def add(counts: Mapping[Place, int]) -> None:
    """Add to what is there."""
    if not counts:
        return
    known: Counter[tuple[Any, ...]] = Counter()
    places = Figure.objects.filter(
        measure__in={place.measure for place in counts}, day__in={place.day for place in counts}
    )
    for *place, value in places.values_list(*UNIQUE, "value"):
        known[tuple(place)] = value
    put({place: known[tuple(place)] + count for place, count in counts.items()})


def put(values: Mapping[Place, int]) -> None:
    """Set what is there."""
    Figure.objects.bulk_create(
        [Figure(**place._asdict(), value=value) for place, value in values.items()],
        update_conflicts=True,
        unique_fields=list(UNIQUE),
        update_fields=["value"],
        batch_size=1_000,
    )


def day_of(moment: datetime) -> date:
    """The day that a moment falls on, in UTC."""
    return moment.astimezone(UTC).date()


def quarter_of(moment: datetime) -> int:
    """Which quarter of an hour of that day."""
    at = moment.astimezone(UTC)
    return at.hour * 4 + at.minute // 15
