"""A table as an XLSX file, written row by row: memory stays flat however many rows there are."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import batched, chain, islice
from typing import IO, Any, Final
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from recovery.reports import xlsx_parts as parts

ROWS_A_SHEET: Final = 1_048_576
"""What a sheet has room for, its head included."""
LONGEST_TEXT: Final = 32_767
"""What a cell has room for, in UTF-16 units."""
MOST_EXACT: Final = 2**53
"""From here on a spreadsheet, which knows no integers, would round a number."""
AT_ONCE: Final = 500
LOOKED_AT: Final = 100
"""How many rows say how wide the columns are to be."""

SPECIAL: Final = re.compile(r"[&<>\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
ILLEGAL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML can't hold: one such character would spoil the file for all its readers."""
LOOKS_ESCAPED: Final = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
"""Spreadsheets read ``_x003D_`` as the character of that number, here an equals sign."""


def write_xlsx(
    file: IO[bytes], *, title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> int:
    """Write ``rows`` under a head of ``columns`` into ``file``; return how many there were.

    Texts are texts whatever they look like, so none is a formula. Where a sheet is full, a
    further one goes on. The same rows make the same file, to the byte.
    """
    source = iter(rows)
    sample = list(islice(source, LOOKED_AT))
    head = parts.sheet_head(columns, _widths(columns, sample))
    with ZipFile(file, "w") as archive:
        filled = list(_sheets(archive, head, chain(sample, source)))
        for name, text in parts.around(title, len(filled)):
            archive.writestr(_part(name), text)
    return sum(filled)


def _sheets(archive: ZipFile, head: str, rows: Iterator[Sequence[Any]]) -> Iterator[int]:
    """Write sheets until the rows are over; an empty table has one too."""
    row, number = next(rows, None), 0
    while row is not None or not number:
        number += 1
        first = () if row is None else (row,)
        with archive.open(_part(parts.sheet(number)), "w", force_zip64=True) as sheet:
            sheet.write(head.encode())
            yield _write_rows(sheet, islice(chain(first, rows), ROWS_A_SHEET - 1))
            sheet.write(parts.SHEET_TAIL)
        row = next(rows, None)


def _write_rows(sheet: IO[bytes], rows: Iterator[Sequence[Any]]) -> int:
    written = 0
    for batch in batched(rows, AT_ONCE):
        numbered = enumerate(batch, written + 2)
        sheet.write("".join([_row(number, row) for number, row in numbered]).encode())
        written += len(batch)
    return written


def _row(number: int, row: Sequence[Any]) -> str:
    return f'<row r="{number}">{"".join(map(_cell, row))}</row>'


def _cell(value: Any) -> str:
    """Write no cell's address: it is optional, and would make the file four times as large."""
    if value is None or value == "":
        return "<c/>"
    if isinstance(value, str):
        return _text_cell(value)
    if isinstance(value, bool):
        return f'<c t="b"><v>{value:d}</v></c>'
    if isinstance(value, int | float) and _is_exact(value):
        return f"<c><v>{value!r}</v></c>"
    return _text_cell(str(value))


def _is_exact(value: float) -> bool:
    return abs(value) <= MOST_EXACT if isinstance(value, int) else math.isfinite(value)


def _text_cell(text: str) -> str:
    if SPECIAL.search(text) or "_x" in text or len(text) > LONGEST_TEXT // 2:
        text = _escaped(text)
    return f'<c t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


def _escaped(text: str) -> str:
    legal = ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", text)
    fitting = legal.encode("utf-16-le")[: 2 * LONGEST_TEXT].decode("utf-16-le", "ignore")
    return escape(LOOKS_ESCAPED.sub("_x005F_", fitting), {"\r": "&#13;"})


def _part(name: str) -> ZipInfo:
    """Name a part of the archive, with no time of its own."""
    part = ZipInfo(name)
    part.compress_type = ZIP_DEFLATED
    return part


def _widths(columns: Sequence[str], sample: Iterable[Sequence[Any]]) -> list[int]:
    table = zip(columns, *sample, strict=True)
    return [max(len(str(value)) for value in column) for column in table]
