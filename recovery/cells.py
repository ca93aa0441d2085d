"""What may stand in a cell of a table: nothing that a spreadsheet would run."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any, Final

FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What makes a spreadsheet take a text for a formula, full-width kin included."""
UNPRINTABLE_RANGES: Final = ((0x00, 0x08), (0x0B, 0x0C), (0x0E, 0x1F), (0x7F, 0x9F))
UNPRINTABLE: Final = re.compile(
    f"[{''.join(f'\\x{a:02x}-\\x{b:02x}' for a, b in UNPRINTABLE_RANGES)}]"
)
"""What a terminal would obey, and what an XLSX file may not hold: one would spoil it for all."""
_UNPRINTABLE_BYTES: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]")
_SUSPECT: Final = "".join(filter(UNPRINTABLE.match, map(chr, range(128)))).encode() + b"\xc2"
GUARDED: Final = re.compile(f"'* *[{re.escape(''.join(FORMULA_STARTS))}]")
"""Beginnings that get one more apostrophe: formulas, and what reads like one that has some."""

Cell = str | int


def harmless(value: Any) -> Any:
    """A text that no spreadsheet runs: one that could be a formula starts with an apostrophe.

    ``plain`` takes it off again. No two texts come out as one, but for characters that nothing
    prints: each of those is replaced.
    """
    if not isinstance(value, str):
        return value
    text = UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", value)
    return f"'{text}" if GUARDED.match(text) else text


def printable(encoded: bytes) -> bytes:
    """Many cells in UTF-8, with what nothing prints replaced as ``harmless`` does."""
    if len(encoded.translate(None, _SUSPECT)) == len(encoded):
        return encoded
    return _UNPRINTABLE_BYTES.sub(b"\xef\xbf\xbd", encoded)


def plain(text: str) -> str:
    """The text that ``harmless`` was given: without the apostrophe that it put in front."""
    return text[1:] if text.startswith("'") and GUARDED.match(text) else text


def iso(moment: datetime | None) -> str:
    """A time in UTC, in ISO 8601 with its offset."""
    return moment.astimezone(UTC).isoformat(timespec="seconds") if moment else ""


def cell(value: Any) -> Cell:
    """Any value as a table holds it: a number as it is, all else as a harmless text."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, int):
        return value
    if isinstance(value, dict | list):
        value = json.dumps(value, ensure_ascii=False)
    text: str = harmless(str(value))
    return text
