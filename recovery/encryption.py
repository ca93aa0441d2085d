"""Authenticator keys at rest: encrypted, authenticated, and bound to the user they belong to."""

from __future__ import annotations

import json

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.core.exceptions import ImproperlyConfigured

from recovery.conf import conf
from recovery.secret import Secret


class WrongOwner(Exception):
    """A ciphertext was moved to another user's row: someone wrote to the database by hand."""


def encrypt(key: Secret, *, owner: object) -> str:
    """Encrypt ``key`` under the first configured key, bound to ``owner``."""
    envelope = json.dumps({"owner": str(owner), "key": key.reveal()})
    return _fernet().encrypt(envelope.encode()).decode()


def decrypt(ciphertext: str, *, owner: object) -> Secret:
    """Decrypt with whichever configured key fits; ``InvalidToken`` if none does."""
    envelope = json.loads(_fernet().decrypt(ciphertext.encode()))
    if envelope["owner"] != str(owner):
        raise WrongOwner
    return Secret(envelope["key"])


def rotate(ciphertext: str) -> str:
    """Encrypt the same envelope under the first configured key."""
    return _fernet().rotate(ciphertext.encode()).decode()


def is_current(ciphertext: str) -> bool:
    """Whether the first configured key wrote it, so that rotating would change nothing."""
    _fernet()
    try:
        Fernet(conf.ENCRYPTION_KEYS[0]).decrypt(ciphertext.encode())
    except InvalidToken:
        return False
    return True


def _fernet() -> MultiFernet:
    if not conf.ENCRYPTION_KEYS:
        raise ImproperlyConfigured("RECOVERY_ENCRYPTION_KEYS is empty: no authenticator can work.")
    return MultiFernet([Fernet(key) for key in conf.ENCRYPTION_KEYS])


__all__ = ["InvalidToken", "WrongOwner", "decrypt", "encrypt", "is_current", "rotate"]
