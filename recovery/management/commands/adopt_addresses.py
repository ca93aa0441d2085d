"""Brings in addresses that another system has confirmed."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable, Iterable
from typing import Any

from django.core.management.base import CommandError
from django.utils.module_loading import import_string

from recovery.adoption import Intake, VerifiedAddress, adopt_addresses
from recovery.management.base import DeskCommand
from recovery.models import ContactAddress

LONGEST_NAME = ContactAddress._meta.get_field("confirmed_from").max_length or 0


class Command(DeskCommand):
    """Put addresses on record as confirmed, with the dates that a verified source gives.

    The source is a callable of yours: it takes nothing and yields
    recovery.adoption.VerifiedAddress(user_id=…, address=…, confirmed_at=…). You vouch for it:
    a recovery link goes to any address that it says was confirmed seven days ago. A second run
    changes nothing.
    """

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--source", required=True, metavar="PACKAGE.MODULE:CALLABLE")
        parser.add_argument(
            "--called", default="", help="What the ledger calls the source, if not its path."
        )
        parser.add_argument("--dry-run", action="store_true", help="Say what would be done.")

    def run(self, **options: Any) -> None:
        source = _load(options["source"])
        called = options["called"] or options["source"]
        if len(called) > LONGEST_NAME:
            raise CommandError(f"Name the source with --called, in {LONGEST_NAME} letters at most.")
        intake = Intake(
            actor=self.actor, source=called, skipped=self.stdout.write, dry_run=options["dry_run"]
        )
        counted = adopt_addresses(self._counting(source()), intake=intake)
        done = "would be adopted" if intake.dry_run else "adopted"
        self.stdout.write(
            f"{counted['adopted']} {done}, {counted['known']} known before, "
            f"{counted['skipped']} skipped."
        )

    def _counting(self, rows: Iterable[VerifiedAddress]) -> Iterable[VerifiedAddress]:
        for seen, row in enumerate(rows, start=1):
            yield row
            self.count(seen)


def _load(path: str) -> Callable[[], Iterable[VerifiedAddress]]:
    try:
        found = import_string(path.replace(":", "."))
    except ImportError as error:
        raise CommandError(f"There is no {path}: {error}.") from error
    if not callable(found):
        raise CommandError(f"{path} cannot be called.")
    source: Callable[[], Iterable[VerifiedAddress]] = found
    return source
