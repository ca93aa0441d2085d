"""Fills a database with an invented organisation."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from recovery import seeding
from recovery.management.base import DeskCommand


class Command(DeskCommand):
    """Add invented people, and events about them, to try out what a large organisation is like.

    They have accounts and backup codes, and no password or authenticator. It writes past the
    domain: nobody is told, and on the ledger stands what was invented, and not that it was.
    """

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--users", type=int, default=0, help="How many people to add.")
        parser.add_argument(
            "--events",
            type=int,
            default=0,
            help="How many events to add about all invented people. They stay on the ledger.",
        )
        parser.add_argument("--without-codes", action="store_true", help="Make no backup codes.")
        parser.add_argument(
            "--beside-others", action="store_true", help="Also where there are real people."
        )

    def run(self, **options: Any) -> None:
        users, events = options["users"], options["events"]
        if users < 0 or events < 0 or not users + events:
            raise CommandError("Say how many: --users or --events, of 1 or more.")
        if seeding.holds_others() and not options["beside_others"]:
            raise CommandError(
                "This database holds people who were not invented. Name another one in "
                "DATABASE_URL, or say --beside-others."
            )
        if not users and not seeding.holds_invented():
            raise CommandError("There is nobody to invent events about. Say --users as well.")
        seeding.seed(
            users,
            events=events,
            with_codes=not options["without_codes"],
            progress=self.progress,
        )
        self.stdout.write(f"{users} people and {events} events were invented.")
