"""Counts the figures behind the pictures anew."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from recovery import figures
from recovery.management.base import DeskCommand


class Command(DeskCommand):
    """Count the figures behind the console's pictures anew, from the ledger and the accounts.

    The pictures fill up while it counts. If it is stopped, the worker goes on from there. What
    enrolment was on earlier days is kept: nothing else knows it.
    """

    def run(self, **_options: Any) -> None:
        self.progress("Counting every event of the ledger …")
        figures.count_events_anew()
        counted = 0
        while walked := figures.count_events():
            counted += walked
            self.progress(f"{counted} …")
        self.progress("Counting the accounts …")
        figures.count_accounts(every=timedelta(0))
        self.stdout.write(f"Counted {counted} events, and every account.")
