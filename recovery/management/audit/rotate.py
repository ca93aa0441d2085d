"""Introduces a new signing key."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any, Final

from recovery.audit import signing_keys
from recovery.management.base import DeskCommand

HELP: Final = (
    "Let the key that signs now vouch for the first of RECOVERY_SIGNING_KEYS, which signs from "
    "then on. Put the new one first, run this, then take the old one out."
)


def add_arguments(_parser: ArgumentParser) -> None:
    """It takes none."""


def handle(command: DeskCommand, **_: Any) -> None:
    """Rotate, and say which key was followed by which."""
    was, now = signing_keys.rotate(actor=command.actor)
    command.stdout.write(f"{was} has introduced {now}, which signs from now on.")
    command.stdout.write("Take the old key out of RECOVERY_SIGNING_KEYS and restart everything.")
