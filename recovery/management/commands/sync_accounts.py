"""Brings accounts up to the users."""

from __future__ import annotations

from typing import Any

from recovery import sync
from recovery.management.base import DeskCommand


class Command(DeskCommand):
    """Make an account for every user that has none, and refresh searched text and tier of all.

    Run it after users were loaded past Django's signals (bulk_create, SQL).
    """

    def run(self, **_: Any) -> None:
        made = sync.make_missing()
        self.progress(f"{made} accounts made; refreshing all …")
        self.stdout.write(f"{sync.refresh_all()} accounts, {made} of them new.")
