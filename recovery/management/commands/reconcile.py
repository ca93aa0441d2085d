"""Proves the counters on accounts, and repairs them loudly."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from recovery import counters
from recovery.management.base import NEEDED_REPAIR, DeskCommand


class Command(DeskCommand):
    """Compare each account's code counters with the codes, and put wrong ones right.

    Each repair is an event. Ends with code 3 if any counter was wrong.
    """

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="Prove only; change nothing.")

    def run(self, **options: Any) -> None:
        check: bool = options["check"]
        self.progress("Comparing the counters of every account with its codes …")
        found = counters.differences() if check else counters.repair_all(actor=self.actor)
        wrong = 0
        for wrong, difference in enumerate(found, start=1):  # noqa: B007 - the last one counts
            self.stdout.write(str(difference))
        if not wrong:
            self.stdout.write("Every counter is right.")
            return
        done = "found, nothing was changed" if check else "repaired; find out what wrote them"
        raise CommandError(
            f"{wrong} accounts with wrong counters {done}.", returncode=NEEDED_REPAIR
        )
