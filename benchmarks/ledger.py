"""The ledger's rows of the table, on a PostgreSQL of their own that commits durably."""

from __future__ import annotations

import logging
import os
import subprocess
import sys

from tests.plumbing.postgresql import postgresql


def measure_ledger() -> None:
    """Start a server, and measure in a process that knows no other database."""
    with postgresql(durable=True) as url:
        subprocess.run(
            [sys.executable, "-m", "benchmarks.ledger"],
            env=os.environ | {"DATABASE_URL": url},
            check=True,
        )


def main() -> None:
    """Measure against the database that the environment names."""
    import django  # noqa: PLC0415 - in a process of its own

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415 - needs loaded apps

    from benchmarks.appending import measure_appending  # noqa: PLC0415 - needs loaded apps
    from benchmarks.verifying import measure_verifying  # noqa: PLC0415 - needs loaded apps

    call_command("migrate", verbosity=0)
    logging.disable(logging.INFO)  # each checkpoint is told to the log
    print(_server())
    for measure in (measure_verifying, measure_appending):
        for row in measure():
            print(row, flush=True)


def _server() -> str:
    from django.db import connection  # noqa: PLC0415 - needs loaded apps

    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version'), current_setting('fsync')")
        version, fsync = cursor.fetchone()
    return f"PostgreSQL {version}, fsync {fsync}"


if __name__ == "__main__":
    main()
