"""What the settings that matter amount to, in digests that give none of them away."""

from __future__ import annotations

import hashlib
import hmac
import inspect
import json
import warnings
from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings

from recovery.canonical import canonical
from recovery.conf import RecoverySettings, conf

MATTER: Final = frozenset(
    {
        *("DEBUG", "SECRET_KEY", "SECRET_KEY_FALLBACKS", "ALLOWED_HOSTS", "ROOT_URLCONF"),
        *("INSTALLED_APPS", "MIDDLEWARE", "DATABASES", "DATABASE_ROUTERS", "CACHES"),
        *("AUTH_USER_MODEL", "AUTHENTICATION_BACKENDS", "AUTH_PASSWORD_VALIDATORS"),
        *("PASSWORD_HASHERS", "LOGGING", "LOGGING_CONFIG", "SILENCED_SYSTEM_CHECKS"),
        *(
            "DEFAULT_FROM_EMAIL",
            "MAILERS",
            "CONTENT_SECURITY_POLICY",
            "X_FRAME_OPTIONS",
            "TIME_ZONE",
        ),
        *("DEFAULT_EXCEPTION_REPORTER", "DEFAULT_EXCEPTION_REPORTER_FILTER"),
    }
)
PREFIXES: Final = ("SESSION_", "CSRF_", "SECURE_", "EMAIL_", "OTP_", "IMPORT_EXPORT_")
SHOWN: Final = 16
"""Hex digits of each setting's digest: to see that it changed, and not to what."""
KEY: Final = "key"
"""Under which name the digests say with which secret key they were made."""
OF_THE_KEY: Final = "SECRET_KEY"


def digests(secret: str | None = None) -> dict[str, str]:
    """Each setting that matters with its keyed digest: nobody can try values without the key."""
    key = hashlib.sha256(f"recovery.configuration\0{secret or settings.SECRET_KEY}".encode())
    found = {name: _keyed(key.digest(), f"{name}={_text(value)}") for name, value in _values()}
    return found | {KEY: _keyed(key.digest(), KEY)}


def digest(of: Mapping[str, str]) -> str:
    """SHA-256 over all names and digests in the one form of RFC 8785."""
    return hashlib.sha256(canonical(dict(of)).encode()).hexdigest()


def changed(before: Mapping[str, str]) -> list[str]:
    """The names of settings that are not what they were when ``before`` was made.

    After a new secret key, the others are compared by the old one, while it is a fallback.
    """
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    for now in map(digests, secrets):
        if now[KEY] == before.get(KEY):
            names = now.keys() | before.keys()
            return sorted(name for name in names if now.get(name) != before.get(name))
    return [OF_THE_KEY]


def _values() -> list[tuple[str, Any]]:
    django = sorted(name for name in dir(settings) if name in MATTER or name.startswith(PREFIXES))
    ours = sorted(
        name for name, _ in inspect.getmembers(RecoverySettings, lambda one: type(one) is property)
    )
    with warnings.catch_warnings(
        action="ignore"
    ):  # asking for a setting of yesterday is no use of it
        values = [(name, getattr(settings, name)) for name in django]
    return [*values, *((f"RECOVERY_{name}", getattr(conf, name)) for name in ours)]


def _text(value: Any) -> str:
    return json.dumps(_plain(value), sort_keys=True)


def _plain(value: Any) -> Any:
    """A value that reads the same in every process, whatever it is made of."""
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(map(str, value))
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if callable(value):
        return f"{value.__module__}.{getattr(value, '__qualname__', type(value).__qualname__)}"
    text = str(value)
    return type(value).__qualname__ if " at 0x" in text else text


def _keyed(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:SHOWN]
