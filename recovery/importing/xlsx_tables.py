"""Rows out of an XLSX file: values only, and nothing that unpacks to more than a table should."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any, Final

from django.template.defaultfilters import filesizeformat
from openpyxl import load_workbook

from recovery import errors
from recovery.conf import conf

if TYPE_CHECKING:
    from recovery.errors import RecoveryError

MOST_PARTS: Final = 1_000
UNPACKS_TO: Final = 5
"""How many times the limit of a file its parts may hold, unpacked."""
MOST_LINES: Final = 1_048_576
"""As many as a sheet has."""
MOST_COLUMNS: Final = 100
PIECE: Final = 1 << 20
DECLARATIONS: Final = (b"<!DOCTYPE", b"<!ENTITY")
UTF16: Final = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")

Cell = str | type["RecoveryError"]
Row = tuple[int, list[Cell]]


def rows(file: IO[bytes]) -> Iterator[Row]:
    """Each row of the first sheet with its line; a cell that is no text, by why it isn't."""
    require_harmless(file)
    file.seek(0)
    lines = _raw(file)
    for number in range(1, MOST_LINES + 1):
        try:
            row = next(lines)
        except StopIteration:
            return
        except Exception as error:
            raise errors.WorkbookBroken from error
        yield number, [_text(cell) for cell in row]
    raise errors.TooManyLines(limit=MOST_LINES)


def require_harmless(file: IO[bytes]) -> None:
    """Refuse what is no ZIP, unpacks to too much, or declares entities of its own."""
    try:
        with zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
            _require_small(parts)
            for part in parts:
                _require_plain(archive, part)
    except errors.RecoveryError:
        raise
    except Exception as error:
        raise errors.WorkbookBroken from error


def _require_small(parts: list[zipfile.ZipInfo]) -> None:
    limit = UNPACKS_TO * conf.IMPORT_SIZE_LIMIT
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > limit:
        raise errors.UnpacksTooLarge(limit=filesizeformat(limit))


def _require_plain(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """No declarations, in no encoding that could hide them. No more is unpacked than declared."""
    if not part.filename.lower().endswith((".xml", ".rels")):
        return
    with archive.open(part) as opened:
        before = b""
        while piece := opened.read(PIECE):
            if not before and piece.startswith(UTF16):
                raise errors.WorkbookBroken
            if any(one in before + piece for one in DECLARATIONS):
                raise errors.WorkbookBroken
            before = piece[-len(DECLARATIONS[0]) :]


def _raw(file: IO[bytes]) -> Iterator[tuple[Any, ...]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what it leaves out: styles, pictures, checks
        workbook = load_workbook(file, read_only=True, data_only=False, keep_links=False)
    sheet = workbook.worksheets[0]
    sheet.reset_dimensions()  # what a file says of its own size need not be true
    yield from sheet.iter_rows(max_col=MOST_COLUMNS)


def _text(cell: Any) -> Cell:
    value = cell.value
    if cell.data_type == "f":
        return errors.CellIsFormula
    if value is None or isinstance(value, str):
        return value or ""
    is_whole = isinstance(value, float) and value.is_integer()
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return str(int(value)) if is_whole or is_number else errors.CellNotText
