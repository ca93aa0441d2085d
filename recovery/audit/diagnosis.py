"""What has become of the event that should stand in one place of the chain."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from recovery.audit.streaming import chain_rows
from recovery.audit.verifier import EVENT_DOMAIN, GENESIS, Broken, Finding

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.backends.base.base import BaseDatabaseWrapper

    from recovery.audit.streaming import Row

REACH: Final = 1000
"""By how many places a shift is looked for."""
LINE: Final = EVENT_DOMAIN + b'{"_id":%d,"_previous":"%b","_sequence":%d,%b'


def digest(event_id: int, previous: bytes, sequence: int, content: bytes) -> bytes:
    """The hash of an event in a place, in hex."""
    return hashlib.sha256(LINE % (event_id, previous, sequence, content[1:])).hexdigest().encode()


class Misfit:
    """A row that was found where ``due`` should follow on the hash ``previous``."""

    def __init__(
        self, connection: BaseDatabaseWrapper, row: Row, *, due: int, previous: bytes
    ) -> None:
        self.connection, self.due, self.previous = connection, due, previous
        self.row = row
        self.number, self.event_id, self.own, self.content = row

    def diagnose(self) -> Broken:
        """Say what happened here, as exactly as what is left of it allows."""
        if self.number < self.due:
            return Broken(Finding.ADDED, self.number, "There are two entries of this number.")
        if self.number > self.due:
            text = f"The next one that is there is {self.number}."
            return self._moved() or Broken(Finding.MISSING, self.due, text)
        if self.content is None:
            text = f"Its entry is there, but not the event with the id {self.event_id}."
            return Broken(Finding.MISSING, self.due, text)
        later = list(self._rows(self.due, upto=self.due + 2))
        return self._pushed() or self._shifted(later) or self._moved() or self._changed(later)

    def _moved(self) -> Broken | None:
        elsewhere = self._elsewhere()
        if elsewhere is None:
            return None
        return Broken(Finding.MOVED, self.due, f"What belongs here stands at {elsewhere}.")

    def _elsewhere(self) -> int | None:
        """Where there is a row that fits here."""
        place = None
        for number, event_id, own, content in self._rows(self.due):
            if place is not None or content is None:
                continue  # to the end: a cursor that is left half-way takes the snapshot with it
            here = digest(event_id, self.previous, self.due, content)
            in_our_row = digest(self.event_id, self.previous, self.due, content)
            if here in {own, self.own} or in_our_row == self.own:
                place = number
        return place

    def _pushed(self) -> Broken | None:
        """Whether this row fits further up: then something was put in before it."""
        first = max(1, self.due - REACH)
        heads = {0: GENESIS.encode()}
        heads |= {row[0]: row[2] for row in self._rows(first - 2, upto=self.due)}
        for place in range(self.due - 1, first - 1, -1):
            if _was_at(self.row, place, heads.get(place - 1, b"")):
                return Broken(Finding.ADDED, place, "What follows it belongs in its place.")
        return None

    def _shifted(self, later: list[Row]) -> Broken | None:
        """Whether what follows was hashed for other places: then something left or came here."""
        if not later:
            return None
        before, last = self.own if len(later) == 1 else later[0][2], later[-1]
        for shift in range(1, REACH):
            if _was_at(last, last[0] + shift, before):
                return Broken(
                    Finding.MISSING, self.due, "What follows was moved up into its place."
                )
            if _was_at(last, last[0] - shift, before, self.previous):
                return Broken(Finding.ADDED, self.due, "What follows belongs in its place.")
        return None

    def _changed(self, later: list[Row]) -> Broken:
        here = digest(self.event_id, self.previous, self.due, self.content or b"")
        if later and _was_at(later[0], self.due + 1, here):
            return Broken(Finding.CHANGED, self.due, "The hash in its entry is not its own.")
        text = "It is not what was hashed here, or what stands before it was replaced."
        return Broken(Finding.CHANGED, self.due, text)

    def _rows(self, after: int, upto: int | None = None) -> Iterable[Row]:
        return chain_rows(self.connection, after=after, upto=upto)


def _was_at(row: Row, place: int, *previous: bytes) -> bool:
    """Whether ``row`` was hashed for ``place``, behind one of some hashes."""
    _, event_id, own, content = row
    return content is not None and own in {
        digest(event_id, one, place, content) for one in previous
    }
