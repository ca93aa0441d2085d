"""Check an exported ledger with one public key, and trust nobody else.

    python verify.py BUNDLE.zip --key FINGERPRINT

This file needs Python 3.9 or newer and the package ``cryptography``, and nothing of Sparekey.
The fingerprint has to come by another way than the bundle: a forger would ship their own key.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

EVENT_DOMAIN: Final = b"sparekey/event/1\n"
CHECKPOINT_DOMAIN: Final = b"sparekey/checkpoint/1\n"
PURGE_DOMAIN: Final = b"sparekey/purge/1\n"
KEY_DOMAIN: Final = b"sparekey/key/1\n"
GENESIS: Final = "0" * 64
HEX: Final = re.compile(r"[0-9a-f]{64}")
PLACE: Final = re.compile(rb'\{"_id":\d+,"_previous":"([0-9a-f]{64})","_sequence":(\d{1,19}),')
"""How each line begins: its row, the hash of the line before, its number."""


class Finding(str, Enum):
    """What can be wrong with a ledger."""

    CHANGED = "changed"
    MISSING = "missing"
    ADDED = "added"
    MOVED = "moved"
    CUT_OFF = "cut_off"
    WRONG_KEY = "wrong_key"

    def __str__(self) -> str:
        return self.value


class Broken(Exception):
    """The ledger is not what was signed. ``sequence`` is the first line that is wrong."""

    def __init__(self, finding: Finding, sequence: int | None, text: str) -> None:
        super().__init__(finding, sequence, text)
        self.finding, self.sequence, self.text = finding, sequence, text

    def __str__(self) -> str:
        place = "" if self.sequence is None else f" at {self.sequence}"
        return f"{self.finding}{place}: {self.text}"


def hash_of(line: bytes) -> str:
    """The hash of an event's line, as the next line names it and as it is signed."""
    return hashlib.sha256(EVENT_DOMAIN + line).hexdigest()


