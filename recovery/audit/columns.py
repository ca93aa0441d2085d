"""Whether the columns of an event, which people read, say what its hashed content says."""

from __future__ import annotations

import hashlib
import hmac
import json
from itertools import batched
from typing import TYPE_CHECKING, Any, Final

from recovery.audit.verifier import Broken, Finding
from recovery.canonical import COMMITTED, OPEN, VERSION, content_of, moment
from recovery.models import AuditEvent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from recovery.audit.walking import Progress

FIELDS: Final = ("at", "salt", *OPEN, *COMMITTED)
BATCH: Final = 1000
UNREADABLE: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What comes of a column that holds what nobody of us writes there."""
_dumps: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def compare(
    using: str, *, after: int = 0, upto: int | None = None, progress: Progress | None = None
) -> None:
    """Make the content of each event again from its columns; raise ``Broken`` where it differs."""
    sequence = after
    try:
        for batch in batched(_rows(using, after, upto), BATCH, strict=False):
            for row in batch:
                _must_agree(*row)
                sequence = row[0]
            if progress is not None:
                progress(len(batch))
    except UNREADABLE:
        _read_singly(using, sequence)
        raise


def _rows(using: str, after: int, upto: int | None) -> Iterator[tuple[Any, ...]]:
    events = AuditEvent.objects.using(using).filter(entry__sequence__gt=after)
    if upto is not None:
        events = events.filter(entry__sequence__lte=upto)
    rows = events.order_by("entry__sequence").values_list("entry__sequence", "content", *FIELDS)
    return rows.iterator(chunk_size=BATCH)


def _must_agree(sequence: int, content: str, *values: Any) -> None:
    columns = dict(zip(FIELDS, values, strict=True))
    if quickly_made(columns) == content:
        return
    made = content_of(columns)
    if made != content:
        names = ", ".join(_different(made, content)) or "content"
        raise Broken(Finding.CHANGED, sequence, f"Its columns are not what was hashed: {names}.")


def quickly_made(event: dict[str, Any]) -> str:
    """The content as ``content_of`` makes it, in half its time, of almost every event.

    Python's own JSON has the same form but for some numbers and keys. Where it differs, it does
    not agree with what is stored, and ``content_of`` is asked.
    """
    salt = bytes.fromhex(event["salt"])
    line: dict[str, Any] = {name: event[name] for name in OPEN}
    for name in COMMITTED:
        value = event[name]
        shown = value if isinstance(value, str) else _dumps(value)
        field_salt = hmac.digest(salt, name.encode(), "sha256")
        line[name] = hashlib.sha256(field_salt + shown.encode()).hexdigest()
    return _dumps(line | {"at": moment(event["at"]), "v": VERSION})


def _different(made: str, content: str) -> list[str]:
    ours, theirs = json.loads(made), json.loads(content)
    return sorted(name for name in ours if ours[name] != theirs.get(name))


def _read_singly(using: str, after: int) -> None:
    """Find the row that can't be read at all: a chunk of rows fails as one."""
    later = AuditEvent.objects.using(using).filter(entry__sequence__gt=after)
    for sequence in later.order_by("entry__sequence").values_list("entry__sequence", flat=True):
        try:
            _must_agree(*next(_rows(using, sequence - 1, sequence)))
        except UNREADABLE as error:
            text = "One of its columns holds what can't be read."
            raise Broken(Finding.CHANGED, sequence, text) from error
