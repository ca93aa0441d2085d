"""Shows which key signs the ledger."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any, Final

from recovery.audit import signing
from recovery.management.base import DeskCommand

HELP: Final = "Print the fingerprint of the key that signs, to be given to auditors by another way."


def add_arguments(_parser: ArgumentParser) -> None:
    """It takes none."""


def handle(command: DeskCommand, **_: Any) -> None:
    """Print the fingerprint alone, so that a script can take it."""
    command.stdout.write(signing.ensure_key().fingerprint)
