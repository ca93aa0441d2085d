"""Check an exported ledger with one public key, and trust nobody else.

    python verify.py BUNDLE.zip --key FINGERPRINT

This file needs Python 3.9 or newer and the package ``cryptography``, and nothing of Sparekey.
The fingerprint has to come by another way than the bundle: a forger would ship their own key.
So has this file, and for the same reason.

It ends with 0 if everything fits and is signed for; with 1 if something is wrong; with 2 if it
can't be asked or read like this; with 3 if all that is there fits, but lines at the beginning or
at the end are vouched for by no signature.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import itertools
import json
import re
import sys
import zipfile
import zlib
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:
    sys.stderr.write("This needs the package cryptography: python -m pip install cryptography\n")
    raise SystemExit(2) from None

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

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
            if self.last is not None and self.sequence > self.last:
                raise Broken(Finding.ADDED, self.last + 1, f"The file should end at {self.last}.")
            yield lines

    def end(self) -> None:
        """Nothing more follows: raise ``Broken`` where something should."""
        signed, due = max(self.marks, default=0), self.last or 0
        if max(signed, due) > self.sequence:
            what = "a checkpoint was signed" if signed > self.sequence else "it should end"
            text = f"The file ends at {self.sequence}; {what} at {max(signed, due)}."
            raise Broken(Finding.CUT_OFF, self.sequence + 1, text)

    def _extend(self, lines: Sequence[bytes]) -> int:
        """Link ``lines`` as far as they fit; how many did. One SHA-256 a line, no parsing."""
        if not self.head and lines:
            self.head = _previous(lines[0])
        head, sequence, marks = self.head.encode(), self.sequence, self.marks
        start = self._started.copy
        for line in lines:
            place = b',"_previous":"%b","_sequence":%d,' % (head, sequence + 1)
            if not line.startswith(place, line.find(b",", 7)):
                break
            digest = start()
            digest.update(line)
            head = digest.hexdigest().encode()
            sequence += 1
            if sequence in marks:
                if marks[sequence].encode() != head:
                    self._is_unlike = True
                    break
                self.vouched = sequence
        fitting, self.head, self.sequence = sequence - self.sequence, head.decode(), sequence
        return fitting

    def _unlike_its_mark(self, after: bytes | None) -> Broken:
        """The head is not the signed one: this line was changed, or all since the last mark."""
        here, since = self.sequence, self.vouched + 1
        if _number(after) == here:
            return _twice(here)
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
        ends_here = after is None and due == max((*self.marks, self.last or 0))
        numbers = (_number(one) for one in itertools.chain([after] if after else [], rest))
        if found < self.first:
            return Broken(Finding.ADDED, found, f"The file should begin at {self.first}.")
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
    def of(cls, source: Source, fingerprint: str) -> Keys:
        """Those in a bundle."""
        columns = ("fingerprint", "public_key", "statement", "signature")
        rows = list(itertools.islice(source.rows(KEYS, *columns), MOST_KEYS + 1))
        if len(rows) > MOST_KEYS:
            raise Unreadable(f"It holds more than {MOST_KEYS} keys.")
        return cls.rooted_in(fingerprint, rows)

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
    try:
        raw = _bytes(row["public_key"])
        key = Ed25519PublicKey.from_public_bytes(raw)
    except ValueError:
        text = "A public key is not to be read."
        raise Broken(Finding.WRONG_KEY, None, text) from None
    if hashlib.sha256(raw).hexdigest() != row["fingerprint"]:
        text = f"A key that is called {row['fingerprint']} is another one."
        raise Broken(Finding.WRONG_KEY, None, text)
    return key


def _introduction(row: Mapping[str, Any]) -> dict[str, Any]:
    said = _mapping(row["statement"]) if row["statement"] else {}
    is_about_it = said.get("key"), said.get("public_key")
    if said and is_about_it != (row["fingerprint"], row["public_key"]):
        text = f"What introduces the key {row['fingerprint']} is about another one."
        raise Broken(Finding.WRONG_KEY, None, text)
    return said


def _is_signed(key: Ed25519PublicKey, domain: bytes, statement: str, signature: str) -> bool:
    try:
        key.verify(_bytes(signature), domain + statement.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def _bytes(digits: str) -> bytes:
    """Bytes from the one way to write them."""
    raw = bytes.fromhex(digits)
    if raw.hex() != digits:
        raise ValueError
    return raw


def _mapping(text: str) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise Broken(Finding.CHANGED, None, "A signed statement is not to be read.")
    return said


MANIFEST: Final = "manifest.json"
EVENTS: Final = "events.jsonl"
VALUES: Final = "values.jsonl"
TABLE: Final = "events.csv"
CHECKPOINTS: Final = "checkpoints.jsonl"
PURGES: Final = "purges.jsonl"
KEYS: Final = "keys.jsonl"
OPEN: Final = (
    "operation",
    "outcome",
    "refusal",
    "actor_id",
    "subject_id",
    "subject_tier",
    "proofing",
    "session_digest",
    "verified_by",
    "authenticator",
    "trace",
)
"""What stands in a line as it is. Of everything else it holds a commitment."""
COMMITTED: Final = (
    *("actor_name", "subject_name", "reason", "ticket", "detail"),
    *("source_address", "user_agent"),
)
FORM: Final = re.compile(
    r'{"_id":(?P<_id>\d+),"_previous":"[0-9a-f]{64}","_sequence":(?P<_sequence>\d+),'
    + ",".join(
        '"v":1' if name == "v" else f'"{name}":"(?P<{name}>[^"]*)"'
        for name in sorted((*OPEN, *COMMITTED, "at", "v"))
    )
    + "}"
)
"""A line whose texts hold no backslash: it is read in a third of the time that JSON takes."""
UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f]")
BLOCK: Final = 1 << 18
LONGEST: Final = 1 << 23
"""No line is longer: one that is would fill the memory."""
MOST_FILES: Final = 64
MOST_KEYS: Final = 10_000


class Unreadable(Exception):
    """What was given is no bundle, or none that can be read to its end."""


UNREADABLE: Final = (
    *(OSError, EOFError, zipfile.BadZipFile, zlib.error, csv.Error),
    *(RuntimeError, MemoryError, ValueError, LookupError),
)
"""What the libraries raise over a file that is damaged, encrypted or made up."""


class Source:
    """The files of a bundle, in a ZIP or in a folder, each read once from end to end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.digests: dict[str, str] = {}
        self.unhashed: Sequence[str] = ()
        """Files that are not to be compared with the manifest."""
        self.is_torn = False
        """Whether the last event is not whole: half of one is never looked at."""
        self.tick: Callable[[int], None] = lambda _size: None
        self._zip = None if path.is_dir() else zipfile.ZipFile(path)
        names = self._zip.namelist() if self._zip else [one.name for one in path.iterdir()]
        if len(names) > MOST_FILES:
            raise Unreadable(f"It holds {len(names)} files: that is no bundle.")
        if len(names) > len(set(names)):
            raise Unreadable("Two of its files have the same name.")
        self.names = set(names)

    def size(self, name: str) -> int:
        """How long a file says it is."""
        return self._zip.getinfo(name).file_size if self._zip else (self.path / name).stat().st_size

    def open(self, name: str) -> IO[bytes]:
        """One file, as bytes."""
        if name not in self.names:
            raise Unreadable(f"There is no {name} in it.")
        return self._zip.open(name) if self._zip else (self.path / name).open("rb")

    def blocks(self, name: str) -> Iterator[bytes]:
        """A file in pieces. When it is at its end, its hash is known."""
        digest = hashlib.sha256()
        with self.open(name) as file:
            while block := file.read(BLOCK):
                if name == EVENTS:
                    self.tick(len(block))
                if name not in self.unhashed:
                    digest.update(block)
                yield block
        self.digests[name] = digest.hexdigest()

    def chunks(self, name: str) -> Iterator[list[bytes]]:
        """The lines of a file, many at a time, without what ends them."""
        rest = b""
        for block in self.blocks(name):
            # A quarter of the time that ``split`` takes, which looks at each byte by itself.
            lines = list(io.BytesIO(rest + block))
            rest = b"" if lines[-1].endswith(b"\n") else lines.pop()
            if len(rest) > LONGEST:
                raise Unreadable(f"{name} holds a line of more than {LONGEST} bytes.")
            if lines:
                yield [line[:-1] for line in lines]
        self.is_torn = bool(rest) and name == EVENTS
        if rest and not self.is_torn:
            yield [rest]

    def lines(self, name: str) -> Iterator[bytes]:
        """The lines of a file, one at a time."""
        return itertools.chain.from_iterable(self.chunks(name))

    def rows(self, name: str, *columns: str) -> Iterator[dict[str, str]]:
        """The lines of a file whose columns are text."""
        for line in self.lines(name):
            row = _loaded(line)
            if row is None or not all(isinstance(row.get(column), str) for column in columns):
                raise Broken(Finding.CHANGED, None, f"A line of {name} is not to be read.")
            yield row


