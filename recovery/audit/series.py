"""The contents of many events that differ in a few fields, each as ``content_of`` would give it."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

from recovery.canonical import COMMITTED, OPEN, VERSION, canonical, moment, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from hashlib import _Hash as Hash

BLOCK: Final = 64
INNER: Final = bytes(number ^ 0x36 for number in range(256))
OUTER: Final = bytes(number ^ 0x5C for number in range(256))
"""SHA-256's block, and what HMAC makes of a key before each of its two hashes (RFC 2104)."""


class Series:
    """Puts what the events share in its form once, which is most of the work."""

    def __init__(self, event: Mapping[str, Any], *, varying: Sequence[str]) -> None:
        line: dict[str, Any] = {name: str(event[name]) for name in OPEN if name not in varying}
        line |= {"at": moment(event["at"]), "v": VERSION}
        parts = {name: canonical(value).replace("%", "%%") for name, value in line.items()}
        parts |= {name: "%s" for name in varying if name in OPEN}
        parts |= dict.fromkeys(COMMITTED, '"%s"')
        self._form = f"{{{','.join(f'"{name}":{parts[name]}' for name in sorted(parts))}}}"
        self._blanks: list[tuple[bytes, int, bytes]] = [
            (
                name.encode() if name in COMMITTED else b"",
                varying.index(name) if name in varying else -1,
                b"" if name in varying else shown(event[name]),
            )
            for name in sorted(parts)
            if name in COMMITTED or name in varying
        ]

    def content(self, salt: str, values: Sequence[Any]) -> str:
        """The content of the event with that salt and these values, in the order of ``varying``.

        An open field's value is text; a committed one's is given as ``shown`` gives it.
        """
        inner, outer = _keyed(bytes.fromhex(salt))
        said = []
        for field, place, same in self._blanks:
            value: Any = same if place < 0 else values[place]
            said.append(_committed(inner, outer, field, value) if field else _quoted(value))
        return self._form % tuple(said)


def _keyed(salt: bytes) -> tuple[Hash, Hash]:
    """The two halves of HMAC-SHA256 by one key: made once for all fields of a row."""
    block = salt.ljust(BLOCK, b"\0")
    return hashlib.sha256(block.translate(INNER)), hashlib.sha256(block.translate(OUTER))


def _committed(inner: Hash, outer: Hash, field: bytes, value: bytes) -> str:
    """``commitment`` by a key that is laid out already."""
    inner, outer = inner.copy(), outer.copy()
    inner.update(field)
    outer.update(inner.digest())
    return hashlib.sha256(outer.digest() + value).hexdigest()


def _quoted(text: str) -> str:
    """A text as RFC 8785 writes it, which Python's own encoder does as well, and sooner."""
    is_plain = text.isascii() and text.isalnum()
    return f'"{text}"' if is_plain else json.dumps(text, ensure_ascii=False)
