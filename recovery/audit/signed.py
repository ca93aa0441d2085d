"""What signatures say about the chain in the database: its heads, and what was purged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from recovery.audit.signing import configured_keys
from recovery.audit.verifier import (
    CHECKPOINT_DOMAIN,
    GENESIS,
    PURGE_DOMAIN,
    Broken,
    Finding,
    Keys,
)
from recovery.canonical import moment
from recovery.models import ChainEntry, Checkpoint, PurgeRecord, SigningKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

CHECKPOINT: Final = {
    "sequence": "sequence",
    "head": "head",
    "count": "count",
    "at": "at",
    "key_id": "key",
}
PURGE: Final = {
    "first_sequence": "first",
    "last_sequence": "last",
    "last_hash": "last_hash",
    "newest_at": "newest_at",
    "export_sha256": "export_sha256",
    "at": "at",
    "key_id": "key",
}
"""Each column, and what it is called in the statement that was signed."""


@dataclass(frozen=True, slots=True)
class Signed:
    """Everything that one trusted key vouches for."""

    marks: dict[int, str]
    """Heads of the chain, by their sequence."""
    start: tuple[int, str]
    """The last event that is gone, by signed records, and its hash."""

    @classmethod
    def read(cls, using: str, fingerprint: str | None = None) -> Signed:
        """Read and check every signature; raise ``Broken`` where one is wrong."""
        keys = _keys(using, fingerprint)
        heads = Checkpoint.objects.using(using).order_by("sequence", "pk")
        purges = PurgeRecord.objects.using(using).order_by("first_sequence", "pk")
        marks = _marks(_statements(keys, CHECKPOINT_DOMAIN, heads, CHECKPOINT))
        first = ChainEntry.objects.using(using).order_by("sequence").first()
        gone = list(_statements(keys, PURGE_DOMAIN, purges, PURGE))
        return cls(marks, _start(gone, first.sequence if first else None))

    def must_be_reached(self, sequence: int) -> None:
        """Raise ``Broken`` if the chain ends before what was signed."""
        signed = max(self.marks, default=0)
        if signed > sequence:
            text = f"The ledger ends at {sequence}; a checkpoint was signed at {signed}."
            raise Broken(Finding.CUT_OFF, sequence + 1, text)


def _keys(using: str, fingerprint: str | None) -> Keys:
    rows = list(
        SigningKey.objects.using(using)
        .order_by("introduced_at")
        .values("fingerprint", "public_key", "statement", "signature")
    )
    if fingerprint is not None:
        return Keys.rooted_in(fingerprint, rows)
    first = next((row for row in rows if not row["statement"]), None)
    keys = Keys.rooted_in(first["fingerprint"], rows) if first else Keys()
    ours = {pair.fingerprint for pair in configured_keys()}
    if (rows and not first) or (keys.trusted and ours and not ours & keys.trusted.keys()):
        text = "The keys in the database do not lead to the one that this server signs with."
        raise Broken(Finding.WRONG_KEY, None, text)
    return keys


def _statements(
    keys: Keys, domain: bytes, rows: Iterable[Any], names: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    for row in rows:
        said = keys.read(domain, row.statement, row.signature)
        if said is None:
            continue
        for column, name in names.items():
            if _plain(getattr(row, column)) != said.get(name):
                text = f"The {column} of what was signed here is not the one that was signed."
                raise Broken(Finding.CHANGED, said.get("sequence", said.get("last")), text)
        yield said


def _plain(value: Any) -> Any:
    return moment(value) if isinstance(value, datetime) else value


def _marks(heads: Iterable[dict[str, Any]]) -> dict[int, str]:
    marks: dict[int, str] = {}
    for said in heads:
        sequence, head = said["sequence"], said["head"]
        if marks.setdefault(sequence, head) != head:
            raise Broken(Finding.CHANGED, sequence, "Two heads were signed for one place.")
    return marks


def _start(purges: Iterable[dict[str, Any]], first: int | None) -> tuple[int, str]:
    last, head = 0, GENESIS
    for said in purges:
        if first is not None and said["last"] >= first:
            break
        if (said["first"], said["previous"]) != (last + 1, head):
            text = "The records of what was purged do not follow on one another."
            raise Broken(Finding.MISSING, last + 1, text)
        last, head = said["last"], said["last_hash"]
    return last, head
