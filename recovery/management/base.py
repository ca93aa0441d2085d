"""What the commands share: who acts, how a refusal is told, where progress goes."""

from __future__ import annotations

import inspect
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from recovery.actors import Actor
from recovery.errors import RecoveryError

NEEDED_REPAIR = 3
"""The exit code for: it works again, and somebody should ask why it did not."""

EVERY = 1_000


class DeskCommand(BaseCommand):
    """A command that parses, calls the domain once and prints what came of it.

    Its docstring is its help.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.help = inspect.cleandoc(cls.__doc__ or "")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        """Run, and tell a refusal in its own words instead of a traceback."""
        try:
            self.run(**options)
        except RecoveryError as refusal:
            raise CommandError(str(refusal)) from refusal

    def run(self, **options: Any) -> None:
        """Do what the command is for."""
        raise NotImplementedError

    @property
    def actor(self) -> Actor:
        """Whoever has a shell here, under the name of the command."""
        return Actor.command(type(self).__module__.rpartition(".")[2])

    def progress(self, text: str) -> None:
        """Say how far it got, beside the output and not in it."""
        self.stderr.write(text, style_func=str)

    def count(self, seen: int) -> None:
        """Say now and then how many there were so far."""
        if seen % EVERY == 0:
            self.progress(f"{seen} …")
