"""A table as lines of what is asked for, whichever kind of file it came in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Final

from recovery import errors
from recovery.cells import UNPRINTABLE, plain
from recovery.importing import csv_tables, sniffing, xlsx_tables
from recovery.importing.columns import Columns, recognise

if TYPE_CHECKING:
    from recovery.errors import RecoveryError
    from recovery.importing.xlsx_tables import Cell, Row

LONGEST_CELL: Final = 320


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row of a table, and the line of the file that it begins on."""

    number: int
    cells: dict[str, str]
    problem: RecoveryError | None = None
    """Why this line cannot be read, whoever it is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What the columns are, and the lines below them."""

    columns: Columns
    lines: Iterator[Line]


def read(file: IO[bytes], *, needs_address: bool) -> Table:
    """Begin to read a table. What is wrong with all of it is refused; the rest line by line."""
    kind = sniffing.kind_of(file)
    rows = _rows(file, kind)
    filled = ((number, row) for number, row in rows if any(map(_is_filled, row)))
    number, headings = next(filled, (0, []))
    if not headings:
        raise errors.FileEmpty
    columns = recognise(
        [one.strip() if isinstance(one, str) else "" for one in headings],
        line=number,
        needs_address=needs_address,
    )
    width = len(headings)
    return Table(
        columns=columns, lines=(_line(number, row, columns, width) for number, row in filled)
    )


def _rows(file: IO[bytes], kind: str) -> Iterator[Row]:
    if kind == sniffing.WORKBOOK:
        yield from xlsx_tables.rows(file)
    else:
        for number, row in csv_tables.rows(file, kind):
            yield number, [*row]


def _is_filled(cell: Cell) -> bool:
    return not isinstance(cell, str) or bool(cell.strip())


def _line(number: int, row: Sequence[Cell], columns: Columns, width: int) -> Line:
    if any(map(_is_filled, row[width:])):
        return Line(number=number, cells={}, problem=errors.CellsDontFit(at=width))
    cells = {}
    for field, place in columns.places.items():
        cell = row[place] if place < len(row) else ""
        why_not = _why_not(cell)
        if why_not is not None or not isinstance(cell, str):
            problem = (why_not or errors.CellNotText)(at=columns.titles[field])
            return Line(number=number, cells={}, problem=problem)
        cells[field] = plain(cell.strip()).strip()
    return Line(number=number, cells=cells)


def _why_not(cell: Cell) -> type[RecoveryError] | None:
    if not isinstance(cell, str):
        return cell
    if len(cell.strip()) > LONGEST_CELL:
        return errors.CellTooLong
    if UNPRINTABLE.search(cell) or "\n" in cell.strip():
        return errors.CellUnprintable
    return None
