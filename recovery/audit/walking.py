"""Along the chain in the database, row after row."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable
from itertools import batched
from typing import TYPE_CHECKING, Final

from recovery.audit.diagnosis import LINE, Misfit, digest
from recovery.audit.streaming import chain_rows
from recovery.audit.verifier import Broken, Finding

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

    from recovery.audit.streaming import Row

Progress = Callable[[int], object]
"""Told how many more events were checked."""

Place = tuple[int, str]
"""A place in the chain, and the hash there."""

BATCH: Final = 1000


class Walk:
    """Goes along the chain from behind ``sequence``, whose hash is ``head``."""

    def __init__(self, sequence: int, head: str, marks: dict[int, str]) -> None:
        self.sequence, self.vouched = sequence, sequence
        self.head = head.encode()
        self.marks = {place: mark.encode() for place, mark in marks.items()}

    @property
    def place(self) -> Place:
        """The last row that fitted, and its hash."""
        return self.sequence, self.head.decode()

    def through(
        self,
        connection: BaseDatabaseWrapper,
        *,
        upto: int | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Follow every row behind this place; raise ``Broken`` at the first that does not fit."""
        rows = chain_rows(connection, after=self.sequence, upto=upto)
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
        due = self.sequence + 1
        if number == due and content and digest(event_id, self.head, due, content) == own:
            return self._unlike_its_mark(number)
        return Misfit(connection, misfit, due=due, previous=self.head).diagnose()

    def _unlike_its_mark(self, number: int) -> Broken:
        """The links hold, but this is not the head that was signed: all of it was made anew."""
        since = self.vouched + 1
        text = (
            f"What was signed at {number} is another chain: something from {since} on was changed."
        )
        return Broken(Finding.CHANGED, since, text)
