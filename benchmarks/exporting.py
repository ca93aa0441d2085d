"""What an export costs beside COPY of the same columns, and what memory it takes.

Alone: ``python -m benchmarks.exporting``. ``BENCH_EXPORT_ACCOUNTS`` says how many there are.
"""

from __future__ import annotations

import logging
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from benchmarks.pairs import Bar, Row, side_by_side
from tests.plumbing.postgresql import postgresql

if TYPE_CHECKING:
    from recovery.reports.writing import Table

FEW = 10_000
MANY = int(os.environ.get("BENCH_EXPORT_ACCOUNTS", "200000"))
RUNS = 5
KIB = 1024
LIMIT = Bar(at_most=1.8)


def main() -> None:
    """Start a server, and measure in processes that know no other database."""
    with postgresql() as url:
        environment = os.environ | {"DATABASE_URL": url}
        environment.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
        for step in ("few", "memory", "many", "memory", "pairs"):
            subprocess.run(
                [sys.executable, "-m", "benchmarks.exporting", step], env=environment, check=True
            )


def measure_exporting() -> Iterator[Row]:
    """The file of all accounts ÷ COPY of its columns, on the connection that there is."""
    from recovery.models import Account  # noqa: PLC0415 - needs loaded apps

    number = f"CSV of {Account.objects.count():,} accounts"
    for name in ("accounts", "coverage"):
        yield side_by_side(
            f"{number}, {name} ÷ COPY of the same columns",
            lambda name=name: _export(name),
            lambda name=name: copy(name),
            runs=RUNS,
            bar=LIMIT,
        )


def table_of(name: str) -> Table:
    """The report, or of its columns those alone that nothing has to be counted for."""
    from recovery.reports import REPORTS  # noqa: PLC0415 - needs loaded apps
    from recovery.reports.writing import Table  # noqa: PLC0415 - needs loaded apps

    report = REPORTS["coverage"]
    if name == "accounts":
        columns = tuple(one for one in report.columns if isinstance(one.expression, str))
        report = replace(report, columns=columns)
    return Table(report=report)


def _export(name: str = "coverage") -> int:
    return sum(len(data) for data, _rows in table_of(name).csv())


def copy(name: str) -> int:
    """The same query with nothing made of its values, by the same driver, byte by byte counted."""
    from django.db import connection  # noqa: PLC0415 - needs loaded apps

    sql, params = table_of(name).query().query.sql_with_params()
    connection.ensure_connection()
    statement = f"COPY ({sql}) TO STDOUT (FORMAT csv)"
    with connection.connection.cursor() as cursor, cursor.copy(statement, params) as copy:
        return sum(len(row) for row in copy)


def fill(accounts: int) -> None:
    """Seed people up to that number, with what the reports count."""
    from django.db import connection  # noqa: PLC0415 - needs loaded apps

    from recovery.models import Account  # noqa: PLC0415 - needs loaded apps
    from recovery.seeding import seed  # noqa: PLC0415 - needs loaded apps

    last = Account.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    seed(accounts - Account.objects.count(), with_codes=False, progress=lambda _text: None)
    with connection.cursor() as cursor:
        for statement in (ADDRESSES, AUTHENTICATORS):
            cursor.execute(statement, [last])
        cursor.execute("VACUUM ANALYZE")


ADDRESSES = """
    INSERT INTO recovery_contactaddress (account_id, address, added_at, confirmed_at,
        confirmed_from)
    SELECT id, 'seed-' || id || '@example.org', now(), now(), 'seed'
    FROM recovery_account WHERE id > %s AND id %% 10 <> 0"""
AUTHENTICATORS = """
    INSERT INTO recovery_totpauthenticator (user_id, name, confirmed, encrypted_key, digits,
        step_seconds, tolerance, last_step, failures, bound_at, revoked_because)
    SELECT user_id, 'phone', true, '', 6, 30, 1, -1, 0, now(), ''
    FROM recovery_account WHERE id > %s AND enrolment <> 'not_enrolled'"""


def _tell_memory() -> None:
    from recovery.models import Account  # noqa: PLC0415 - needs loaded apps

    number, size = Account.objects.count(), _export()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB
    print(f"peak of a process that exports {number:,} accounts, {size:,} bytes: {peak:.1f} MB")


def _step(name: str) -> None:
    import django  # noqa: PLC0415 - in a process of its own

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415 - needs loaded apps

    logging.disable(logging.INFO)
    if name == "few":
        call_command("migrate", verbosity=0)
        fill(FEW)
    elif name == "many":
        fill(MANY)
    elif name == "memory":
        _tell_memory()
    else:
        for row in measure_exporting():
            print(row, flush=True)


if __name__ == "__main__":
    if sys.argv[1:]:
        _step(sys.argv[1])
    else:
        main()
