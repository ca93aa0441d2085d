"""Signs, rolls keys, verifies and purges: all that is done to the ledger at the server."""

from __future__ import annotations

import pkgutil
from argparse import ArgumentParser
from importlib import import_module
from typing import Any

from recovery.management import audit
from recovery.management.base import DeskCommand


class Command(DeskCommand):
    """Look after the ledger: see `manage.py audit WHAT --help`."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        whats = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
        for found in pkgutil.iter_modules(audit.__path__):
            what = import_module(f"{audit.__name__}.{found.name}")
            one = whats.add_parser(found.name, help=what.HELP, description=what.HELP)
            what.add_arguments(one)
            one.set_defaults(do=what.handle)

    def run(self, **options: Any) -> None:
        options.pop("do")(self, **options)
