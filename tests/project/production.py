"""A production environment that is in order, for tests to spoil one thing at a time."""

import base64
import os
import secrets
import subprocess
import sys

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.management.utils import get_random_secret_key

GOOD = {
    "DEBUG": "False",
    "SECRET_KEY": "production-" + get_random_secret_key(),
    "RECOVERY_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
    "RECOVERY_SIGNING_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    "BASE_URL": "https://desk.example.org",
    "ALLOWED_HOSTS": "desk.example.org",
    "EMAIL_URL": "smtp+tls://desk:word@mail.example.org:587",
    "DATABASE_URL": "sqlite://:memory:",
}


def environment(**changes: str | None) -> dict[str, str]:
    """Return that environment with ``changes``; None takes a variable away."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    wanted = inherited | GOOD | {"DJANGO_SETTINGS_MODULE": "project.settings"} | changes
    return {name: value for name, value in wanted.items() if value is not None}


def run_python(*arguments: str, **changes: str | None) -> subprocess.CompletedProcess[str]:
    """Run Python in a production environment with ``changes``."""
    return subprocess.run(
        [sys.executable, *arguments],
        env=environment(**changes),
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
