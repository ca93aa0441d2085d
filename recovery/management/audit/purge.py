"""Lets old events leave the ledger."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from django.core.management.base import CommandError
from django.utils import timezone

from recovery.audit import purging
from recovery.audit.verifier import Broken
from recovery.conf import conf
from recovery.management.base import NEEDED_REPAIR, DeskCommand
from recovery.periods import months_before

HELP: Final = (
    "Export events that are older than the retention, and take them out of the ledger. A signed "
    "record stays in their place, so that the chain can be checked on."
)


def add_arguments(parser: ArgumentParser) -> None:
    """Up to when, and where the export goes."""
    upto = parser.add_mutually_exclusive_group(required=True)
    upto.add_argument("--before", type=_date, metavar="DATE", help="Up to this day (UTC).")
    upto.add_argument("--older-than", type=int, metavar="MONTHS", help="Up to so long ago.")
    parser.add_argument("--to", type=Path, metavar="FILE", help="The export, a ZIP. Keep it.")
    parser.add_argument("--dry-run", action="store_true", help="Say what would leave.")
    parser.add_argument("--yes", action="store_true", help="Don't ask.")


def handle(command: DeskCommand, **options: Any) -> None:
    """Say what would leave, have it confirmed, and let it go."""
    to: Path | None = options["to"]
    if to is None and not options["dry_run"]:
        raise CommandError("Say with --to where the export goes.")
    leaving = purging.plan(before=_before(options), kept_from=_kept_from())
    command.stdout.write(
        f"{leaving.events} events, {leaving.first} to {leaving.last}, the newest of "
        f"{leaving.newest_at:%Y-%m-%d %H:%M}Z."
    )
    if to is None or options["dry_run"]:
        command.stdout.write("Nothing was changed.")
        return
    if not options["yes"] and input("They leave the ledger for good. Type yes: ") != "yes":
        raise CommandError("Nothing was changed.")
    _purge(command, leaving, to)


def _purge(command: DeskCommand, leaving: purging.Plan, to: Path) -> None:
    try:
        record = purging.purge(leaving, to=to, actor=command.actor, progress=command.progress)
    except Broken as broken:
        text = f"The ledger is broken, and nothing leaves it. {broken}"
        raise CommandError(text, returncode=NEEDED_REPAIR) from broken
    command.stdout.write(f"They have left. {to}, SHA-256 {record.export_sha256}.")


def _before(options: dict[str, Any]) -> datetime:
    if options["before"] is not None:
        before: datetime = options["before"]
        return before
    return months_before(timezone.now(), options["older_than"])


def _kept_from() -> datetime:
    return months_before(timezone.now(), conf.RETENTION_MONTHS)


def _date(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is no date like 2025-01-31.") from error
