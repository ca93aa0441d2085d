"""Starts the desk with an invented organisation in it."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from project.demo import organisation, processes, welcome
from project.demo.memory import Memory


class Command(BaseCommand):
    """Make or find the demo's database, then run its server and its worker until Ctrl-C."""

    help = "Start the desk with an invented organisation. What is there already is kept."
    # Before it is refused, no check may open a database that somebody named (Django 6.1's would).
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the port, and whether to stop before anything is started."""
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument(
            "--only-make", action="store_true", help="Make the data, start nothing."
        )

    def handle(self, *, port: int, only_make: bool, **options: Any) -> None:  # noqa: ARG002 - Django's
        """Make what is missing, start both processes, say who can sign in."""
        _must_be_a_first_look()
        self.check()
        if not only_make and not processes.is_free(port):
            raise CommandError(f"Port {port} is taken. Choose another: make demo PORT={port + 1}")
        try:
            memory = self._make()
        except KeyboardInterrupt as error:
            raise CommandError("Stopped half-way. The next run goes on from here.") from error
        if not only_make:
            self._run(port, memory)

    def _make(self) -> Memory:
        Path(settings.VAR_DIR).mkdir(mode=0o700, parents=True, exist_ok=True)
        call_command("migrate", interactive=False, verbosity=0)
        return organisation.make_whole(progress=self.stdout.write)

    def _run(self, port: int, memory: Memory) -> None:
        commands = {
            "server": ("runserver", "--noreload", "--skip-checks", f"{processes.HOST}:{port}"),
            "worker": ("worker", "--every", "2"),
        }
        env = processes.environment(port)
        with processes.told_to_stop() as stop, processes.running(commands, env) as pair:
            if pair.wait_for_port(port, stop):
                self.stdout.write(welcome.told(port, memory))
            dead = pair.watch(stop)
        if dead is not None:
            raise CommandError(f"The {dead} has ended by itself; what it said last is above.")
        self.stdout.write("The demo has ended. What was done in it is kept.")


def _must_be_a_first_look() -> None:
    """Refuse production, and a database that somebody named: it may wait for real people."""
    if not settings.DEBUG:
        raise CommandError("The demo is for looking round, not for production: set DEBUG=True.")
    if not settings.DATABASE_IS_EMBEDDED:
        raise CommandError(
            "DATABASE_URL names a database, and the demo would fill it with invented people. The "
            "demo has an embedded one of its own: run `DATABASE_URL= make demo`, and `manage.py "
            "totp` likewise, or take DATABASE_URL out of the environment and out of .env."
        )
