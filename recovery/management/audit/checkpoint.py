"""Signs the head of the ledger now."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any, Final

from django.core.management.base import CommandError

from recovery.audit import checkpoints
from recovery.audit.verifier import Broken
from recovery.management.base import NEEDED_REPAIR, DeskCommand

HELP: Final = (
    "Sign the head of the ledger now. Ends with code 3 if it does not fit what was signed."
)


def add_arguments(_parser: ArgumentParser) -> None:
    """It takes none."""


def handle(command: DeskCommand, **_: Any) -> None:
    """Compare, sign, and say what is signed and by which key."""
    try:
        made = checkpoints.make_checkpoint()
    except Broken as broken:
        text = f"Nothing is signed. {broken} The leads are told."
        raise CommandError(text, returncode=NEEDED_REPAIR) from broken
    last = made or checkpoints.latest()
    if last is None:
        command.stdout.write("The ledger is empty.")
        return
    said = "Signed" if made else "Signed already"
    command.stdout.write(f"{said}: {last.count} events up to {last.sequence}, head {last.head}.")
    command.stdout.write(f"Key {last.key_id}.")