@dataclass
class Manifest:
    """What a bundle says that it holds. Nobody signed it: it is a promise to check."""

    first: int
    last: int
    fields: tuple[str, ...]
    files: dict[str, str]

    @classmethod
    def of(cls, source: Source) -> Manifest:
        """The manifest in a bundle."""
        with source.open(MANIFEST) as file:
            said = _loaded(file.read(BLOCK)) or {}
        range_ = said.get("first"), said.get("last")
        fields, files = said.get("fields"), said.get("files")
        if not (
            all(type(number) is int and 0 <= number < 1 << 63 for number in range_)
            and isinstance(fields, list)
            and isinstance(files, dict)
            and all(isinstance(name, str) for name in fields)
            and all(isinstance(file, dict) for file in files.values())
        ):
            raise Unreadable("Its manifest is not to be read.")
        hashes = {name: str(file.get("sha256")) for name, file in files.items()}
        return cls(*range_, tuple(fields), hashes)  # type: ignore[arg-type]  # looked at above

    def compare(self, source: Source) -> None:
        """Raise ``Broken`` if a file is not the one that the manifest lists."""
        for name, digest in self.files.items():
            if name in source.unhashed:
                continue
            if name not in source.names:
                raise Broken(Finding.MISSING, None, f"There is no {name} in it.")
            if name not in source.digests:
                for _ in source.blocks(name):
                    pass
            if source.digests[name] != digest:
                text = f"{name} is not the file that the manifest lists."
                raise Broken(Finding.CHANGED, None, text)


