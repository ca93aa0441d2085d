"""What a workbook of all accounts costs beside COPY of the same columns, and what memory it takes.

Alone: ``python -m benchmarks.xlsx``. ``BENCH_EXPORT_ACCOUNTS`` says how many there are.
"""

from __future__ import annotations

import logging
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from tempfile import TemporaryFile

from benchmarks import exporting
from benchmarks.pairs import Bar, Row, side_by_side
from tests.plumbing.postgresql import postgresql

RUNS = 3


def main() -> None:
    """Start a server, and measure in processes that know no other database."""
    with postgresql() as url:
        environment = os.environ | {"DATABASE_URL": url}
        environment.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
        for step in ("few", "memory", "many", "memory", "pairs"):
            subprocess.run(
                [sys.executable, "-m", "benchmarks.xlsx", step], env=environment, check=True
            )


def measure_xlsx() -> Iterator[Row]:
    """The workbook of all accounts ÷ COPY of its columns, on the connection that there is."""
    from recovery.models import Account  # noqa: PLC0415 - needs loaded apps

    yield side_by_side(
        f"XLSX of {Account.objects.count():,} accounts ÷ COPY of the same columns",
        write,
        lambda: exporting.copy("coverage"),
        runs=RUNS,
        bar=Bar(at_most=50),
    )


def write() -> int:
    """Make the file as the worker does; how large it is."""
    from recovery.reports.workbook import write_workbook  # noqa: PLC0415 - needs loaded apps

    with TemporaryFile() as file:
        write_workbook(exporting.table_of("coverage"), file)
        return file.tell()


def _tell_memory() -> None:
    from recovery.models import Account  # noqa: PLC0415 - needs loaded apps

    number, size = Account.objects.count(), write()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / exporting.KIB
    print(
        f"peak of a process that makes XLSX of {number:,} accounts, {size:,} bytes: {peak:.1f} MB"
    )


def _step(name: str) -> None:
    import django  # noqa: PLC0415 - in a process of its own

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415 - needs loaded apps

    logging.disable(logging.INFO)
    if name == "few":
        call_command("migrate", verbosity=0)
        exporting.fill(exporting.FEW)
    elif name == "many":
        exporting.fill(exporting.MANY)
    elif name == "memory":
        _tell_memory()
    else:
        for row in measure_xlsx():
            print(row, flush=True)


if __name__ == "__main__":
    if sys.argv[1:]:
        _step(sys.argv[1])
    else:
        main()
