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


def add_arguments(parser: ArgumentParser) -> None:
    """Whether there is an old key to vouch for the new one."""
    parser.add_argument(
        "--lost",
        action="store_true",
        help="The old key is lost: begin anew, and tell every auditor the new fingerprint.",
    )


def handle(command: DeskCommand, **options: Any) -> None:
    """Rotate, and say which key was followed by which."""
    rotate = signing_keys.replace_lost if options["lost"] else signing_keys.rotate
    was, now = rotate(actor=command.actor)
    command.stdout.write(f"{now} follows {was}, and signs from now on.")
    if options["lost"]:
        command.stdout.write("Nothing vouches for it: give its fingerprint to every auditor.")
        return
    command.stdout.write("Take the old key out of RECOVERY_SIGNING_KEYS and restart everything.")
