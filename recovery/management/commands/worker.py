"""Runs what is due: notices, links and codes that run out, counts that are written down."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError

from recovery import worker
from recovery.audit.proving import LedgerUnguarded
from recovery.management.base import DeskCommand


class Command(DeskCommand):
    """Deliver notices and do what else is due, until Ctrl-C or SIGTERM.

    Any number of workers may run. With --once, for a scheduler: one round, then end.
    """

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="One round, then end.")
        parser.add_argument(
            "--every",
            type=_seconds,
            default=timedelta(seconds=5),
            metavar="SECONDS",
            help="How long to rest between two rounds (5).",
        )

    def run(self, **options: Any) -> None:
        if options["once"]:
            self.stdout.write(f"{worker.run_once()} things done.")
            return
        every: timedelta = options["every"]
        self.progress(f"Working, every {every.total_seconds():g} s. Ctrl-C ends it.")
        try:
            worker.run_until_told(every)
        except LedgerUnguarded as error:
            raise CommandError(f"The ledger is not guarded. {error}") from error
        self.progress("The worker has ended.")


def _seconds(text: str) -> timedelta:
    return timedelta(seconds=float(text))
