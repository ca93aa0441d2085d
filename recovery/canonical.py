"""How an event reads as bytes: one form, versioned, that anybody can make again (RFC 8785).

What says something about people is not in it, only a commitment to it: a hash of the value and
of a salt that belongs to this field of this row alone. So a value can be kept from a reader, or
erased, and the chain can still be checked; and one field that is shown opens no other.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import rfc8785

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION: Final = 1
EVENT_DOMAIN: Final = f"sparekey/event/{VERSION}\n"
"""What is hashed before an event's line, so that no other hash of ours can be taken for it."""
GENESIS: Final = "0" * 64
"""What stands in the first event for the hash of the one before."""

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
"""Fields that stand in the line as they are. The time does too, and the row's id."""
PEOPLE: Final = ("actor_name", "subject_name", "reason", "ticket", "detail")
SOURCES: Final = ("source_address", "user_agent")
COMMITTED: Final = (*PEOPLE, *SOURCES)
"""Fields of which the line holds a commitment: names, addresses, sources, free text."""


def content_of(event: Mapping[str, Any]) -> str:
    """The event without its place in the chain, which the database adds as it is linked."""
    line = {name: str(event[name]) for name in OPEN}
    line |= {name: commitment(event["salt"], name, event[name]) for name in COMMITTED}
    return canonical(line | {"at": moment(event["at"]), "v": VERSION})


def line_of(content: str, *, event_id: int, sequence: int, previous: str) -> str:
    """The whole line. Its first three keys sort before all others, so it is canonical as well."""
    return f'{{"_id":{event_id},"_previous":"{previous}","_sequence":{sequence},{content[1:]}'


def hash_of(line: str) -> str:
    """The event's own hash, in hex."""
    return hashlib.sha256(f"{EVENT_DOMAIN}{line}".encode()).hexdigest()


def commitment(salt: str, field: str, value: Any) -> str:
    """What the line holds in place of ``value``: SHA-256 over the field's salt and the value."""
    return hashlib.sha256(bytes.fromhex(field_salt(salt, field)) + shown(value)).hexdigest()


def field_salt(salt: str, field: str) -> str:
    """The salt of one field, in hex: whoever is shown a value is given this and not the row's."""
    return hmac.digest(bytes.fromhex(salt), field.encode(), "sha256").hex()


def shown(value: Any) -> bytes:
    """A value as it is committed to: text as it is, anything else as canonical JSON."""
    return value.encode() if isinstance(value, str) else rfc8785.dumps(value)


def moment(at: datetime) -> str:
    """A time in UTC to the microsecond, always of the same length."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def canonical(value: Any) -> str:
    """``value`` as JSON in the one form of RFC 8785."""
    return rfc8785.dumps(value).decode()
