"""A table as an XLSX file, written row by row: memory stays flat however many rows there are."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from tempfile import TemporaryDirectory
from typing import IO, Any, Final

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

ROWS_A_SHEET: Final = 1_048_576
"""What a sheet has room for, its head included."""
LONGEST_TEXT: Final = 32_767
"""What a cell has room for, in UTF-16 units."""
MOST_EXACT: Final = 2**53
"""From here on a spreadsheet, which knows no integers, would round a number."""
LOOKED_AT: Final = 100
"""How many rows say how wide the columns are to be."""
NARROWEST, WIDEST = 10, 60
LONGEST_TITLE: Final = 28
"""A sheet's name has 31 characters; the rest is for its number."""

NOT_IN_A_TITLE: Final = re.compile(r"[\[\]:*?/\\\x00-\x1f']")
ILLEGAL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML can't hold: one such character would spoil the file for all its readers."""


def write_xlsx(
    file: IO[bytes], *, title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> int:
    """Write ``rows`` under a head of ``columns`` into ``file``; return how many there were.

    Texts are texts whatever they look like, so none is a formula. Where a sheet is full, a
    further one goes on.
    """
    source = iter(rows)
    sample = list(islice(source, LOOKED_AT))
    source = chain(sample, source)
    written = number = 0
    with _workbook(file) as workbook:
        bold = workbook.add_format({"bold": True})
        row = next(source, None)
        while row is not None or not number:
            number += 1
            sheet = workbook.add_worksheet(_sheet_name(title, number))
            _begin(sheet, columns, _widths(columns, sample), bold)
            first = () if row is None else (row,)
            written += _write_rows(sheet, islice(chain(first, source), ROWS_A_SHEET - 1))
            row = next(source, None)
    return written


@contextmanager
def _workbook(file: IO[bytes]) -> Iterator[Workbook]:
    """A workbook that keeps its rows in a folder of its own, which is gone whatever happens."""
    with TemporaryDirectory(prefix="xlsx-") as folder:
        workbook = Workbook(file, {"constant_memory": True, "tmpdir": folder})
        try:
            yield workbook
        except BaseException:
            _abandon(workbook)
            raise
        workbook.close()


def _abandon(workbook: Workbook) -> None:
    """Let go of the rows: to assemble a file that nobody gets could take minutes."""
    for sheet in workbook.worksheets():
        sheet.row_data_fh.close()
    workbook.fileclosed = True


def _begin(sheet: Worksheet, columns: Sequence[str], widths: Sequence[int], bold: Any) -> None:
    """Name the columns in a head that stays in view."""
    sheet.freeze_panes(1, 0)
    for number, (name, width) in enumerate(zip(columns, widths, strict=True)):
        sheet.set_column(number, number, min(max(width + 2, NARROWEST), WIDEST))
        sheet.write_string(0, number, _fitting(name), bold)


def _write_rows(sheet: Worksheet, rows: Iterator[Sequence[Any]]) -> int:
    number = 0
    for number, row in enumerate(rows, 1):
        for column, value in enumerate(row):
            _write_cell(sheet, number, column, value)
    return number


def _write_cell(sheet: Worksheet, row: int, column: int, value: Any) -> None:
    if value is None or value == "":
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, int | float) and _is_exact(value):
        sheet.write_number(row, column, value)
    else:
        sheet.write_string(row, column, _fitting(str(value)))


def _is_exact(value: float) -> bool:
    return abs(value) <= MOST_EXACT if isinstance(value, int) else math.isfinite(value)


def _fitting(text: str) -> str:
    """A text that XML and a cell can hold: what they can't is replaced, or cut off."""
    legal = ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", text)
    if len(legal) <= LONGEST_TEXT // 2:
        return legal
    return legal.encode("utf-16-le")[: 2 * LONGEST_TEXT].decode("utf-16-le", "ignore")


def _widths(columns: Sequence[str], sample: Iterable[Sequence[Any]]) -> list[int]:
    table = zip(columns, *sample, strict=True)
    return [max(len(str(value)) for value in column) for column in table]


def _sheet_name(title: str, number: int) -> str:
    fit = NOT_IN_A_TITLE.sub(" ", title).strip()[:LONGEST_TITLE].strip() or "Table"
    return fit if number == 1 else f"{fit} {number}"
