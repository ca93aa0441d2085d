"""One section of the table, measured in a process that does nothing else."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.pairs import Bar, Fact, Row

EMPTY = "empty"
LARGE = "large"


@dataclass(frozen=True, slots=True)
class Section:
    """What is measured together, and in which database."""

    title: str
    measure: tuple[str, ...]
    """Functions that yield the lines, each as ``module:function``."""
    database: str = EMPTY

    def functions(self) -> Iterable[Callable[[], Iterable[Row | Fact]]]:
        """Find them, once the settings are loaded."""
        for named in self.measure:
            module, _, function = named.partition(":")
            yield getattr(import_module(f"benchmarks.{module}"), function)


SECTIONS = {
    "lists": Section(
        "Lists: time at the large size ÷ time at the small one, and beside Django's own admin",
        ("lists:measure_lists",),
        LARGE,
    ),
    "exports": Section("Exporting all accounts", ("exports:measure_exports",), LARGE),
    "flagging": Section("Flagging many accounts", ("flagging:measure_flagging",)),
    "codes": Section("Codes", ("codes:measure_codes",)),
    "sign-in": Section("Sign-in", ("sign_in:measure_sign_in",)),
    "ledger": Section(
        "The ledger",
        (
            "verifying:measure_verifying",
            "appending:measure_appending",
            "verifying_export:measure_verifying_export",
        ),
    ),
    "load": Section("Under load", ("load:measure_load",), LARGE),
}


def main() -> None:
    """Measure one section, print each line as it is there, and keep them all in a file."""
    name, kept = sys.argv[1], Path(sys.argv[2])
    section = SECTIONS[name]
    import django  # noqa: PLC0415 - in a process of its own

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415 - needs loaded apps

    if section.database == EMPTY:
        call_command("migrate", verbosity=0)
    logging.disable(logging.WARNING)  # refused sign-ins, and every checkpoint
    lines = []
    for measure in section.functions():
        for line in measure():
            print(f"  {line}", flush=True)
            lines.append(line)
    kept.write_text(
        json.dumps({"at": f"{datetime.now(UTC):%Y-%m-%d %H:%M}", "lines": stored(lines)})
    )


def stored(lines: Iterable[Row | Fact]) -> list[dict[str, Any]]:
    """The lines of a table as JSON has them."""
    return [asdict(line) for line in lines]


def restored(lines: Iterable[dict[str, Any]]) -> list[Row | Fact]:
    """The lines as they were stored."""
    return [
        Row(**line | {"bar": Bar(**line["bar"])}) if "bar" in line else Fact(**line)
        for line in lines
    ]


if __name__ == "__main__":
    main()
