"""Measure on a PostgreSQL of its own, print one table, and write it down (``make bench``).

``python -m benchmarks [section …]`` measures some sections alone. From the environment:

- ``BENCH_USERS`` and ``BENCH_EVENTS``: how many there are in the large database, a million and two;
- ``BENCH_FEW_USERS`` and ``BENCH_FEW_EVENTS``: in the small one, ten and twenty thousand;
- ``BENCH_RUNS``: how many pairs a list is asked for, eleven;
- ``BENCH_DATA``: a directory for the databases and for what was measured. It stays, so a second run
  invents nobody anew, and one of some sections leaves the others in the table;
- ``BENCH_PG_BIN``: where the server's programs are; ``BENCH_RESULTS``: where the table goes.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path

from cryptography.fernet import Fernet

from benchmarks import results
from benchmarks.section import LARGE, SECTIONS
from benchmarks.server import Server, running

HERE = Path(__file__).resolve().parent
SIZES = {
    "large": ("BENCH_USERS", 1_000_000, "BENCH_EVENTS", 2_000_000),
    "small": ("BENCH_FEW_USERS", 10_000, "BENCH_FEW_EVENTS", 20_000),
}


def main() -> None:
    """Start the server, seed what is not there yet, and measure what was asked for."""
    asked = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Ended."))  # and the server with us
    kept = os.environ.get("BENCH_DATA")
    temporary = tempfile.TemporaryDirectory(prefix="sparekey-bench-", ignore_cleanup_errors=True)
    with nullcontext(kept) if kept else temporary as folder:
        data = Path(folder).resolve()
        with running(data) as server:
            began = time.monotonic()
            urls = {size: _seeded(server, data, size) for size in SIZES}
            failed = [name for name in asked if not _measured(server, data, name, urls)]
            print(f"In all {time.monotonic() - began:.0f} s.")
        path = Path(os.environ.get("BENCH_RESULTS", HERE / "RESULTS.md"))
        results.write(path, data / "rows", results.machine() | _sizes())
        print(f"Written to {path}.")
    if failed:
        sys.exit(f"Not measured, for the reason above: {', '.join(failed)}.")


def _arguments() -> list[str]:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("section", nargs="*", choices=[*SECTIONS, []], help="all by default")
    parser.add_argument("--seed-only", action="store_true", help="make the databases, no more")
    asked = parser.parse_args()
    return [] if asked.seed_only else asked.section or list(SECTIONS)


def _size(size: str) -> tuple[int, int]:
    users, many, events, lines = SIZES[size]
    return int(os.environ.get(users, many)), int(os.environ.get(events, lines))


def _sizes() -> dict[str, str]:
    return {size: "{:,} users, {:,} events".format(*_size(size)) for size in SIZES}


def _seeded(server: Server, data: Path, size: str) -> str:
    """The URL of a database of that size, made if it is not there whole, migrated if it is."""
    users, events = _size(size)
    name, began = f"users_{users}_events_{events}", time.monotonic()
    if server.has(name):
        url, asked = server.url(name), []
    else:
        print(f"Inventing {users:,} users and {events:,} events …", flush=True)
        url, asked = server.create(f"{name}_unfinished"), [str(users), str(events)]
    if _run(["benchmarks.arranging", *asked], data, DATABASE_URL=url):
        raise SystemExit(f"The {size} database could not be made.")
    if asked:
        server.rename(f"{name}_unfinished", name)
        print(f"It took {time.monotonic() - began:.0f} s.", flush=True)
    return server.url(name)


def _measured(server: Server, data: Path, name: str, urls: dict[str, str]) -> bool:
    """Measure a section. What fails costs the others nothing."""
    section, began = SECTIONS[name], time.monotonic()
    print(f"{section.title}:", flush=True)
    (data / "rows").mkdir(exist_ok=True)
    empty = f"measuring_{os.getpid()}"
    url = urls[LARGE] if section.database == LARGE else server.create(empty)
    code = _run(
        ["benchmarks.section", name, str(data / "rows" / f"{name}.json")],
        data,
        DATABASE_URL=url,
        BENCH_LARGE_URL=urls["large"],
        BENCH_SMALL_URL=urls["small"],
    )
    server.drop(empty)
    print(f"  … {time.monotonic() - began:.0f} s", flush=True)
    return code == 0


def _run(module: list[str], data: Path, **environment: str) -> int:
    (data / "var").mkdir(exist_ok=True)
    known = {"VAR_DIR": str(data / "var"), "DJANGO_SETTINGS_MODULE": "benchmarks.settings"}
    known |= _keys(data)
    done = subprocess.run(
        [sys.executable, "-m", *module],
        env=os.environ | known | {"LOG_LEVEL": "ERROR"} | environment,
        cwd=HERE.parent,
        check=False,
    )
    return done.returncode


def _keys(data: Path) -> dict[str, str]:
    """Keys as production has them, kept beside what they encrypted."""
    kept = data / "keys.json"
    if not kept.exists():
        signing = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
        keys = {
            "RECOVERY_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
            "RECOVERY_SIGNING_KEYS": signing,
        }
        kept.write_text(json.dumps(keys))
    return json.loads(kept.read_text())


if __name__ == "__main__":
    main()
