"""What signatures say about the chain in the database: its heads, and what was purged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from recovery.audit import sinks
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
KEY: Final = ("fingerprint", "public_key", "statement", "signature")
TOLD: Final = 10
"""How many checkpoints of the file outside the database are asked: each covers those before."""


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
        keys = _Trusted.read(using, fingerprint).heads
        rows = Checkpoint.objects.using(using).order_by("sequence", "pk").iterator()
        told = (keys.read(CHECKPOINT_DOMAIN, *one) for one in sinks.told(last=TOLD))
        heads = chain(_statements(keys, CHECKPOINT_DOMAIN, rows, CHECKPOINT), filter(None, told))
        return cls(_marks(heads), purged_to(using, fingerprint))

    def must_be_reached(self, sequence: int) -> None:
        """Raise ``Broken`` if the chain ends before what was signed."""
        signed = max(self.marks, default=0)
        if signed > sequence:
            text = f"The ledger ends at {sequence}; a checkpoint was signed at {signed}."
            raise Broken(Finding.CUT_OFF, sequence + 1, text)


def purged_to(using: str, fingerprint: str | None = None) -> tuple[int, str]:
    """The last event that is gone, by signed records, and its hash."""
    purges = PurgeRecord.objects.using(using).order_by("first_sequence", "pk")
    if not purges.exists():
        return 0, GENESIS
    first = ChainEntry.objects.using(using).order_by("sequence").first()
    keys = _Trusted.read(using, fingerprint).purges
    gone = _statements(keys, PURGE_DOMAIN, purges, PURGE)
    return _start(gone, first.sequence if first else None)


class _Trusted(NamedTuple):
    """Who may have signed what. A key that is given answers for both."""

    heads: Keys
    """Without a given key: only the one that this server signs with, and what follows on it."""
    purges: Keys
    """Without a given key: the very first as well. A purge was signed when it was done."""

    @classmethod
    def read(cls, using: str, fingerprint: str | None) -> _Trusted:
        rows = list(SigningKey.objects.using(using).order_by("introduced_at").values(*KEY))
        if fingerprint is not None:
            keys = Keys.rooted_in(fingerprint, rows)
            return cls(keys, keys)
        known = {row["fingerprint"] for row in rows}
        ours = [pair.fingerprint for pair in configured_keys()]
        own = next((name for name in ours if name in known), None)
        first = next((row["fingerprint"] for row in rows if not row["statement"]), None)
        if rows and (first is None or (ours and own is None)):
            text = "The keys in the database do not lead to the one that this server signs with."
            raise Broken(Finding.WRONG_KEY, None, text)
        purges = Keys.rooted_in(first, rows) if first else Keys()
        return cls(Keys.rooted_in(own, rows) if own else purges, purges)


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
