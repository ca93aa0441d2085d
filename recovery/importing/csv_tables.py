"""Rows out of a CSV file: the delimiter from its headings, the lines as a person counts them."""

from __future__ import annotations

import contextlib
import csv
import io
import re
from collections.abc import Iterator
from typing import IO, Final

from recovery import errors
from recovery.importing.columns import meant_by

DELIMITERS: Final = (",", ";", "\t")
SAYS_DELIMITER: Final = re.compile(r"sep=(.)\s*", re.IGNORECASE)
"""The first line of some exports: it is about the table, and no part of it."""

Row = tuple[int, list[str]]


def rows(file: IO[bytes], encoding: str) -> Iterator[Row]:
    """Each row with the line that it begins on. Memory is flat, however long the file is."""
    text = io.TextIOWrapper(file, encoding=encoding, newline=None)
    try:
        before, heading = _first_line(text)
        delimiter = _delimiter_of(heading)
        yield before + 1, next(_reader([heading], delimiter, before + 1))
        yield from _rest(text, delimiter, before + 1)
    finally:
        with contextlib.suppress(ValueError):  # whoever opened it may have closed it by now
            text.detach()


def _first_line(text: IO[str]) -> tuple[int, str]:
    """The line of the headings, and how many are before it."""
    for number, line in enumerate(text):
        if line.strip() and not SAYS_DELIMITER.fullmatch(line):
            return number, line
    raise errors.FileEmpty


def _delimiter_of(heading: str) -> str:
    """Whichever makes most of the headings ones that we know; failing that, most headings."""

    def makes(delimiter: str) -> tuple[int, int]:
        found = next(csv.reader([heading], delimiter=delimiter))
        return sum(bool(meant_by(one)) for one in found), len(found)

    return max(DELIMITERS, key=makes)


def _rest(text: IO[str], delimiter: str, before: int) -> Iterator[Row]:
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    while True:
        line = before + reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise errors.QuotesDontPair(line=line) from error
        yield line, row


def _reader(lines: list[str], delimiter: str, line: int) -> Iterator[list[str]]:
    try:
        yield from csv.reader(lines, delimiter=delimiter, strict=True)
    except csv.Error as error:
        raise errors.QuotesDontPair(line=line) from error
