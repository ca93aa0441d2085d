"""Keys for a checkout in which nobody has set any: made once, at random, beside the database."""

import os
import secrets
import tempfile
from pathlib import Path

from cryptography.fernet import Fernet

FILE_NAME = "local.env"

# Django's own deployment check knows this prefix too, so a copied key is caught twice.
INSECURE_PREFIX = "django-insecure-"


def local_keys(directory: Path) -> dict[str, str]:
    """Return this checkout's keys; the first call makes them.

    Two processes may start at once: the file appears whole or not at all, and the one that comes
    second reads what the first has written.
    """
    path = directory / FILE_NAME
    if not path.exists():
        _make(path)
    return keys_in(path)


def keys_in(path: Path) -> dict[str, str]:
    """Return the keys in a file made by :func:`local_keys`; none where there is no file."""
    if not path.is_file():
        return {}
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def _make(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # mkstemp's file can be read by its owner alone.
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(_fresh_keys())
        # A hard link fails where the name is taken: the slower of two processes loses.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        Path(draft).unlink()


def _fresh_keys() -> str:
    return (
        "# Made by Sparekey for this checkout alone. A production site refuses them.\n"
        f"SECRET_KEY={INSECURE_PREFIX}{secrets.token_urlsafe(48)}\n"
        f"RECOVERY_ENCRYPTION_KEYS={Fernet.generate_key().decode()}\n"
    )
