"""What a file is, by its own bytes, and whether all of it is the text that it says it is."""

from __future__ import annotations

import codecs
from typing import IO, Final

from recovery import errors

WORKBOOK: Final = "xlsx"
STARTS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, ""),
    (codecs.BOM_UTF32_BE, ""),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"PK\x03\x04", WORKBOOK),
    (b"\xd0\xcf\x11\xe0", ""),  # a workbook of before 2007, or one with a password
    (b"%PDF", ""),
    (b"{\\rtf", ""),
)
"""How a file begins, and how it is read then; empty for what holds no table that we read."""
PIECE: Final = 1 << 16
NAMES: Final = {"utf-8": "UTF-8", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16"}


def kind_of(file: IO[bytes]) -> str:
    """``xlsx``, or the encoding of a text; what else it is is refused."""
    file.seek(0)
    head = file.read(PIECE)
    if not head.strip():
        raise errors.FileEmpty
    kind = next((kind for start, kind in STARTS if head.startswith(start)), "utf-8")
    is_binary = kind == "utf-8" and b"\0" in head
    if not kind or is_binary:
        raise errors.NotATable
    if kind != WORKBOOK:
        require_text(file, kind)
    file.seek(0)
    return kind


def require_text(file: IO[bytes], encoding: str) -> None:
    """Refuse a file that is not all in its encoding, and say in which line and byte it isn't.

    An older encoding is never guessed: names would come out wrong, and nobody would see it.
    """
    file.seek(0)
    bare, mark = _without_mark(file.read(PIECE), encoding)
    decoder = codecs.getincrementaldecoder(bare)()
    file.seek(mark)
    line, offset, piece = 1, mark, b"-"
    while piece:
        piece = file.read(PIECE)
        if piece.endswith(b"\r"):  # a line ends once
            piece += file.read(1)
        pending = len(decoder.getstate()[0])
        try:
            text = decoder.decode(piece, final=not piece)
        except UnicodeDecodeError as error:
            before = bytes(error.object[: error.start]).decode(bare)
            byte = offset - pending + error.start + 1
            line += _breaks(before)
            raise errors.NotInItsEncoding(line=line, byte=byte, encoding=NAMES[bare]) from error
        line += _breaks(text)
        offset += len(piece)


def _without_mark(head: bytes, encoding: str) -> tuple[str, int]:
    """The encoding of what comes after the byte order mark, and how long that is."""
    if encoding == "utf-16":
        is_little = head.startswith(codecs.BOM_UTF16_LE)
        return ("utf-16-le" if is_little else "utf-16-be"), len(codecs.BOM_UTF16_LE)
    return "utf-8", len(codecs.BOM_UTF8) if encoding == "utf-8-sig" else 0


def _breaks(text: str) -> int:
    return text.count("\n") + text.replace("\r\n", "").count("\r")
