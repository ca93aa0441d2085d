"""Run every benchmark in a database of its own and print one table (``make bench``)."""

from __future__ import annotations

import logging
import os
import platform
import sys
import tempfile
from itertools import chain
from pathlib import Path


def main() -> None:
    """Make the database, measure, print."""
    with tempfile.TemporaryDirectory(prefix="sparekey-bench-") as folder:
        os.environ["VAR_DIR"] = folder
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
        sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
        import django  # noqa: PLC0415 - after the environment is set

        django.setup()
        _measure()


def _measure() -> None:
    import django  # noqa: PLC0415 - see main
    from django.core.management import call_command  # noqa: PLC0415 - see main
    from django.db import connection  # noqa: PLC0415 - see main

    from benchmarks.codes import measure_codes  # noqa: PLC0415 - needs loaded apps
    from benchmarks.ledger import measure_ledger  # noqa: PLC0415 - needs loaded apps
    from benchmarks.sign_in import measure_sign_in  # noqa: PLC0415 - needs loaded apps
    from benchmarks.verifying_export import (  # noqa: PLC0415 - needs loaded apps
        measure_verifying_export,
    )

    logging.disable(logging.WARNING)  # a refused sign-in is one, and there will be many
    call_command("migrate", verbosity=0)
    print(
        f"Django {django.get_version()}, Python {platform.python_version()}, "
        f"{connection.vendor}, {os.cpu_count()} cores"
    )
    for row in chain(measure_sign_in(), measure_codes(), measure_verifying_export()):
        print(row, flush=True)
    measure_ledger()


if __name__ == "__main__":
    main()
