"""Re-encrypts the keys of authenticators under the first encryption key."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError

from recovery import key_rotation
from recovery.management.base import DeskCommand


class Command(DeskCommand):
    """Encrypt every authenticator key anew under the first of RECOVERY_ENCRYPTION_KEYS.

    Put a new key first, run this, then take the old one out. May be stopped and run again.
    """

    def run(self, **_: Any) -> None:
        result = key_rotation.rotate_all(actor=self.actor, progress=self.progress)
        self.stdout.write(f"{result.rotated} authenticators are now under the first key.")
        if result.unreadable:
            raise CommandError(
                "No configured key opens these authenticators, and they were left as they are: "
                f"{', '.join(map(str, result.unreadable))}. Put their key back into the list."
            )
