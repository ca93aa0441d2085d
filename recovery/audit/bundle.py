"""The ledger as a ZIP that an outsider can check without us.

What a reader may not see is in no file of it. The lines hold commitments, so the chain can be
followed all the same: see ``recovery.audit.verifier``, which goes with it as ``verify.py``.
"""

from __future__ import annotations

import csv
import hashlib
import itertools
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from json.encoder import encode_basestring
from pathlib import Path
from typing import IO, Any, Final

from django.db import connection
from django.utils import timezone

from recovery.audit import verifier
from recovery.audit.streaming import snapshot
from recovery.canonical import (
    COMMITTED,
    GENESIS,
    OPEN,
    VERSION,
    canonical,
    field_salt,
    line_of,
    moment,
    shown,
)
from recovery.cells import harmless
from recovery.models import ChainEntry, Checkpoint, PurgeRecord, SigningKey

BUNDLED: Final = Path(__file__).parent / "bundled"
AT_ONCE: Final = 2000
"""So many events are in memory at a time."""


class LedgerMoved(RuntimeError):
    """Events left the ledger while it was read: nothing of the file is to be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What is in a bundle. Nobody signs it: the verifier takes it for a promise."""

    v: int
    made_at: str
    first: int
    last: int
    count: int
    fields: tuple[str, ...]
    files: dict[str, dict[str, Any]]


def write_bundle(file: IO[bytes], *, first: int, last: int, fields: frozenset[str]) -> Manifest:
    """Write the events from ``first`` to ``last``, with those of ``fields`` in the clear.

    What no checkpoint covers can't be vouched for: make one before, or ask for ``covered``.
    """
    seen = tuple(name for name in COMMITTED if name in fields)
    entries = ChainEntry.objects.filter(sequence__range=(first, last)).order_by("sequence")
    signed = Checkpoint.objects.filter(sequence__range=(first - 1, last)).order_by("sequence", "pk")
    with snapshot(connection):
        manifest = compose(
            file,
            first=first,
            last=last,
            fields=seen,
            files={
                verifier.EVENTS: _lines(entries),
                verifier.VALUES: _values(entries, seen) if seen else (),
                verifier.TABLE: _table(entries, seen),
                verifier.CHECKPOINTS: _statements(signed),
                verifier.PURGES: _statements(PurgeRecord.objects.order_by("first_sequence")),
                verifier.KEYS: _keys(),
            },
        )
    if _counts(manifest) != {manifest.count}:
        raise LedgerMoved
    return manifest


def covered(first: int, last: int) -> tuple[int, int]:
    """The least range around this one at whose ends something is signed, as far as there is."""
    before = Checkpoint.objects.filter(sequence__lt=first).order_by("-sequence").first()
    after = Checkpoint.objects.filter(sequence__gte=last).order_by("sequence").first()
    begins = ChainEntry.objects.order_by("sequence").values_list("sequence", flat=True).first() or 1
    return (
        max(before.sequence + 1 if before else 1, begins),
        after.sequence if after else last,
    )


def compose(
    file: IO[bytes],
    *,
    first: int,
    last: int,
    fields: tuple[str, ...],
    files: Mapping[str, Iterable[str]],
) -> Manifest:
    """Write the ZIP: what is given, what goes with every bundle, and last the manifest."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        listed = {name: _add(archive, name, lines) for name, lines in files.items()}
        for name, path in ENCLOSED.items():
            listed[name] = _add(archive, name, [path.read_text(encoding="utf-8")])
        manifest = Manifest(
            v=VERSION,
            made_at=moment(timezone.now()),
            first=first,
            last=last,
            count=listed[verifier.EVENTS]["lines"],
            fields=fields,
            files=listed,
        )
        archive.writestr(verifier.MANIFEST, json.dumps(asdict(manifest), indent=2))
    return manifest


ENCLOSED: Final = {
    "verify.py": Path(verifier.__file__),
    "schema.json": BUNDLED / "schema.json",
    "README.txt": BUNDLED / "README.txt",
}


def values_line(sequence: int, salt: str, values: Mapping[str, Any]) -> str:
    """What is shown of one event: each value with the salt of its field."""
    parts = [
        f'"{name}":["{field_salt(salt, name)}",{_quoted(values[name])}]' for name in sorted(values)
    ]
    return f'{{"_sequence":{sequence},{",".join(parts)}}}\n'


def _quoted(value: Any) -> str:
    """A value in its canonical form; of a text it is the one that the standard library writes."""
    return encode_basestring(value) if isinstance(value, str) else canonical(value)


def table_row(cells: Iterable[Any]) -> str:
    """A row of the table, of cells that no spreadsheet runs."""
    return str(_WRITER.writerow([harmless(cell) for cell in cells]))


class _Echo:
    def write(self, text: str) -> str:
        return text


_WRITER: Final = csv.writer(_Echo())
"""It hands back what its file's ``write`` returns."""


