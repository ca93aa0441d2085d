"""Whether the ledger in the database is what was written, and what was signed about it."""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import batched
from typing import TYPE_CHECKING, Final

from django.db import connections

from recovery.audit import columns as stored
from recovery.audit.diagnosis import LINE, Misfit
from recovery.audit.signed import Signed
from recovery.audit.streaming import chain_rows, snapshot, unlinked_event
from recovery.audit.verifier import Broken, Finding
from recovery.models import ChainEntry

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

    from recovery.audit.streaming import Row
    from recovery.models import Checkpoint

Progress = Callable[[int], object]
"""Told how many more events were checked."""

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
        walk.through(connection, progress)
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


def must_stand(using: str, sequence: int, head: str) -> None:
    """Raise ``Broken`` unless the entry ``sequence`` is there and has this hash."""
    entries = ChainEntry.objects.using(using)
    entry = entries.filter(sequence=sequence).first()
    if entry is None:
        is_end = not entries.filter(sequence__gt=sequence).exists()
        finding = Finding.CUT_OFF if is_end else Finding.MISSING
        raise Broken(finding, sequence, "It was there before.")
    if entry.hash != head:
        raise Broken(Finding.CHANGED, sequence, "It had another hash before.")


def must_all_be_linked(connection: BaseDatabaseWrapper) -> None:
    """Raise ``Broken`` for an event that has no place in the chain."""
    event_id = unlinked_event(connection)
    if event_id is not None:
        text = f"The event with the id {event_id} has no place in the chain."
        raise Broken(Finding.ADDED, None, text)


def _place(using: str, signed: Signed, since: Checkpoint | None) -> tuple[int, str]:
    if since is None or since.sequence <= signed.start[0]:
        return signed.start
    if signed.marks.get(since.sequence) != since.head:
        text = "The trusted key does not vouch for this checkpoint."
        raise Broken(Finding.WRONG_KEY, since.sequence, text)
    must_stand(using, since.sequence, since.head)
    return since.sequence, since.head


class Walk:
    """Goes along the chain from behind ``sequence``, whose hash is ``head``."""

    def __init__(self, sequence: int, head: str, marks: dict[int, str]) -> None:
        self.sequence, self.vouched = sequence, sequence
        self.head = head.encode()
        self.marks = {place: mark.encode() for place, mark in marks.items()}

    def through(self, connection: BaseDatabaseWrapper, progress: Progress | None = None) -> None:
        """Follow every row behind this place; raise ``Broken`` at the first that does not fit."""
        rows = chain_rows(connection, after=self.sequence)
        for batch in batched(rows, BATCH, strict=False):
            misfit = self.extend(batch)
            if misfit is not None:
                deque(rows, maxlen=0)
                raise self._broken(connection, misfit)
            if progress is not None:
                progress(len(batch))

    def extend(self, rows: Iterable[Row]) -> Row | None:
        """Follow ``rows`` as far as they fit; the first that does not. One SHA-256 a row."""
        sequence, head, marks, sha256 = self.sequence, self.head, self.marks, hashlib.sha256
        misfit = None
        for row in rows:
            number, event_id, own, content = row
            if number != sequence + 1 or content is None:
                misfit = row
                break
            line = LINE % (event_id, head, number, content[1:])
            if sha256(line).hexdigest().encode() != own:
                misfit = row
                break
            if number in marks:
                if marks[number] != own:
                    misfit = row
                    break
                self.vouched = number
            sequence, head = number, own
        self.sequence, self.head = sequence, head
        return misfit

    def _broken(self, connection: BaseDatabaseWrapper, misfit: Row) -> Broken:
        number, event_id, own, content = misfit
        if number == self.sequence + 1 and content is not None:
            line = LINE % (event_id, self.head, number, content[1:])
            if hashlib.sha256(line).hexdigest().encode() == own:
                return self._unlike_its_mark(number)
        due = self.sequence + 1
        return Misfit(connection, misfit, due=due, previous=self.head).diagnose()

    def _unlike_its_mark(self, number: int) -> Broken:
        """The links hold, but this is not the head that was signed: all of it was made anew."""
        since = self.vouched + 1
        text = (
            f"What was signed at {number} is another chain: something from {since} on was changed."
        )
        return Broken(Finding.CHANGED, since, text)
