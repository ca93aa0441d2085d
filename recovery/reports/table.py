"""What a report is: which rows, which columns, each an expression, so that one query is all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Protocol

from django.db.models import F, Value
from django.db.models.functions import NullIf
from django.utils import timezone

from recovery.reports.asked import Asked
from recovery.reports.expressions import Harmless, Iso, JsonText

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.utils.functional import Promise

    from recovery.enums import Operation


class Kind(StrEnum):
    """What a column holds, and so how a cell of it is written."""

    TEXT = "text"
    WORDS = "words"
    """Words of our own, which need no look."""
    MOMENT = "moment"
    NUMBER = "number"
    DETAIL = "detail"


WRITTEN: Final[dict[Kind, Callable[[Any], Any]]] = {
    Kind.TEXT: Harmless,
    Kind.WORDS: lambda words: NullIf(words, Value("")),
    Kind.MOMENT: Iso,
    Kind.NUMBER: lambda number: number,
    Kind.DETAIL: lambda value: Harmless(JsonText(value)),
}
"""How PostgreSQL writes a cell of a CSV file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: closed in its kind, and never a code, a key or a digest."""

    name: str
    label: str | Promise
    kind: Kind = Kind.TEXT
    expression: str | Callable[[datetime], Any]
    """A path to a column, or what makes an expression for the moment that is now."""
    field: str = ""
    """The field of an event that it opens, for those from whom that field is hidden."""

    def value(self, now: datetime) -> Any:
        """The value as the database has it."""
        return F(self.expression) if isinstance(self.expression, str) else self.expression(now)


class Narrowing(Protocol):
    """How the filters of a list narrow its rows."""

    def __call__(self, rows: Any, asked: Any, /) -> QuerySet[Any]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A ready table, with the rights that it asks for."""

    name: str
    title: str | Promise
    description: str | Promise
    operation: Operation
    """Taking it out: the permission, the rules and the event."""
    sees: str
    """The permission to see on pages what it is about, asked for besides."""
    span: str
    """The column that a span of time is about."""
    span_label: str | Promise
    columns: tuple[Column, ...]
    everything: Callable[[], QuerySet[Any]]
    narrow: Narrowing
    order: tuple[str, ...]
    keep: Callable[[QuerySet[Any], datetime], QuerySet[Any]] = lambda rows, _now: rows
    """Which of the rows it is about, whatever was asked for."""
    group: str = ""
    """The column that has one row for each of its values."""

    def shown(self, hidden: frozenset[str] = frozenset()) -> tuple[Column, ...]:
        """The columns for somebody from whom these fields of events are hidden."""
        return tuple(column for column in self.columns if column.field not in hidden)

    def headers(self, hidden: frozenset[str] = frozenset()) -> list[str]:
        """The first line of the file."""
        return [column.name for column in self.shown(hidden)]

    def narrowed(self, asked: Asked) -> QuerySet[Any]:
        """The rows that were asked for; raise ``FilterUnknown`` for what can't be."""
        rows = self.narrow(self.everything(), asked.filters)
        ends = {f"{self.span}__gte": asked.since, f"{self.span}__lt": asked.until}
        return rows.filter(**{lookup: end for lookup, end in ends.items() if end is not None})

    def over(
        self,
        rows: QuerySet[Any],
        *,
        hidden: frozenset[str] = frozenset(),
        now: datetime | None = None,
        written: bool = False,
    ) -> QuerySet[Any]:
        """Give rows that somebody narrowed the columns of this report, by name, in one query.

        ``written`` asks PostgreSQL for cells as ``recovery.reports.writing`` copies them.
        """
        now = now or timezone.now()
        columns = self.shown(hidden)
        rows = self.keep(rows, now).order_by(*self.order)
        if self.group:
            rows = rows.values(self.group)
        cells = {place(column): _cell(column, now, written=written) for column in columns}
        found: QuerySet[Any] = rows.annotate(**cells).values(*cells)
        return found


def place(column: Column) -> str:
    """What a column is called inside a query, where no field of a model has its name."""
    return f"cell_{column.name}"


def _cell(column: Column, now: datetime, *, written: bool) -> Any:
    value = column.value(now)
    return WRITTEN[column.kind](value) if written else value