def table_head(fields: Iterable[str]) -> str:
    """The names of the table's columns."""
    return table_row(["_sequence", "_id", "at", *OPEN, *fields])


def _lines(entries: Any) -> Iterator[str]:
    previous = None
    columns = ("sequence", "event_id", "hash", "event__content")
    for sequence, event_id, own, content in entries.values_list(*columns).iterator(AT_ONCE):
        before = _hash_before(sequence) if previous is None else previous
        line = line_of(content, event_id=event_id, sequence=sequence, previous=before)
        yield f"{line}\n"
        previous = own


def _hash_before(sequence: int) -> str:
    before = ChainEntry.objects.filter(sequence=sequence - 1).first()
    if before is not None:
        return before.hash
    purged = PurgeRecord.objects.filter(last_sequence=sequence - 1).first()
    return purged.last_hash if purged is not None else GENESIS


def _values(entries: Any, fields: tuple[str, ...]) -> Iterator[str]:
    columns = ("sequence", "event__salt", *(f"event__{name}" for name in fields))
    for sequence, salt, *values in entries.values_list(*columns).iterator(AT_ONCE):
        yield values_line(sequence, salt, dict(zip(fields, values, strict=True)))


def _table(entries: Any, fields: tuple[str, ...]) -> Iterator[str]:
    yield table_head(fields)
    columns = ("sequence", "event_id", *(f"event__{name}" for name in ("at", *OPEN, *fields)))
    for sequence, event_id, at, *values in entries.values_list(*columns).iterator(AT_ONCE):
        yield table_row([sequence, event_id, moment(at), *(shown(one).decode() for one in values)])


def _statements(rows: Any) -> Iterator[str]:
    for statement, signature in rows.values_list("statement", "signature").iterator(AT_ONCE):
        yield canonical({"statement": statement, "signature": signature}) + "\n"


def _keys() -> Iterator[str]:
    columns = ("fingerprint", "public_key", "statement", "signature")
    for row in SigningKey.objects.order_by("introduced_at").values(*columns):
        yield canonical(dict(row)) + "\n"


def _add(archive: zipfile.ZipFile, name: str, lines: Iterable[str]) -> dict[str, Any]:
    """Add one file as it comes; what the manifest says of it."""
    entry = zipfile.ZipInfo(name, timezone.now().timetuple()[:6])
    # Hashes don't compress well, and inflating takes ten times as long as hashing.
    entry.compress_type = zipfile.ZIP_STORED if name == verifier.EVENTS else zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    digest, size, count = hashlib.sha256(), 0, 0
    with archive.open(entry, "w", force_zip64=True) as file:
        for some in itertools.batched(lines, AT_ONCE):
            data = "".join(some).encode()
            file.write(data)
            digest.update(data)
            size, count = size + len(data), count + len(some)
    return {"sha256": digest.hexdigest(), "size": size, "lines": count}


def _counts(manifest: Manifest) -> set[int]:
    """How many events each file holds that should hold all of them."""
    lines = {name: file["lines"] for name, file in manifest.files.items()}
    values = {lines[verifier.VALUES]} if manifest.fields else set()
    return {lines[verifier.EVENTS], lines[verifier.TABLE] - 1, *values}
