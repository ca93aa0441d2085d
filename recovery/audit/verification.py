"""Whether the ledger in the database is what was written, and what was signed about it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import batched
from typing import TYPE_CHECKING, Final

from django.db import connections
from django.db.models import Max

from recovery.audit import columns as stored
from recovery.audit.signed import Signed, purged_to
from recovery.audit.streaming import snapshot, unlinked_event
from recovery.audit.verifier import Broken, Finding
from recovery.audit.walking import Walk
from recovery.models import ChainEntry

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

    from recovery.audit.walking import Place, Progress
    from recovery.models import Checkpoint

BATCH: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What was checked, and how long it took. Nothing was found."""

    first: int
    last: int
    signed_to: int
    """The last event that a signature vouches for."""
    with_columns: bool
    chain_seconds: float
    columns_seconds: float

    @property
    def events(self) -> int:
        """How many were checked."""
        return self.last - self.first + 1

    @property
    def unsigned(self) -> int:
        """How many at the end wait for their checkpoint."""
        return self.last - max(self.signed_to, self.first - 1)


def verify_ledger(
    *,
    since: Checkpoint | None = None,
    columns: bool = True,
    key: str | None = None,
    progress: Progress | None = None,
    using: str = "default",
) -> Verified:
    """Check every event behind ``since``, or all that are there; raise ``Broken`` at the first.

    ``key`` is the fingerprint to trust. Without one, the ledger's first key is trusted if it
    leads to the one that this server signs with.
    """
    connection, started = connections[using], time.perf_counter()
    with snapshot(connection):
        signed = Signed.read(using, key)
        walk = Walk(*_place(using, signed, since), signed.marks)
        first = walk.sequence + 1
        walk.through(connection, progress=progress)
        signed.must_be_reached(walk.sequence)
        must_all_be_linked(connection)
        chained = time.perf_counter()
        if columns:
            stored.compare(using, after=first - 1, progress=progress)
    return Verified(
        first=first,
        last=walk.sequence,
        signed_to=walk.vouched,
        with_columns=columns,
        chain_seconds=chained - started,
        columns_seconds=time.perf_counter() - chained,
    )


def verify_slice(place: Place, limit: int, *, using: str = "default") -> Place:
    """Check as many events behind ``place``, columns and all; where that ended.

    Raises ``Broken`` as well where ``place`` itself is not there any more as it was.
    """
    connection = connections[using]
    with snapshot(connection):
        start = purged_to(using)
        if place[0] > start[0]:
            must_stand(using, *place)
        walk = Walk(*max(place, start), {})
        after, upto = walk.sequence, walk.sequence + limit
        walk.through(connection, upto=upto)
        last = ChainEntry.objects.using(using).aggregate(last=Max("sequence"))["last"] or 0
        if walk.sequence < min(upto, last):
            text = f"So are those up to {upto}; the ledger ends at {last}."
            raise Broken(Finding.MISSING, walk.sequence + 1, text)
        stored.compare(using, after=after, upto=walk.sequence)
    return walk.place


def must_stand(using: str, sequence: int, head: str) -> None:
    """Raise ``Broken`` unless the entry ``sequence`` is there and has this hash."""
    entries = ChainEntry.objects.using(using)
    entry = entries.filter(sequence=sequence).first()
    if entry is None:
        last = entries.aggregate(last=Max("sequence"))["last"] or 0
        finding = Finding.CUT_OFF if last < sequence else Finding.MISSING
        text = f"There was one at {sequence}; the ledger ends at {last}."
        raise Broken(finding, min(sequence, last + 1), text)
    if entry.hash != head:
        raise Broken(Finding.CHANGED, sequence, "It had another hash before.")


def marks_must_stand(using: str, signed: Signed) -> None:
    """Raise ``Broken`` where the chain has another hash than the one that was signed."""
    marks = {place: head for place, head in signed.marks.items() if place > signed.start[0]}
    entries = ChainEntry.objects.using(using)
    for places in batched(sorted(marks), BATCH, strict=False):
        heads = dict(entries.filter(sequence__in=places).values_list("sequence", "hash"))
        for place in places:
            if heads.get(place) != marks[place]:
                must_stand(using, place, marks[place])


def must_all_be_linked(connection: BaseDatabaseWrapper) -> None:
    """Raise ``Broken`` for an event that has no place in the chain."""
    event_id = unlinked_event(connection)
    if event_id is not None:
        text = f"The event with the id {event_id} has no place in the chain."
        raise Broken(Finding.ADDED, None, text)


def _place(using: str, signed: Signed, since: Checkpoint | None) -> Place:
    if since is None or since.sequence <= signed.start[0]:
        return signed.start
    if signed.marks.get(since.sequence) != since.head:
        text = "The trusted key does not vouch for this checkpoint."
        raise Broken(Finding.WRONG_KEY, since.sequence, text)
    must_stand(using, since.sequence, since.head)
    return since.sequence, since.head
