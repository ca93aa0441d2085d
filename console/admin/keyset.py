"""Pages that begin where the last one ended: no row is counted and none is skipped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Q

if TYPE_CHECKING:
    from django.db.models import QuerySet

ROWS: Final = 50
FORMAT: Final = "%Y%m%dT%H%M%S.%f"
LARGEST_ID: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the order of time a page begins or ends."""

    at: datetime
    id: int

    @classmethod
    def of(cls, row: Any) -> Place:
        """The place of an event."""
        return cls(row.at, row.pk)

    @classmethod
    def parse(cls, text: str) -> Place:
        """Read a place as an address has it; raise ``ValueError`` for anything else."""
        moment, _, number = text.partition("~")
        if not number.isdecimal() or int(number) > LARGEST_ID:
            raise ValueError(text)
        return cls(datetime.strptime(moment, FORMAT).replace(tzinfo=UTC), int(number))

    def __str__(self) -> str:
        return f"{self.at.astimezone(UTC):{FORMAT}}~{self.id}"

    @property
    def older(self) -> Q:
        """What comes after it, newest first. The first condition is the one an index can use."""
        return Q(at__lte=self.at) & (Q(at__lt=self.at) | Q(pk__lt=self.id))

    @property
    def newer(self) -> Q:
        return Q(at__gte=self.at) & (Q(at__gt=self.at) | Q(pk__gt=self.id))


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, newest first, and the places to go on from."""

    rows: list[Any]
    older: Place | None
    newer: Place | None


def page(rows: QuerySet[Any], *, before: Place | None, after: Place | None) -> Page:
    """Cut one page out: the newest, the one before a place, or the one after it."""
    if after is not None:
        upwards = list(rows.filter(after.newer).order_by("at", "pk")[: ROWS + 1])
        if len(upwards) > ROWS:
            shown = upwards[ROWS - 1 :: -1]
            return Page(shown, older=Place.of(shown[-1]), newer=Place.of(shown[0]))
        before = None  # so near to the newest, the newest page is the whole one
    below = rows.filter(before.older) if before is not None else rows
    found = list(below.order_by("-at", "-pk")[: ROWS + 1])
    shown = found[:ROWS]
    return Page(
        shown,
        older=Place.of(shown[-1]) if len(found) > ROWS else None,
        newer=Place.of(shown[0]) if before is not None and shown else None,
    )
