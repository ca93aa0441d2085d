"""Takes over the static tokens of django-otp's stock plug-in."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError

from recovery.adoption import adopt_static_tokens, backup_codes, static_token_holders
from recovery.errors import RecoveryError
from recovery.management.base import DeskCommand


class Command(DeskCommand):
    """Hash the static tokens of django_otp.plugins.otp_static and delete the clear ones.

    People's codes go on working. Each is hashed slowly, so allow a fifth of a second a person.
    May be stopped and run again.
    """

    def run(self, **_: Any) -> None:
        adopted = left = 0
        for user_id in static_token_holders():
            try:
                adopt_static_tokens(user_id, actor=self.actor)
                adopted += 1
            except RecoveryError as refusal:
                left += 1
                self.stdout.write(f"user {user_id}: {refusal}")
            self.count(adopted + left)
        self.stdout.write(f"The codes of {adopted} people were adopted.")
        if unconfirmed := backup_codes.unconfirmed():
            self.stdout.write(
                f"{unconfirmed} tokens of unconfirmed devices stay in clear: delete them."
            )
        if left:
            raise CommandError(f"The tokens of {left} people were left as they are.")
