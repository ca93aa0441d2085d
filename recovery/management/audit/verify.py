"""Verifies the ledger, or a bundle that was exported from it."""

from __future__ import annotations

from argparse import ArgumentParser
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any, Final

from django.core.management.base import CommandError
from django.db.models import Max, Min

from recovery.audit import verifier
from recovery.audit.proofs import is_signed_in_time, verify_and_record
from recovery.audit.verifier import Broken, Progress
from recovery.management.base import DeskCommand
from recovery.models import ChainEntry, Checkpoint

if TYPE_CHECKING:
    from recovery.audit.verification import Verified

HELP: Final = (
    "Verify the whole ledger, what follows on a checkpoint, or an exported bundle. Ends with 0: "
    "all fits. 1: something is wrong. 2: can't be asked or read like this. 3: all fits, but not "
    "all of it is signed for."
)
BROKEN, UNUSABLE, UNSIGNED = 1, 2, 3
"""What it ends with, as the stand-alone verifier does."""


def add_arguments(parser: ArgumentParser) -> None:
    """What to verify, and whom to trust."""
    parser.add_argument(
        "--key",
        metavar="FINGERPRINT",
        help="The key to trust. Without it, the one that this server signs with.",
    )
    parser.add_argument(
        "--since",
        type=int,
        metavar="CHECKPOINT",
        help="Only what follows on a checkpoint, named by its sequence or its id.",
    )
    parser.add_argument("--bundle", metavar="FILE", help="A bundle, instead of the database.")
    parser.add_argument(
        "--chain-only",
        action="store_true",
        help="Do not compare the columns with what was hashed, which takes most of the time.",
    )


def handle(command: DeskCommand, **options: Any) -> None:
    """Verify, and say what was found; end with a code that scripts understand."""
    if options["bundle"]:
        _verify_bundle(command, **options)
        return
    since = _checkpoint(options["since"])
    columns = not options["chain_only"]
    progress = _bar(command, since, passes=1 + columns)
    try:
        verified = verify_and_record(
            actor=command.actor,
            since=since,
            columns=columns,
            key=options["key"],
            progress=progress,
        )
    except Broken as broken:
        raise CommandError(f"BROKEN: {broken}", returncode=BROKEN) from broken
    finally:
        if progress is not None:
            progress.clear()
    _tell(command, verified)


def _tell(command: DeskCommand, verified: Verified) -> None:
    command.stdout.write(
        f"OK: {verified.events} events, {verified.first} to {verified.last}: none changed, "
        "missing, added, moved or cut off."
    )
    command.stdout.write(f"Signed for: up to {verified.signed_to}.")
    command.stdout.write(f"Chain:      {verified.chain_seconds:.1f} s")
    looked = f"{verified.columns_seconds:.1f} s" if verified.with_columns else "not compared"
    command.stdout.write(f"Columns:    {looked}")
    if not is_signed_in_time(verified):
        text = f"No signature covers the last {verified.unsigned} events. Does the worker run?"
        raise CommandError(text, returncode=UNSIGNED)


def _verify_bundle(command: DeskCommand, **options: Any) -> None:
    if not options["key"] or options["since"] is not None or options["chain_only"]:
        raise CommandError("A bundle is verified whole, with --key.", returncode=UNUSABLE)
    with redirect_stdout(command.stdout):  # type: ignore[type-var]  # writes as a file does
        code = verifier.main([options["bundle"], "--key", options["key"]])
    if code:
        raise CommandError("The bundle does not prove all that it holds.", returncode=code)


def _checkpoint(named: int | None) -> Checkpoint | None:
    if named is None:
        return None
    by_sequence = Checkpoint.objects.filter(sequence=named).order_by("pk").last()
    found = by_sequence or Checkpoint.objects.filter(pk=named).first()
    if found is None:
        raise CommandError(f"There is no checkpoint {named}.", returncode=UNUSABLE)
    return found


def _bar(command: DeskCommand, since: Checkpoint | None, *, passes: int) -> Progress | None:
    if not command.stderr.isatty():
        return None
    ends = ChainEntry.objects.aggregate(first=Min("sequence"), last=Max("sequence"))
    first = since.sequence + 1 if since else ends["first"] or 0
    return Progress(passes * ((ends["last"] or 0) - first + 1))
