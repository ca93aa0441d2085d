"""Bundles made without a database, by the product's own forms, to be tampered with."""

import contextlib
import hashlib
import io
import json
import secrets
import zipfile
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from recovery.audit import bundle, verifier
from recovery.canonical import (
    COMMITTED,
    GENESIS,
    OPEN,
    canonical,
    content_of,
    field_salt,
    hash_of,
    line_of,
    moment,
    shown,
)

FILES = (
    *(verifier.EVENTS, verifier.VALUES, verifier.TABLE),
    *(verifier.CHECKPOINTS, verifier.PURGES, verifier.KEYS),
)
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def event(number, **fields):
    """Make an event as it comes from a row."""
    return (
        {name: f"{name}-{number}" for name in (*OPEN, *COMMITTED)}
        | {"operation": "reconcile", "outcome": "completed", "refusal": ""}
        | {"detail": {"left_is": number, "was": ["ü", None, True]}}
        | {"salt": secrets.token_hex(16), "at": BEGAN + timedelta(minutes=number)}
        | fields
    )


@dataclass
class Key:
    """A key pair, and what the key before says about it."""

    private: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    before: "Key | None" = None

    @property
    def public(self):
        return self.private.public_key().public_bytes_raw().hex()

    @property
    def fingerprint(self):
        return hashlib.sha256(bytes.fromhex(self.public)).hexdigest()

    def sign(self, domain, said, *, key=None):
        """Sign a statement; the line of its file."""
        statement = canonical({"key": key or self.fingerprint, "v": 1, "at": moment(BEGAN)} | said)
        signature = self.private.sign(domain + statement.encode()).hex()
        return canonical({"statement": statement, "signature": signature}) + "\n"

    def row(self):
        introduced = {"statement": "", "signature": ""}
        if self.before:
            said = {"previous": self.before.fingerprint, "public_key": self.public}
            line = self.before.sign(verifier.KEY_DOMAIN, said, key=self.fingerprint)
            introduced = json.loads(line)
        public = {"fingerprint": self.fingerprint, "public_key": self.public}
        return canonical(public | introduced) + "\n"


@dataclass
class Bundle:
    """The files of a bundle as lists of lines."""

    first: int
    last: int
    fields: tuple[str, ...]
    keys: list[Key]
    files: dict[str, list[str]]

    def __getitem__(self, name):
        return self.files[name]

    def line(self, number):
        """Where in its file an event stands."""
        return number - self.first

    def with_range(self, first, last):
        return replace(self, first=first, last=last)

    def write(self, path: Path):
        """Write the ZIP, with a manifest that fits whatever the files hold by now."""
        with path.open("wb") as file:
            bundle.compose(
                file, first=self.first, last=self.last, fields=self.fields, files=self.files
            )
        return path

    def check(self, path: Path, *options, key=None):
        """Verify it; the exit code and what was said."""
        fingerprint = key or self.keys[0].fingerprint
        return run(self.write(path), "--key", fingerprint, *options)


def run(*arguments):
    """Run the verifier as the command line does; the exit code and what it said."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        code = verifier.main([str(one) for one in arguments])
    return code, said.getvalue()


def unpack(path, folder):
    """Unpack a ZIP."""
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)


def replaced(folder, name, data):
    """Put other bytes in the place of a file, and its hash into the manifest."""
    (folder / name).write_bytes(data)
    manifest = json.loads((folder / verifier.MANIFEST).read_text())
    manifest["files"][name]["sha256"] = hashlib.sha256(data).hexdigest()
    (folder / verifier.MANIFEST).write_text(json.dumps(manifest))
    return folder


def chained(events, *, after=0, previous=GENESIS):
    """The lines of some events, and their hashes."""
    lines, hashes = [], []
    for sequence, one in enumerate(events, after + 1):
        line = line_of(content_of(one), event_id=sequence * 3, sequence=sequence, previous=previous)
        previous = hash_of(line)
        lines.append(f"{line}\n")
        hashes.append(previous)
    return lines, hashes


def made(events, *, signed=(), purged=(), fields=COMMITTED, keys=None, rotated_at=(), first=1):
    """Bundle ``events``: purged up to each of ``purged``, with a checkpoint at each of ``signed``.

    The next of ``keys`` signs from each of ``rotated_at`` on.
    """
    keys = keys or [Key()]
    lines, hashes = chained(events)
    head = dict(enumerate([GENESIS, *hashes]))
    gone = max(purged, default=0)
    start = max(first, gone + 1)

    def key_at(sequence):
        return keys[sum(sequence >= one for one in rotated_at)]

    def purge(begins, ends):
        said = {"first": begins + 1, "last": ends, "previous": head[begins]}
        return key_at(ends).sign(verifier.PURGE_DOMAIN, said | {"last_hash": head[ends]})

    def checkpoint(sequence):
        count = sequence - max((one for one in purged if one <= sequence), default=0)
        said = {"count": count, "head": head[sequence], "sequence": sequence}
        return key_at(sequence).sign(verifier.CHECKPOINT_DOMAIN, said)

    begins = [0, *purged]
    seen = tuple(name for name in COMMITTED if name in fields)
    kept = list(enumerate(events, 1))[start - 1 :]
    files = {
        verifier.EVENTS: lines[start - 1 :],
        verifier.VALUES: [values_line(number, one, seen) for number, one in kept if seen],
        verifier.TABLE: [bundle.table_head(seen), *(table_row(*one, seen) for one in kept)],
        verifier.CHECKPOINTS: [checkpoint(one) for one in signed if one >= start - 1],
        verifier.PURGES: [purge(*ends) for ends in zip(begins, purged, strict=False)],
        verifier.KEYS: [key.row() for key in keys],
    }
    return Bundle(start, len(events), seen, keys, files)


def values_line(number, one, fields):
    return bundle.values_line(number, one["salt"], {name: one[name] for name in fields})


def table_row(number, one, fields):
    texts = [shown(one[name]).decode() for name in (*OPEN, *fields)]
    return bundle.table_row([number, number * 3, moment(one["at"]), *texts])


def changed(line, name, value):
    """A line with another value in one of its fields, in its canonical form again."""
    return canonical(json.loads(line) | {name: value}) + "\n"


def salted(one, name):
    return field_salt(one["salt"], name)