class Chain:
    """Follows lines from ``first`` on, and says which is the first that does not fit.

    ``previous`` is the hash of the line before the first; without it the first line is believed,
    and only what is signed further on vouches for it. ``marks`` are signed heads by sequence.
    ``last`` is the line that the file should end with.
    """

    def __init__(
        self,
        *,
        first: int = 1,
        previous: str | None = GENESIS,
        marks: Mapping[int, str] | None = None,
        last: int | None = None,
    ) -> None:
        self.first, self.last = first, last
        self.sequence = first - 1
        """The last line that fitted."""
        self.head = previous or ""
        self.marks = dict(marks or {})
        self.vouched = first - 1
        """The last line that a signature vouches for."""
        self._started = hashlib.sha256(EVENT_DOMAIN)
        self._is_unlike = False

    def feed(self, line: bytes) -> str:
        """Add one line; its hash. With nothing to look ahead to, a finding is less exact."""
        list(self.follow([[line]]))
        return self.head

    def follow(self, chunks: Iterable[Sequence[bytes]]) -> Iterator[Sequence[bytes]]:
        """Hand on each chunk of lines whose every line fits; else raise ``Broken``."""
        chunks = iter(chunks)
        for lines in chunks:
            fitting = self._extend(lines)
            rest = itertools.chain(lines[fitting:], itertools.chain.from_iterable(chunks))
            if self._is_unlike:
                raise self._unlike_its_mark(next(rest, None))
            if fitting < len(lines):
                raise self._misfit(rest)
            yield lines

    def end(self) -> None:
        """Nothing more follows: raise ``Broken`` where something should."""
        signed = max(self.marks, default=0)
        if max(signed, self.last or 0) > self.sequence:
            what = "a checkpoint was signed" if signed > self.sequence else "the manifest ends"
            text = f"The file ends at {self.sequence}; {what} at {max(signed, self.last or 0)}."
            raise Broken(Finding.CUT_OFF, self.sequence + 1, text)

    def _extend(self, lines: Sequence[bytes]) -> int:
        """Link ``lines`` as far as they fit; how many did. One SHA-256 a line, no parsing."""
        if not self.head and lines:
            self.head = _previous(lines[0])
        head, sequence, marks = self.head.encode(), self.sequence, self.marks
        start, fitting = self._started.copy, 0
        for line in lines:
            place = b',"_previous":"%b","_sequence":%d,' % (head, sequence + 1)
            if not line.startswith(place, line.find(b",", 7)):
                break
            digest = start()
            digest.update(line)
            head = digest.hexdigest().encode()
            sequence += 1
            fitting += 1
            if sequence in marks:
                if marks[sequence].encode() != head:
                    self._is_unlike = True
                    break
                self.vouched = sequence
        self.head, self.sequence = head.decode(), sequence
        return fitting

    def _unlike_its_mark(self, after: bytes | None) -> Broken:
        """The head is not the signed one: this line was changed, or all since the last mark."""
        here, since = self.sequence, self.vouched + 1
        if since == here or (after and _previous(after) == self.marks[here]):
            return Broken(Finding.CHANGED, here, "It is not the line whose hash was signed.")
        text = f"A line from {since} to {here} was changed, and what follows was made to fit it."
        return Broken(Finding.CHANGED, since, f"{text} The checkpoint at {here} says otherwise.")

    def _misfit(self, rest: Iterator[bytes]) -> Broken:
        line, after = next(rest), next(rest, None)
        due, found, then = self.sequence + 1, _number(line), _number(after)
        if found == due:
            return self._unlinked(line, after)
        if found is None:
            finding = Finding.ADDED if then == due else Finding.CHANGED
            return Broken(finding, due, "This is no line of a ledger.")
        ends_here = after is None and max(self.marks, default=self.last or 0) == due
        numbers = (_number(one) for one in itertools.chain([after] if after else [], rest))
        if found < due:
            is_in_place = then == due + 1 or ends_here
            return _renumbered(due, found) if is_in_place else _twice(found)
        return _ahead(due, found, numbers, is_in_place=then == due + 1 or ends_here)

    def _unlinked(self, line: bytes, after: bytes | None) -> Broken:
        """The number is right and the hash of the line before is not: one of the two changed."""
        due, own = self.sequence + 1, hash_of(line)
        if _number(after) == due:
            return _twice(due)
        is_genuine = _previous(after) == own if after else self.marks.get(due, own) == own
        if is_genuine and self.sequence >= self.first:
            text = f"Its hash is not the one that line {due} names."
            return Broken(Finding.CHANGED, self.sequence, text)
        return Broken(Finding.CHANGED, due, "It does not follow from the line before it.")


def _number(line: bytes | None) -> int | None:
    place = PLACE.match(line or b"")
    return int(place[2]) if place else None


def _previous(line: bytes) -> str:
    place = PLACE.match(line)
    return place[1].decode() if place else ""


def _renumbered(due: int, found: int) -> Broken:
    return Broken(Finding.CHANGED, due, f"It says that it is line {found}.")


def _twice(number: int) -> Broken:
    return Broken(Finding.ADDED, number, "There are two lines of this number.")


def _ahead(due: int, found: int, numbers: Iterable[int | None], *, is_in_place: bool) -> Broken:
    """Where ``due`` should stand is a later line: what comes after tells why."""
    is_there = is_there_again = False
    for number in numbers:
        is_there, is_there_again = is_there or number == due, is_there_again or number == found
    if is_there and is_there_again:
        return _twice(found)
    if is_there:
        return Broken(Finding.MOVED, due, f"Line {found} stands in its place.")
    if is_in_place:
        return _renumbered(due, found)
    upto = "" if found == due + 1 else f" So are those up to {found - 1}."
    return Broken(Finding.MISSING, due, f"Line {found} follows on line {due - 1}.{upto}")


