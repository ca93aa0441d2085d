"""A report as an XLSX workbook: out of the database in one go, and then written row by row."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING

from recovery.reports.table import Kind
from recovery.reports.xlsx import write_xlsx

if TYPE_CHECKING:
    from recovery.cells import Cell
    from recovery.reports.writing import Table

Wait = Callable[[], None]
Progress = Callable[[int, int], None]


def no_wait() -> None:
    """Nobody waits for a word while the rows leave the database."""


def no_progress(_seen: int, _total: int) -> None:
    """Nobody looks on."""


def write_workbook(
    table: Table,
    file: IO[bytes],
    *,
    taking: Wait = no_wait,
    progress: Progress = no_progress,
) -> int:
    """Write ``table`` into ``file`` as XLSX; return how many rows it has. Memory stays flat.

    The database is read to its end first, of one moment and as CSV: after that it is free for
    ``progress``, which is told at each row how many are written of how many. ``taking`` is
    called as the rows leave the database. Either may raise, and then nothing of it stays.
    """
    with TemporaryFile() as cells:
        total = _take(table, cells, taking)
        with closing(_read(table, cells)) as rows:
            return write_xlsx(
                file,
                title=str(table.report.title),
                columns=table.headers,
                rows=_told(rows, total, progress),
            )


def _take(table: Table, cells: IO[bytes], taking: Wait) -> int:
    total = 0
    pieces = table.csv()
    try:
        for data, rows in pieces:
            taking()
            cells.write(data)
            total += rows
    finally:
        pieces.close()  # type: ignore[attr-defined]  # a generator, which has the connection
    return total


def _read(table: Table, cells: IO[bytes]) -> Generator[list[Cell]]:
    """The cells of each row as they were: in a CSV file a number is a text like any other."""
    csv.field_size_limit(sys.maxsize)
    columns = table.report.shown(table.hidden)
    numbers = [place for place, column in enumerate(columns) if column.kind is Kind.NUMBER]
    cells.seek(0)
    text = io.TextIOWrapper(cells, "utf-8-sig", newline="")
    try:
        rows = csv.reader(text)
        next(rows)
        for row in rows:
            cast: list[Cell] = [*row]
            for place in numbers:
                cast[place] = int(row[place]) if row[place] else ""
            yield cast
    finally:
        text.detach()


def _told(rows: Iterator[list[Cell]], total: int, progress: Progress) -> Iterator[list[Cell]]:
    for seen, row in enumerate(rows):
        progress(seen, total)
        yield row
