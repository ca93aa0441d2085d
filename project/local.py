"""Keys for a checkout in which nobody has set any: made once, at random, beside the database."""

import base64
import fcntl
import os
import secrets
import tempfile
from pathlib import Path

from cryptography.fernet import Fernet

FILE_NAME = "local.env"
KEYS = ("SECRET_KEY", "RECOVERY_ENCRYPTION_KEYS", "RECOVERY_SIGNING_KEYS")

# Django's own deployment check knows this prefix too, so a copied key is caught twice.
INSECURE_PREFIX = "django-insecure-"


def local_keys(directory: Path) -> dict[str, str]:
    """Return this checkout's keys; the first call makes them.

    Two processes may start at once: the file appears whole or not at all, and the one that comes
    second reads what the first has written.
    """
    path = directory / FILE_NAME
    if not path.exists():
        _make(path, _fresh_keys())
    if _missing(path):
        _complete(path)
    return keys_in(path)


def keys_in(path: Path) -> dict[str, str]:
    """Return the keys in a file made by :func:`local_keys`; none where there is no file."""
    if not path.is_file():
        return {}
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def _make(path: Path, keys: dict[str, str]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = _draft(path, keys)
    try:
        # A hard link fails where the name is taken: the slower of two processes loses.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _complete(path: Path) -> None:
    """Add what an older release did not make yet, one process at a time."""
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        if _missing(path):
            _draft(path, _fresh_keys() | keys_in(path)).replace(path)
    finally:
        os.close(directory)


def _missing(path: Path) -> set[str]:
    return set(KEYS) - keys_in(path).keys()


def _draft(path: Path, keys: dict[str, str]) -> Path:
    # mkstemp's file can be read by its owner alone.
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write("# Made by Sparekey for this checkout alone. A production site refuses them.\n")
        file.writelines(f"{name}={key}\n" for name, key in keys.items())
    return Path(draft)


def _fresh_keys() -> dict[str, str]:
    return {
        "SECRET_KEY": f"{INSECURE_PREFIX}{secrets.token_urlsafe(48)}",
        "RECOVERY_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "RECOVERY_SIGNING_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    }
