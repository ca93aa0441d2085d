"""A report of all accounts as CSV and as XLSX, beside PostgreSQL's own COPY of the same columns.

Each file is made in a process of its own, which says how long it took and how large it grew.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import Any

from benchmarks.pairs import Bar, Row, of_pairs

RUNS = int(os.environ.get("BENCH_EXPORT_RUNS", "3"))
FLAT = Bar(apart_at_most=20)
REPORT = "coverage"


@dataclass(frozen=True, slots=True)
class Made:
    """What a process says that made a file."""

    ms: float
    peak_mb: float
    rows: int


def measure_exports() -> Iterator[Row]:
    """CSV ÷ COPY and XLSX ÷ COPY over the large database, and the memory at both sizes."""
    small, large = os.environ["BENCH_SMALL_URL"], os.environ["BENCH_LARGE_URL"]
    pairs = [(_made("csv", large), _made("copy", large)) for _ in range(RUNS)]
    number = f"{pairs[-1][0].rows:,} accounts"
    yield of_pairs(
        f"{number} to CSV ÷ COPY of the same columns",
        [(ours.ms, theirs.ms) for ours, theirs in pairs],
        bar=Bar(at_most=1.8),
    )
    workbook, copied = _made("xlsx", large), _made("copy", large)
    yield of_pairs(
        f"{number} to XLSX, as the worker makes it ÷ COPY of the same columns",
        [(workbook.ms, copied.ms)],
        bar=Bar(at_most=50),
    )
    for kind, most in (("csv", pairs[-1][0]), ("xlsx", workbook)):
        few = _made(kind, small)
        yield Row(
            f"memory of {kind.upper()}, {most.rows:,} ÷ {few.rows:,} accounts",
            most.peak_mb,
            few.peak_mb,
            1,
            unit="MB",
            bar=FLAT,
        )


def _made(kind: str, url: str) -> Made:
    told = subprocess.run(
        [sys.executable, "-m", "benchmarks.exports", kind],
        env=os.environ | {"DATABASE_URL": url},
        stdout=subprocess.PIPE,
        check=True,
    )
    return Made(**json.loads(told.stdout))


def main() -> None:
    """Make one file and say what it cost."""
    import django  # noqa: PLC0415 - in a process of its own

    django.setup()
    from recovery.models import Account  # noqa: PLC0415 - needs loaded apps
    from recovery.reports import REPORTS  # noqa: PLC0415 - needs loaded apps
    from recovery.reports.writing import Table  # noqa: PLC0415 - needs loaded apps

    ways = {"csv": _csv, "xlsx": _xlsx, "copy": _copy}
    number, table = Account.objects.count(), Table(report=REPORTS[REPORT])
    started = time.perf_counter()
    ways[sys.argv[1]](table)
    took = (time.perf_counter() - started) * 1000
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"ms": took, "peak_mb": peak, "rows": number}))


def _csv(table: Any) -> None:
    for _data, _rows in table.csv():
        pass


def _xlsx(table: Any) -> None:
    from recovery.reports.workbook import write_workbook  # noqa: PLC0415 - of this way alone

    with TemporaryFile() as file:
        write_workbook(table, file)


def _copy(table: Any) -> None:
    """The same query with nothing made of its values, by the same driver."""
    from django.db import connection  # noqa: PLC0415 - needs loaded apps

    sql, params = table.query().query.sql_with_params()
    connection.ensure_connection()
    statement = f"COPY ({sql}) TO STDOUT (FORMAT csv)"
    with connection.connection.cursor() as cursor, cursor.copy(statement, params) as copy:
        for _line in copy:
            pass


if __name__ == "__main__":
    main()
