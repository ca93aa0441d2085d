"""Whether the chain still is what was signed about it, up to its head."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from django.db.models import Max

from recovery.audit import signing, sinks
from recovery.audit.verifier import Broken, Finding, Keys
from recovery.canonical import GENESIS, hash_of, line_of
from recovery.errors import NoSigningKey
from recovery.models import ChainEntry, Checkpoint, PurgeRecord, SigningKey

if TYPE_CHECKING:
    from collections.abc import Iterator

RECENT: Final = 10
"""How many checkpoints of each place are compared: the last one covers those before it."""
STEP: Final = 2_000

PURGE, CHECKPOINT = signing.PURGE_DOMAIN.encode(), signing.CHECKPOINT_DOMAIN.encode()


class Head(NamedTuple):
    """One place in the chain, and the hash there."""

    sequence: int
    hash: str


def follow() -> Head | None:
    """Follow the chain from the last checkpoint that it fits to its head, and return that.

    Raises ``Broken`` where it does not fit what was signed, in the database or in the file, or
    does not fit itself. None for an empty ledger.
    """
    keys = trusted_keys()
    start = purged_up_to(keys)
    for mark in _signed_heads(keys):
        if _must_fit(mark, start) and mark.sequence > start.sequence:
            start = mark
    head = _walked(start)
    return head if head.sequence else None


def trusted_keys() -> Keys:
    """Every key that the one which signs now vouches for, and the names of those before it."""
    signs = _signing_key()
    rows = SigningKey.objects.values("fingerprint", "public_key", "statement", "signature")
    return Keys.rooted_in(signs.fingerprint, list(rows))


def _signing_key() -> signing.KeyPair:
    try:
        return signing.current_key()
    except NoSigningKey as error:
        if not signing.configured_keys():
            raise
        raise Broken(Finding.WRONG_KEY, None, str(error)) from error


def purged_up_to(keys: Keys) -> Head:
    """Where the chain goes on after the last purge; before its first event if there was none."""
    record = PurgeRecord.objects.order_by("-last_sequence").first()
    if record is None:
        return Head(0, GENESIS)
    said = keys.read(PURGE, record.statement, record.signature)
    if said and (said["last"], said["last_hash"]) != (record.last_sequence, record.last_hash):
        raise Broken(Finding.CHANGED, record.last_sequence, "This purge was signed otherwise.")
    return Head(record.last_sequence, record.last_hash)


def _signed_heads(keys: Keys) -> Iterator[Head]:
    """What was signed lately. What an earlier key signed is covered by what this one did."""
    rows = Checkpoint.objects.order_by("-sequence", "-pk")[:RECENT]
    for row in rows:
        said = keys.read(CHECKPOINT, row.statement, row.signature)
        if said and (said["sequence"], said["head"]) != (row.sequence, row.head):
            raise Broken(Finding.CHANGED, row.sequence, "This checkpoint was signed otherwise.")
        yield from _head(said)
    for one in sinks.told(last=RECENT):
        yield from _head(keys.read(CHECKPOINT, one.statement, one.signature))


def _head(said: dict[str, Any] | None) -> Iterator[Head]:
    if said is not None:
        yield Head(said["sequence"], said["head"])


def _must_fit(mark: Head, purged: Head) -> bool:
    """Whether the chain has ``mark``; False if it left with a purge, ``Broken`` if it should."""
    found = ChainEntry.objects.filter(sequence=mark.sequence).values_list("hash", flat=True).first()
    if found is None and mark.sequence < purged.sequence:
        return False
    if found is None and mark.sequence == purged.sequence:
        found = purged.hash
    if found is None:
        raise _gone(mark)
    if found != mark.hash:
        text = f"The checkpoint at {mark.sequence} was signed over another event."
        raise Broken(Finding.CHANGED, mark.sequence, text)
    return True


def _gone(mark: Head) -> Broken:
    end = ChainEntry.objects.aggregate(last=Max("sequence"))["last"] or 0
    text = f"A checkpoint was signed at {mark.sequence}; the ledger ends at {end}."
    if mark.sequence > end:
        return Broken(Finding.CUT_OFF, end + 1, text)
    return Broken(Finding.MISSING, mark.sequence, "The event that was signed here is gone.")


def _walked(start: Head) -> Head:
    """The head, if each event since ``start`` follows from the one before."""
    head = start
    while rows := list(_after(head.sequence)):
        for sequence, kept, event_id, content in rows:
            if sequence != head.sequence + 1:
                raise Broken(Finding.MISSING, head.sequence + 1, "The chain has a hole here.")
            line = line_of(content, event_id=event_id, sequence=sequence, previous=head.hash)
            head = Head(sequence, hash_of(line))
            if head.hash != kept:
                raise Broken(Finding.CHANGED, sequence, "It is not what was hashed here.")
    return head


def _after(sequence: int) -> Any:
    following = ChainEntry.objects.filter(sequence__gt=sequence).order_by("sequence")
    return following.values_list("sequence", "hash", "event_id", "event__content")[:STEP]