class Values:
    """What is shown of the events, held against what each line commits to."""

    def __init__(self, source: Source, fields: Sequence[str]) -> None:
        self.fields = sorted(fields)
        self._lines = source.lines(VALUES)
        shown = (f',"{re.escape(name)}":\\["([0-9a-f]{{64}})",(.*?)\\]' for name in self.fields)
        self._form = re.compile(r'{"_sequence":\d+' + "".join(shown) + "}")

    def of(self, number: int, said: Mapping[str, Any]) -> dict[str, str]:
        """The values of the event whose line says this, as text, each the one it commits to."""
        if not self.fields:
            return {}
        shown = _text(next(self._lines, b""))
        if not shown.startswith(f'{{"_sequence":{number},'):
            raise Broken(Finding.MISSING, number, f"Its line in {VALUES} is not there.")
        read = self._form.fullmatch(shown)
        if read is None:
            raise Broken(Finding.CHANGED, number, f"Its line in {VALUES} has another form.")
        texts, parts = {}, iter(read.groups())
        for name, salt, raw in zip(self.fields, parts, parts):
            texts[name], digest = _committed(name, salt, raw)
            if not digest or said.get(name) != digest:
                text = f"Its {name} is not the one that was written."
                raise Broken(Finding.CHANGED, number, text)
        return texts

    def end(self, number: int) -> None:
        """Raise ``Broken`` if there are values of more events."""
        if next(self._lines, None) is not None:
            raise Broken(Finding.ADDED, number + 1, f"{VALUES} goes on after the last event.")


def _committed(name: str, salt: str, raw: str) -> tuple[str, str]:
    """A value as text, and the commitment to it. What is no text is committed to as it stands."""
    text = raw if name == "detail" else _unquoted(raw)
    if text is None:
        return "", ""
    return text, hashlib.sha256(bytes.fromhex(salt) + text.encode(errors="replace")).hexdigest()


def _unquoted(raw: str) -> str | None:
    """The text that a JSON text in its canonical form stands for."""
    if "\\" not in raw:
        text = raw[1:-1]
        return text if raw == f'"{text}"' and '"' not in text else None
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    is_canonical = isinstance(value, str) and json.encoder.encode_basestring(value) == raw
    return value if is_canonical else None


def _said(line: bytes) -> Mapping[str, Any]:
    """The fields of an event's line."""
    read = FORM.fullmatch(_text(line)) if b"\\" not in line else None
    return read.groupdict() if read else _loaded(line) or {}


