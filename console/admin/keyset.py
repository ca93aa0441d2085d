"""Pages that begin where the last one ended: no row is counted and none is skipped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Protocol

from django.db.models import Q

if TYPE_CHECKING:
    from django.db.models import QuerySet

ROWS: Final = 50
FORMAT: Final = "%Y%m%dT%H%M%S.%f"
LARGEST_ID: Final = 2**63 - 1


class Order(Protocol):
    """An order that no two rows share a place in."""

    def sorted(self, rows: QuerySet[Any], *, backwards: bool = False) -> QuerySet[Any]:
        """Put rows in it, or in its reverse."""

    def beyond(self, place: Any, *, backwards: bool = False) -> Any:
        """What comes after a place, or before it."""

    def place(self, row: Any) -> Any:
        """Where a row stands."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows in order, and the places to go on from: onward, and back."""

    rows: list[Any]
    onward: Any
    back: Any


def page(rows: QuerySet[Any], order: Order, *, onward: Any = None, back: Any = None) -> Page:
    """Cut one page out: the first, the one onward from a place, or the one back from it."""
    if back is not None:
        upwards = rows.filter(order.beyond(back, backwards=True))
        found = list(order.sorted(upwards, backwards=True)[: ROWS + 1])
        if len(found) > ROWS:
            shown = found[ROWS - 1 :: -1]
            return Page(shown, onward=order.place(shown[-1]), back=order.place(shown[0]))
        onward = None  # so near to the beginning, the first page is the whole one
    below = rows.filter(order.beyond(onward)) if onward is not None else rows
    found = list(order.sorted(below)[: ROWS + 1])
    shown = found[:ROWS]
    return Page(
        shown,
        onward=order.place(shown[-1]) if len(found) > ROWS else None,
        back=order.place(shown[0]) if onward is not None and shown else None,
    )


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
        return cls(moment_of(moment), id_of(number))

    def __str__(self) -> str:
        return f"{written(self.at)}~{self.id}"

    @property
    def older(self) -> Q:
        """What comes after it, newest first. The first condition is the one an index can use."""
        return Q(at__lte=self.at) & (Q(at__lt=self.at) | Q(pk__lt=self.id))

    @property
    def newer(self) -> Q:
        return Q(at__gte=self.at) & (Q(at__gt=self.at) | Q(pk__gt=self.id))


class NewestFirst:
    """The order of the ledger."""

    def sorted(self, rows: QuerySet[Any], *, backwards: bool = False) -> QuerySet[Any]:
        """Put events in the order of time."""
        return rows.order_by("at", "pk") if backwards else rows.order_by("-at", "-pk")

    def beyond(self, place: Place, *, backwards: bool = False) -> Q:
        """What is older than a place, or newer."""
        return place.newer if backwards else place.older

    def place(self, row: Any) -> Place:
        """Where an event stands."""
        return Place.of(row)


def written(moment: datetime) -> str:
    """A moment as an address has it."""
    return f"{moment.astimezone(UTC):{FORMAT}}"


def moment_of(text: str) -> datetime:
    return datetime.strptime(text, FORMAT).replace(tzinfo=UTC)


def id_of(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or int(text) > LARGEST_ID:
        raise ValueError(text)
    return int(text)
