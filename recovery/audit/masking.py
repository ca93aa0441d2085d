"""Blots out of what people typed, or sent in an address, whatever looks like a secret."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Final

from recovery import codes
from recovery.enums import CodeKind
from recovery.secret import MASK

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST_SHOWN: Final = 200
MOST_SHOWN: Final = 30

ADDRESS: Final = re.compile(r"[^\s@]+@[^\s@]+")
MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d(?:[T_][\d:.]{5,15}(?:Z|[+-]\d\d:?\d\d)?)?")
ROW: Final = re.compile(r"\d{1,20}|[0-9a-f-]{16,64}")
"""A key of a row, in a parameter that says that it holds one."""
NAMES_A_ROW: Final = re.compile(r"(?:^|_)(?:id|pk|trace|event|sequence)(?:__exact)?$")
ONE_TIME_CODE: Final = re.compile(r"(?<![\w-])(?:\d{6,8}|\d{3}[ -]\d{3})(?![\w-])")
# As codes are printed: two groups of four are a phone code, four a backup code, and three are
# what was left of one by a slip of the mouse.
IN_GROUPS: Final = re.compile(
    r"(?<!\w)[0-9a-z]{4}(?:[\s\u2010-\u2014\u2212-]+[0-9a-z]{4})+(?!\w)", re.IGNORECASE
)
BROKEN_CODE_FROM: Final = 12
CLASSES: Final = (r"[a-z]", r"[A-Z]", r"\d", r"[^\w\s'’.,@+-]")
"""A password mixes three of these. What joins the parts of a name counts for none."""
MIXED: Final = 3
PASSWORD_FROM: Final = 8
TOKEN_FROM: Final = 16
TOO_LONG_FOR_A_NAME: Final = 32


def masked(text: str) -> str:
    """``text`` with codes, tokens and what reads like a password blotted out, cut to a line.

    Better a staff number too many than a code too few: both may have six digits.
    """
    line = " ".join(text.replace("\0", " ").split())[: 2 * LONGEST_SHOWN]
    line = MASK if _is_code(line) else IN_GROUPS.sub(_group, line)
    line = ONE_TIME_CODE.sub(MASK, line)
    words = (MASK if _is_secret(word) else word for word in line.split(" "))
    return " ".join(words)[:LONGEST_SHOWN]


def masked_values(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """What an address asks for, each value masked, and no more of them than a page would send."""
    return {masked(name): _masked_value(name, value) for name, value in list(pairs)[:MOST_SHOWN]}


def _masked_value(name: str, value: str) -> str:
    names_a_row = NAMES_A_ROW.search(name) and ROW.fullmatch(value)
    return value if names_a_row else masked(value)


def _group(found: re.Match[str]) -> str:
    """Words of four letters are a name, if no digit is in them and nothing checks."""
    text = found[0]
    is_broken = _has_digit(text) and sum(map(str.isalnum, text)) >= BROKEN_CODE_FROM
    return MASK if is_broken or _is_code(text) else text


def _is_code(text: str) -> bool:
    """One of 32 words of eight letters would check too: such a code has to look like printed."""
    code = codes.read(text)
    if code is None:
        return False
    return codes.kind_of(code) is CodeKind.SAVED or _has_digit(text) or text.isupper()


def _is_secret(word: str) -> bool:
    if ADDRESS.fullmatch(word) or MOMENT.fullmatch(word) or _is_source(word):
        return False
    mixed = sum(bool(re.search(one, word)) for one in CLASSES)
    return (
        _is_code(word)
        or (len(word) >= PASSWORD_FROM and mixed >= MIXED)
        or (len(word) >= TOKEN_FROM and (_has_digit(word) or word.isupper()))
        or len(word) >= TOO_LONG_FOR_A_NAME
    )


def _has_digit(text: str) -> bool:
    return any(letter.isdigit() for letter in text)


def _is_source(word: str) -> bool:
    try:
        ipaddress.ip_address(word)
    except ValueError:
        return False
    return True