def _text(line: bytes) -> str:
    """A line as text; of what is no text, one that is like none of ours."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        return ""


class Table:
    """The spreadsheet, held against the lines."""

    def __init__(self, source: Source, fields: Sequence[str]) -> None:
        csv.field_size_limit(LONGEST)
        self._rows = csv.reader(f"{line.decode()}\n" for line in source.lines(TABLE))
        self.fields = fields
        self._expect(1, ["_sequence", "_id", "at", *OPEN, *fields], "Its head")

    def check(self, number: int, said: Mapping[str, Any], values: Mapping[str, str]) -> None:
        """Raise ``Broken`` unless the next row says what the line and its values say."""
        written = [str(said.get(name)) for name in ("_sequence", "_id", "at", *OPEN)]
        self._expect(number, [*written, *(values[name] for name in self.fields)], "Its row")

    def end(self, number: int) -> None:
        """Raise ``Broken`` if there are more rows than events."""
        if self._next(number) is not None:
            raise Broken(Finding.ADDED, number + 1, f"{TABLE} goes on after the last event.")

    def _expect(self, number: int, written: Sequence[str], what: str) -> None:
        cells = self._next(number)
        if cells is None:
            raise Broken(Finding.MISSING, number, f"{what} in {TABLE} is not there.")
        if cells == written:
            return
        if len(cells) != len(written) or not all(map(_reads_as, cells, written)):
            raise Broken(Finding.CHANGED, number, f"{what} in {TABLE} says something else.")

    def _next(self, number: int) -> list[str] | None:
        try:
            return next(self._rows, None)
        except (csv.Error, UnicodeDecodeError):
            text = f"Its row in {TABLE} is not to be read."
            raise Broken(Finding.CHANGED, number, text) from None


def _reads_as(cell: str, written: str) -> bool:
    """Whether a cell shows a text: what a spreadsheet would run has an apostrophe before it."""
    text = UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", written)
    return cell in {text, f"'{text}"}


def _loaded(line: bytes) -> dict[str, Any] | None:
    """A JSON object, or nothing."""
    try:
        row = json.loads(line.decode())
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None


SIGNED_TWICE: Final = "Two signed statements say different things."


@dataclass
class Signed:
    """What was signed about a ledger: where it began, and its head at several times."""

    heads: dict[int, str] = field(default_factory=lambda: {0: GENESIS})
    """Hashes by sequence that a trusted key vouches for, in checkpoints and purge records."""
    checkpoints: int = 0
    purged: int = 0
    """The last event that left the ledger with a signed record."""
    gone: int = 0
    """The last event that was gone already, as a checkpoint counted them."""
    last_at: str = ""
    last: int = 0
    earlier: int = 0
    """How many statements an earlier key signed: they say nothing here."""

    @classmethod
    def of(cls, source: Source, keys: Keys) -> Signed:
        """Everything that is signed in a bundle."""
        signed = cls()
        for row in source.rows(PURGES, "statement", "signature"):
            signed.add_purge(keys.read(PURGE_DOMAIN, row["statement"], row["signature"]))
        for row in source.rows(CHECKPOINTS, "statement", "signature"):
            signed.add_checkpoint(keys.read(CHECKPOINT_DOMAIN, row["statement"], row["signature"]))
        if signed.gone > signed.purged and not signed.earlier:
            text = f"Events up to {signed.gone} had left the ledger, and no purge record says so."
            raise Broken(Finding.MISSING, signed.purged + 1, text)
        return signed

    @classmethod
    def kept(cls, path: Path, keys: Keys) -> Signed:
        """Checkpoints that were kept outside the database, one a line, whatever stands before."""
        signed = cls()
        with path.open("rb") as file:
            for line in iter(lambda: file.readline(LONGEST), b""):
                row = _loaded(line[max(0, line.rfind(b'{"signature":')) :]) or {}
                statement, signature = row.get("statement"), row.get("signature")
                if isinstance(statement, str) and isinstance(signature, str):
                    signed.add_checkpoint(keys.read(CHECKPOINT_DOMAIN, statement, signature))
        if not signed.checkpoints:
            raise Unreadable(f"{path} holds no checkpoint that the given key vouches for.")
        return signed

    def with_those_of(self, other: Signed | None, *, upto: int) -> dict[int, str]:
        """All heads that are known; raise ``Broken`` where the same one is told differently."""
        heads = dict(self.heads)
        for sequence, head in other.heads.items() if other else ():
            if sequence <= upto and heads.setdefault(sequence, head) != head:
                raise Broken(Finding.CHANGED, sequence, SIGNED_TWICE)
        return heads

    def add_checkpoint(self, said: dict[str, Any] | None) -> None:
        """Believe what a trusted key signed about the head."""
        if said is None:
            self.earlier += 1
            return
        sequence, count = self._vouch(said, "sequence", "head"), said.get("count")
        self.checkpoints += 1
        self.gone = max(self.gone, sequence - count) if type(count) is int else self.gone
        if sequence >= self.last:
            self.last, self.last_at = sequence, str(said.get("at"))

    def add_purge(self, said: dict[str, Any] | None) -> None:
        """Believe what a trusted key signed about events that left, one after the other."""
        if said is None:
            self.earlier += 1
            return
        first, due = said.get("first"), self.purged + 1
        if not self.earlier and first != due:
            text = f"No purge record says where line {due} went, and the next begins at {first}."
            raise Broken(Finding.MISSING, due, text)
        if not self.earlier and said.get("previous") != self.heads[self.purged]:
            text = "What was purged from here on does not follow from what was purged before."
            raise Broken(Finding.CHANGED, due, text)
        self.purged = self._vouch(said, "last", "last_hash")

    def _vouch(self, said: Mapping[str, Any], number: str, digest: str) -> int:
        sequence, head = said.get(number), said.get(digest)
        if type(sequence) is not int or not isinstance(head, str) or not HEX.fullmatch(head):
            raise Broken(Finding.CHANGED, None, "A signed statement is not to be read.")
        if self.heads.setdefault(sequence, head) != head:
            raise Broken(Finding.CHANGED, sequence, SIGNED_TWICE)
        return sequence


@dataclass
class Report:
    """What was found of a bundle in which nothing is wrong."""

    manifest: Manifest
    signed: Signed
    keys: Keys
    events: int = 0
    first_at: str = ""
    last_at: str = ""
    unsigned: int = 0
    """How many events at the end no signature vouches for."""
    is_anchored: bool = True
    """Whether it begins where the ledger does, or where something signed left off."""
    looked_at_all: bool = True
    known: Signed | None = None
    """What the auditor knew already, from checkpoints kept outside the database."""

    @property
    def went_on(self) -> bool:
        """Whether the auditor knows of events after the last one here."""
        return self.known is not None and self.known.last > self.manifest.last

    @property
    def code(self) -> int:
        """What to end with."""
        return 0 if self.is_anchored and not self.unsigned and not self.went_on else 3


def verify(
    source: Source, fingerprint: str, *, lines_only: bool = False, known: Path | None = None
) -> Report:
    """Check a bundle from end to end; raise ``Broken`` at the first thing that is wrong."""
    manifest = Manifest.of(source)
    # Each line of the events has a hash that the next one names: the manifest's adds nothing.
    source.unhashed = (EVENTS, VALUES, TABLE) if lines_only else ()
    keys = Keys.of(source, fingerprint)
    signed = Signed.of(source, keys)
    report = Report(manifest, signed, keys, looked_at_all=not lines_only)
    report.known = Signed.kept(known, keys) if known else None
    heads = signed.with_those_of(report.known, upto=manifest.last)
    previous = heads.get(manifest.first - 1)
    report.is_anchored = previous is not None
    chain = Chain(first=manifest.first, previous=previous, marks=heads, last=manifest.last)
    _walk(source, chain, report)
    manifest.compare(source)
    report.events = chain.sequence - manifest.first + 1
    report.unsigned = chain.sequence - max(chain.vouched, manifest.first - 1)
    return report


def _walk(source: Source, chain: Chain, report: Report) -> None:
    fields = report.manifest.fields
    values = table = None
    if report.looked_at_all:
        values, table = Values(source, fields), Table(source, fields)
    for lines in chain.follow(source.chunks(EVENTS)):
        report.first_at, report.last_at = report.first_at or _time(lines[0]), _time(lines[-1])
        if values and table:
            for number, line in enumerate(lines, chain.sequence - len(lines) + 1):
                said = _said(line)
                table.check(number, said, values.of(number, said))
    chain.end()
    if source.is_torn:
        raise Broken(Finding.CUT_OFF, chain.sequence + 1, "Its line is not whole.")
    if values and table:
        values.end(chain.sequence)
        table.end(chain.sequence)


def _time(line: bytes) -> str:
    found = re.search(rb'"at":"([0-9TZ:.-]{1,40})"', line)
    return found[1].decode() if found else "?"


class Progress:
    """A bar on the terminal."""

    WIDTH: Final = 40

    def __init__(self, size: int) -> None:
        self.size, self.done, self.shown = size, 0, -1

    def __call__(self, size: int) -> None:
        self.done += size
        percent = min(100, self.done * 100 // max(1, self.size))
        if percent > self.shown:
            self.shown = percent
            bar = "#" * (percent * self.WIDTH // 100)
            sys.stderr.write(f"\r[{bar:<{self.WIDTH}}] {percent:3} %")
            sys.stderr.flush()

    def clear(self) -> None:
        """Take the bar away."""
        if self.shown >= 0:
            sys.stderr.write(f"\r{' ' * (self.WIDTH + 10)}\r")


def told(report: Report) -> Iterator[str]:
    """What to say of a bundle in which nothing is wrong, line by line."""
    manifest, signed = report.manifest, report.signed
    range_ = f"{report.events} events, {manifest.first} to {manifest.last}"
    if report.code == 0:
        yield f"OK: {range_}, complete and unchanged."
    else:
        yield f"IN PART: {range_}, fit each other, but not all is signed for."
    yield f"Events:      {report.first_at or '-'} to {report.last_at or '-'}"
    yield f"Checkpoints: {signed.checkpoints}; the last at {signed.last}, {signed.last_at or '-'}"
    if report.known:
        known = report.known
        yield f"You kept:    {known.checkpoints} checkpoints; the last at {known.last}"
    yield f"Purged:      up to {signed.purged}" if signed.purged else "Purged:      nothing"
    yield f"Keys:        {len(report.keys.trusted)}, from the given one on"
    if report.looked_at_all:
        yield f"Values:      {', '.join(manifest.fields) or 'none shown'}; events.csv says the same"
    for gap in gaps(report):
        yield f"Not shown:   {gap}"


def gaps(report: Report) -> Iterator[str]:
    """What a bundle leaves open, though nothing in it is wrong."""
    manifest, signed, known = report.manifest, report.signed, report.known
    if report.unsigned:
        yield (
            f"no signature covers the last {report.unsigned} events. They, and any that were cut "
            f"off after them, could have been written by whoever made the file."
        )
    if not report.is_anchored:
        yield f"what came before {manifest.first}: nothing signed ends there."
    if known and report.went_on:
        yield f"events after {manifest.last}: there were {known.last} at {known.last_at}."
    if signed.earlier:
        yield f"{signed.earlier} statements that a key from before the given one signed."
    if not report.looked_at_all:
        yield "whether values and events.csv say what was written: you asked for lines only."
    yield "events written after the last checkpoint, if there were any."


def main(arguments: Sequence[str] | None = None) -> int:
    """Check what the command line names; what to end with."""
    asked = _parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        report = _verified(asked)
    except Broken as broken:
        _say(f"BROKEN: {broken}")
        return 1
    except Unreadable as unreadable:
        _say(f"UNREADABLE: {unreadable}")
        return 2
    except UNREADABLE as error:
        _say(f"UNREADABLE: {type(error).__name__}: {error}")
        return 2
    if not asked.quiet or report.code:
        for line in told(report):
            _say(line)
    return report.code


def _verified(asked: argparse.Namespace) -> Report:
    source = Source(Path(asked.bundle))
    progress = Progress(source.size(EVENTS)) if EVENTS in source.names else None
    if progress and sys.stderr.isatty() and not asked.quiet:
        source.tick = progress
    try:
        return verify(source, asked.key, lines_only=asked.lines_only, known=asked.checkpoints)
    finally:
        if progress:
            progress.clear()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Check an exported ledger with one public key.",
        epilog="Ends with 0: all fits and is signed for. 1: something is wrong. 2: can't be asked "
        "or read like this. 3: all fits, but not all of it is signed for.",
    )
    parser.add_argument("bundle", help="the ZIP, or the folder that it was unpacked into")
    parser.add_argument("--key", required=True, type=_fingerprint, metavar="FINGERPRINT")
    parser.add_argument(
        "--checkpoints", type=Path, metavar="FILE", help="kept elsewhere, one a line"
    )
    parser.add_argument("--lines-only", action="store_true", help="leave out values and events.csv")
    parser.add_argument(
        "--quiet", action="store_true", help="say something only if all is not well"
    )
    return parser


def _fingerprint(typed: str) -> str:
    fingerprint = re.sub(r"[\s:]", "", typed).lower()
    if not HEX.fullmatch(fingerprint):
        raise argparse.ArgumentTypeError("a fingerprint is 64 hexadecimal digits")
    return fingerprint


def _say(text: str) -> None:
    """Write a line; what a terminal would obey does not reach it."""
    harmless = "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)
    sys.stdout.write(f"{harmless}\n")


if __name__ == "__main__":
    sys.exit(main())
