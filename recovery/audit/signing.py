"""The Ed25519 key that what we say about the chain is signed with, and who vouches for it."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from recovery.canonical import VERSION, canonical, moment
from recovery.conf import conf
from recovery.errors import NoSigningKey
from recovery.models import SigningKey

if TYPE_CHECKING:
    from collections.abc import Mapping

CHECKPOINT_DOMAIN: Final = f"sparekey/checkpoint/{VERSION}\n"
PURGE_DOMAIN: Final = f"sparekey/purge/{VERSION}\n"
KEY_DOMAIN: Final = f"sparekey/key/{VERSION}\n"
"""What is signed before a statement, so that none can be passed off as one of another kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    """One configured key. Its private half is never in the database."""

    private: Ed25519PrivateKey

    @property
    def public(self) -> bytes:
        """The raw public half."""
        return self.private.public_key().public_bytes_raw()

    @property
    def fingerprint(self) -> str:
        """What an auditor is told by another way."""
        return fingerprint_of(self.public)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A statement in its canonical form, with its signature and the key that made it."""

    statement: str
    signature: str
    key_id: str


def sign(domain: str, statement: Mapping[str, Any], *, by: KeyPair | None = None) -> Signed:
    """Sign ``statement``, with the signing key's fingerprint and the version added to it."""
    pair = by or current_key()
    text = canonical({"key": pair.fingerprint, "v": VERSION} | dict(statement))
    signature = pair.private.sign(f"{domain}{text}".encode()).hex()
    return Signed(statement=text, signature=signature, key_id=pair.fingerprint)


def is_signed(domain: str, statement: str, signature: str, *, key: SigningKey) -> bool:
    """Whether ``key`` made ``signature`` over ``statement``, and is the key that it says it is."""
    try:
        public = bytes.fromhex(key.public_key)
        if fingerprint_of(public) != key.fingerprint:
            return False
        message = f"{domain}{statement}".encode()
        Ed25519PublicKey.from_public_bytes(public).verify(bytes.fromhex(signature), message)
    except (ValueError, InvalidSignature):
        return False
    return True


def current_key() -> KeyPair:
    """The first configured key that is known: a new one signs once it has been introduced.

    Where no key is known at all, the first one is, from now on.
    """
    pairs = configured_keys()
    known = set(SigningKey.objects.values_list("fingerprint", flat=True))
    if not known and pairs:
        keep(pairs[0])
        return pairs[0]
    for pair in pairs:
        if pair.fingerprint in known:
            return pair
    raise NoSigningKey


def ensure_key() -> SigningKey:
    """The public half of the key that signs; the very first is kept as it is first asked for."""
    return SigningKey.objects.get(fingerprint=current_key().fingerprint)


def keep(pair: KeyPair, introduced: Signed | None = None) -> None:
    """Keep the public half of a key, with what the key before it signed about it."""
    SigningKey.objects.get_or_create(
        fingerprint=pair.fingerprint,
        defaults={
            "public_key": pair.public.hex(),
            "statement": introduced.statement if introduced else "",
            "signature": introduced.signature if introduced else "",
        },
    )


def key_statement(new: KeyPair, *, previous: KeyPair, at: Any) -> Signed:
    """What the key before says about a new one."""
    return sign(
        KEY_DOMAIN,
        {
            "at": moment(at),
            "key": new.fingerprint,
            "previous": previous.fingerprint,
            "public_key": new.public.hex(),
        },
        by=previous,
    )


def configured_keys() -> list[KeyPair]:
    """The keys of the setting, in its order."""
    return [pair_of(key) for key in conf.SIGNING_KEYS]


def pair_of(key: str) -> KeyPair:
    """Read one key of the setting; ``ValueError`` for what is none."""
    try:
        seed = base64.b64decode(key, altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("A signing key is 32 bytes in URL-safe base 64.") from error
    return KeyPair(private=Ed25519PrivateKey.from_private_bytes(seed))


def fingerprint_of(public: bytes) -> str:
    """SHA-256 of a raw public key, in hex."""
    return hashlib.sha256(public).hexdigest()
