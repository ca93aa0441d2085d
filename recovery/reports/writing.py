"""A report as bytes that leave as they come: nothing is sorted, counted or kept in memory."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from django.db import connection
from django.utils import timezone

from recovery.cells import Cell, cell, printable
from recovery.reports.asked import Asked
from recovery.reports.table import Report, place

if TYPE_CHECKING:
    from django.db.models import QuerySet

BOM: Final = b"\xef\xbb\xbf"
"""Without it a spreadsheet reads the names of a CSV file in another encoding."""
FULL: Final = 1 << 16
"""So many bytes leave at once."""
FETCHED: Final = 2_000
Piece = tuple[bytes, int]
"""Some bytes, and how many rows end in them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A report as somebody may have it: what they asked for, without what is hidden from them."""

    report: Report
    asked: Asked = field(default_factory=Asked)
    hidden: frozenset[str] = frozenset()
    now: datetime = field(default_factory=timezone.now)

    @property
    def headers(self) -> list[str]:
        """The names of the columns."""
        return self.report.headers(self.hidden)

    def query(self, *, written: bool = False) -> QuerySet[Any]:
        """The one query that it takes."""
        rows = self.report.narrowed(self.asked)
        return self.report.over(rows, hidden=self.hidden, now=self.now, written=written)

    def rows(self) -> Iterator[list[Cell]]:
        """Harmless cells, row by row, of one moment; memory stays flat however many there are.

        Read them to the end or close them: nothing else can be asked of the connection before.
        """
        columns = map(place, self.report.shown(self.hidden))
        for row in _read(self.query().values_list(*columns)):
            yield [cell(value) for value in row]

    def csv(self) -> Iterator[Piece]:
        """As CSV (RFC 4180), the header at once."""
        yield BOM + _line(self.headers), 0
        if connection.vendor == "postgresql":
            yield from _copied(self.query(written=True))
        else:
            yield from gathered(_line(row) for row in self.rows())

    def json(self) -> Iterator[Piece]:
        """As one JSON array of objects."""
        yield b"[", 0
        names = self.headers
        objects = (
            json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False).encode()
            for row in self.rows()
        )
        yield from gathered(objects, between=b", ")
        yield b"]", 0


def gathered(parts: Iterable[bytes], *, between: bytes = b"") -> Iterator[Piece]:
    """Rows put together until there is enough to send."""
    some: list[bytes] = []
    size, lead = 0, b""
    for part in parts:
        some.append(part)
        size += len(part)
        if size >= FULL:
            yield lead + between.join(some), len(some)
            some, size, lead = [], 0, between
    if some:
        yield lead + between.join(some), len(some)


def _read(rows: QuerySet[Any]) -> Iterator[Sequence[Any]]:
    """The values of one statement as they come: a cursor of the server's would copy them first."""
    if connection.vendor != "postgresql":
        yield from rows.iterator(chunk_size=FETCHED)
        return
    connection.ensure_connection()
    with connection.connection.cursor() as cursor:
        yield from cursor.stream(*rows.query.sql_with_params(), size=FETCHED)


def _copied(rows: QuerySet[Any]) -> Iterator[Piece]:
    """Rows as PostgreSQL writes them, each a message of its own that ends in a line feed."""
    sql, params = rows.query.sql_with_params()
    statement = f"COPY ({sql}) TO STDOUT (FORMAT csv)"
    connection.ensure_connection()
    with connection.connection.cursor() as cursor, cursor.copy(statement, params) as copy:
        for data, count in gathered(bytes(row)[:-1] + b"\r\n" for row in copy):
            yield printable(data), count


def _line(row: list[Any]) -> bytes:
    file = io.StringIO(newline="")
    csv.writer(file).writerow(row)
    return file.getvalue().encode()
