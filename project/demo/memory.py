"""What a second run and `manage.py totp` have to know of the first: VAR_DIR/demo.json."""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Iterable

# Nothing that a person could take for something else when they read it off the screen.
LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
GROUPS: Final = 3
GROUP: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """The passwords, and the mark that the demo's authenticators carry in the database.

    The file alone opens nothing: copied beside another database it finds no such mark there.
    """

    mark: str
    passwords: dict[str, str]

    @classmethod
    def fresh(cls, logins: Iterable[str]) -> Self:
        """Make new passwords and a new mark."""
        return cls(mark=secrets.token_hex(8), passwords={login: _password() for login in logins})

    @classmethod
    def load(cls) -> Self | None:
        """What an earlier run left; None if there was none."""
        path = _path()
        if not path.is_file():
            return None
        return cls(**json.loads(path.read_text(encoding="utf-8")))

    def save(self) -> None:
        """Write the file, for its owner's eyes, whole or not at all."""
        path = _path()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # mkstemp's file can be read by its owner alone.
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(asdict(self), file, indent=2)
        Path(draft).replace(path)

    @property
    def authenticator_name(self) -> str:
        """What the demo calls the authenticators that it bound."""
        return f"Demo app {self.mark}"


def _path() -> Path:
    return Path(settings.VAR_DIR) / "demo.json"


def _password() -> str:
    groups = ("".join(secrets.choice(LETTERS) for _ in range(GROUP)) for _ in range(GROUPS))
    return "-".join(groups)
