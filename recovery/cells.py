"""What may stand in a cell of a table: nothing that a spreadsheet would run."""

from __future__ import annotations

import re
from typing import Any, Final

FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What makes a spreadsheet take a text for a formula, full-width kin included."""
UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
"""What a terminal would obey, and what an XLSX file may not hold: one would spoil it for all."""


def harmless(value: Any) -> Any:
    """A text that no spreadsheet runs: one that could be a formula starts with an apostrophe."""
    if not isinstance(value, str):
        return value
    text = UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", value)
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA_STARTS) else text


def plain(text: str) -> str:
    """The text that ``harmless`` made harmless: what was taken out can be brought in again."""
    is_marked = text.startswith("'") and text[1:].lstrip(" ").startswith(FORMULA_STARTS)
    return text[1:] if is_marked else text