@dataclass
class Keys:
    """Public keys by fingerprint: those that the given one vouches for, and earlier ones."""

    trusted: dict[str, Ed25519PublicKey] = field(default_factory=dict)
    earlier: set[str] = field(default_factory=set)
    """Keys from before the given one. It can't vouch for what they signed."""

    @classmethod
    def rooted_in(cls, fingerprint: str, rows: Sequence[Mapping[str, Any]]) -> Keys:
        """Keys of ``rows`` (fingerprint, public_key, statement, signature) that can be trusted."""
        public = {row["fingerprint"]: _public_key(row) for row in rows}
        if fingerprint not in public:
            text = f"The key {fingerprint} is not among those that this ledger was signed with."
            raise Broken(Finding.WRONG_KEY, None, text)
        keys = cls({fingerprint: public[fingerprint]})
        said = {row["fingerprint"]: _introduction(row) for row in rows}
        keys._go_back(fingerprint, said)
        keys._go_on(rows, said, public)
        return keys

    def _go_back(self, fingerprint: str, said: Mapping[str, Mapping[str, Any]]) -> None:
        while (fingerprint := said.get(fingerprint, {}).get("previous", "")) in said:
            if fingerprint in self.earlier or fingerprint in self.trusted:
                return
            self.earlier.add(fingerprint)

    def _go_on(
        self,
        rows: Sequence[Mapping[str, Any]],
        said: Mapping[str, Mapping[str, Any]],
        public: Mapping[str, Ed25519PublicKey],
    ) -> None:
        """Follow the rotations: a key is trusted if a trusted one signed it."""
        waiting = [row for row in rows if row["fingerprint"] not in {*self.trusted, *self.earlier}]
        while waiting:
            able = [
                row for row in waiting if said[row["fingerprint"]].get("previous") in self.trusted
            ]
            if not able:
                text = f"Nothing leads from the given key to {waiting[0]['fingerprint']}."
                raise Broken(Finding.WRONG_KEY, None, text)
            for row in able:
                fingerprint = row["fingerprint"]
                signer = self.trusted[said[fingerprint]["previous"]]
                if not _is_signed(signer, KEY_DOMAIN, row["statement"], row["signature"]):
                    text = f"The key before {fingerprint} did not sign it."
                    raise Broken(Finding.WRONG_KEY, None, text)
                self.trusted[fingerprint] = public[fingerprint]
                waiting.remove(row)

    def read(self, domain: bytes, statement: str, signature: str) -> dict[str, Any] | None:
        """What a signed statement says; nothing if an earlier key signed it."""
        said = _mapping(statement)
        sequence = said.get("sequence", said.get("last"))
        name, where = said.get("key"), sequence if isinstance(sequence, int) else None
        if name in self.earlier:
            return None
        if name not in self.trusted:
            text = "A key that the given one does not vouch for signed this."
            raise Broken(Finding.WRONG_KEY, where, text)
        if not _is_signed(self.trusted[name], domain, statement, signature):
            text = "What was signed here is not what stands here: its signature does not fit."
            raise Broken(Finding.CHANGED, where, text)
        return said


def _public_key(row: Mapping[str, Any]) -> Ed25519PublicKey:
    raw = bytes.fromhex(row["public_key"])
    if hashlib.sha256(raw).hexdigest() != row["fingerprint"]:
        text = f"A key that is called {row['fingerprint']} is another one."
        raise Broken(Finding.WRONG_KEY, None, text)
    return Ed25519PublicKey.from_public_bytes(raw)


def _introduction(row: Mapping[str, Any]) -> dict[str, Any]:
    said = _mapping(row["statement"]) if row["statement"] else {}
    is_about_it = said.get("key"), said.get("public_key")
    if said and is_about_it != (row["fingerprint"], row["public_key"]):
        text = f"What introduces the key {row['fingerprint']} is about another one."
        raise Broken(Finding.WRONG_KEY, None, text)
    return said


def _is_signed(key: Ed25519PublicKey, domain: bytes, statement: str, signature: str) -> bool:
    try:
        key.verify(bytes.fromhex(signature), domain + statement.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def _mapping(text: str) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise Broken(Finding.CHANGED, None, "A signed statement is not to be read.")
    return said
