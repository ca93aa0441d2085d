"""Prints the one-time code of somebody whom the demo made."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from project.demo import sign_ins
from project.demo.memory import Memory
from recovery import totp
from recovery.models import TotpAuthenticator

Users: Any = get_user_model()


class Command(BaseCommand):
    """The current one-time code of an account that `make demo` made, and of no other.

    It asks for two things that only the demo can have left together: the mark in its own file,
    and in the database an authenticator that carries it.
    """

    help = "Print the current one-time code of an account that `make demo` made."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the login name."""
        parser.add_argument("name")

    def handle(self, *, name: str, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        """Wait for a code that was not used yet, and print it."""
        authenticator = _demo_authenticator(name)
        self._wait_for_an_unused_step(authenticator)
        seconds = authenticator.step_seconds - int(time.time()) % authenticator.step_seconds
        self.stdout.write(totp.current_code(authenticator).reveal())
        self._say(f"Good for another {seconds} s, once.")

    def _wait_for_an_unused_step(self, authenticator: TotpAuthenticator) -> None:
        length = authenticator.step_seconds
        rest = (authenticator.last_step + 1) * length - time.time()
        if rest > 0:
            self._say(f"This code was used already; the next one comes in {int(rest) + 1} s …")
            time.sleep(rest)

    def _say(self, text: str) -> None:
        self.stderr.write(text, style_func=str)


def _demo_authenticator(name: str) -> TotpAuthenticator:
    memory = Memory.load()
    if memory is None or name not in memory.passwords:
        known = ", ".join(memory.passwords) if memory is not None else "none yet"
        raise CommandError(f"`make demo` made no {name}. Whom it made: {known}.")
    user = Users.objects.filter(username=name).first()
    marked = sign_ins.authenticators_of(user, memory) if user is not None else None
    if marked is None or not marked.exists():
        raise CommandError(f"`make demo` bound no authenticator to {name} in this database.")
    bound: TotpAuthenticator | None = marked.filter(confirmed=True).first()
    if bound is None:
        raise CommandError(f"The authenticator of {name} was revoked: it makes no more codes.")
    return bound
