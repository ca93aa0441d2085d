"""How far the ledger has been sent to the SIEM, and from where to go on."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from recovery.audit import siem
from recovery.conf import conf
from recovery.management.base import DeskCommand
from recovery.models import ChainEntry


class Command(DeskCommand):
    """Say how far the worker has sent the ledger to the SIEM, or from where it is to go on.

    An event that is left out shows there as a gap in metadata.sequence.
    """

    def add_arguments(self, parser: ArgumentParser) -> None:
        where = parser.add_mutually_exclusive_group()
        where.add_argument(
            "--from", type=int, metavar="SEQUENCE", help="Send this event and all after it (again)."
        )
        where.add_argument(
            "--from-now", action="store_true", help="Send only what is recorded from now on."
        )

    def run(self, **options: Any) -> None:
        head = ChainEntry.objects.order_by("-sequence").values_list("sequence", flat=True).first()
        last = head or 0
        if options["from_now"]:
            siem.go_on_after(last)
        elif options["from"] is not None:
            siem.go_on_after(max(0, min(options["from"] - 1, last)))
        at = siem.progress()
        self.stdout.write(f"{at.sequence} of {last} events; moved {at.moved_at:%Y-%m-%d %H:%M}Z.")
        if not conf.SIEM_LOGGER:
            self.progress("RECOVERY_SIEM_LOGGER names no logger: nothing is sent.")
