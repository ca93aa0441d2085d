"""What verifying an exported ledger costs beside SHA-256 alone over the same lines."""

from __future__ import annotations

import hashlib
import json
import secrets
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks.pairs import Bar, Row, side_by_side
from recovery.audit import bundle, verifier
from recovery.canonical import (
    COMMITTED,
    GENESIS,
    OPEN,
    canonical,
    content_of,
    hash_of,
    line_of,
    moment,
    shown,
)

EVENTS = 50_000
EVERY = 1_000
"""So many events lie between two checkpoints."""
RUNS = 9
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
SHAPES = 200
"""So many different contents there are: making them is not what is measured."""


def measure_verifying_export(events: int = EVENTS) -> Iterator[Row]:
    """The chain ÷ SHA-256 alone over its lines; all that is shown ÷ the same and each value."""
    with tempfile.TemporaryDirectory(prefix="sparekey-bench-") as folder:
        path = Path(folder) / "bundle.zip"
        fingerprint = write(path, events)
        lines = list(verifier.Source(path).lines(verifier.EVENTS))
        values = [_salted(line) for line in verifier.Source(path).lines(verifier.VALUES)]

        def chain() -> None:
            verifier.verify(verifier.Source(path), fingerprint, lines_only=True)

        def everything() -> None:
            verifier.verify(verifier.Source(path), fingerprint)

        def each_line() -> None:
            for line in lines:
                hashlib.sha256(line).digest()

        def each_value() -> None:
            each_line()
            for some in values:
                for one in some:
                    hashlib.sha256(one).digest()

        yield side_by_side(
            "verifying an export's chain ÷ SHA-256 alone",
            chain,
            each_line,
            runs=RUNS,
            bar=Bar(at_most=4),
        )
        what = "verifying an export and all that it shows ÷ SHA-256 alone"
        yield side_by_side(what, everything, each_value, runs=RUNS // 3)


def write(path: Path, events: int) -> str:
    """Write a bundle of so many events; the fingerprint of its key."""
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes_raw()
    fingerprint = hashlib.sha256(public).hexdigest()
    shapes = [_event(number) for number in range(SHAPES)]
    contents = [content_of(event) for event in shapes]
    signed: list[str] = []

    def lines() -> Iterator[str]:
        previous = GENESIS
        for sequence in range(1, events + 1):
            content = contents[sequence % SHAPES]
            line = line_of(content, event_id=sequence, sequence=sequence, previous=previous)
            previous = hash_of(line)
            if sequence % EVERY == 0 or sequence == events:
                signed.append(_checkpoint(key, fingerprint, sequence, previous))
            yield f"{line}\n"

    with path.open("wb") as file:
        bundle.compose(
            file,
            first=1,
            last=events,
            fields=COMMITTED,
            files={
                verifier.EVENTS: lines(),
                verifier.VALUES: islice(_values(shapes), events),
                verifier.TABLE: islice(_table(shapes), events + 1),
                verifier.CHECKPOINTS: signed,
                verifier.PURGES: (),
                verifier.KEYS: [_key(fingerprint, public)],
            },
        )
    return fingerprint


def _event(number: int) -> dict:
    return (
        {name: f"{name} {number}" for name in (*OPEN, *COMMITTED)}
        | {"operation": "regenerate_backup_codes", "outcome": "completed", "refusal": ""}
        | {"session_digest": secrets.token_hex(32), "trace": secrets.token_hex(16)}
        | {"reason": "Lost the phone on the way to work, called back at the number on record"}
        | {"detail": {"issued": 10, "ended": 1}, "salt": secrets.token_hex(16)}
        | {"at": BEGAN + timedelta(minutes=number)}
    )


def _salted(line: bytes) -> list[bytes]:
    """What is hashed of each value: its salt, and the value."""
    shown_values = [one for name, one in json.loads(line).items() if name != "_sequence"]
    return [bytes.fromhex(salt) + shown(value) for salt, value in shown_values]


def _values(shapes: list[dict]) -> Iterator[str]:
    sequence = 0
    while sequence := sequence + 1:
        event = shapes[sequence % SHAPES]
        values = {name: event[name] for name in COMMITTED}
        yield bundle.values_line(sequence, event["salt"], values)


def _table(shapes: list[dict]) -> Iterator[str]:
    yield bundle.table_head(COMMITTED)
    texts = [[shown(event[name]).decode() for name in (*OPEN, *COMMITTED)] for event in shapes]
    sequence = 0
    while sequence := sequence + 1:
        place = sequence % SHAPES
        yield bundle.table_row([sequence, sequence, moment(shapes[place]["at"]), *texts[place]])


def _checkpoint(key: Ed25519PrivateKey, fingerprint: str, sequence: int, head: str) -> str:
    said = {"count": sequence, "head": head, "sequence": sequence, "at": moment(BEGAN), "v": 1}
    statement = canonical(said | {"key": fingerprint})
    signature = key.sign(verifier.CHECKPOINT_DOMAIN + statement.encode()).hex()
    return canonical({"statement": statement, "signature": signature}) + "\n"


def _key(fingerprint: str, public: bytes) -> str:
    row = {"fingerprint": fingerprint, "public_key": public.hex()}
    return canonical(row | {"statement": "", "signature": ""}) + "\n"
