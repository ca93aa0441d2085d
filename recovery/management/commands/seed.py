"""Fills a database with an invented organisation."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from recovery import seeding
from recovery.management.base import DeskCommand


class Command(DeskCommand):
    """Add invented people, to try out what a large organisation is like.

    They have accounts and backup codes, and no password or authenticator. It writes past the
    domain: nothing of it is on the ledger, and nobody is told.
    """

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--users", type=int, required=True, help="How many people to add.")
        parser.add_argument("--without-codes", action="store_true", help="Make no backup codes.")
        parser.add_argument(
            "--beside-others", action="store_true", help="Also where there are real people."
        )

    def run(self, **options: Any) -> None:
        if options["users"] < 1:
            raise CommandError("--users has to be 1 or more.")
        if seeding.holds_others() and not options["beside_others"]:
            raise CommandError(
                "This database holds people who were not invented. Name another one in "
                "DATABASE_URL, or say --beside-others."
            )
        made = seeding.seed(
            options["users"], with_codes=not options["without_codes"], progress=self.progress
        )
        self.stdout.write(f"{made} people were invented.")
