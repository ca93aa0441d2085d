"""What the chain costs those who write: the same insert with and without its link."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from typing import Any

import psycopg
from django.db import connection, connections
from psycopg import sql

from benchmarks.pairs import Bar, Row, side_by_side
from recovery.audit.linking import EVENTS
from recovery.models import AuditEvent

WRITERS = 8
EACH = 150
RUNS = 9


def measure_appending() -> Iterator[Row]:
    """Eight processes, each with its own connection and a durable commit for every event."""
    template = AuditEvent.objects.values().order_by("pk").first()
    insert = sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {} WHERE id = {}")
    columns = sql.SQL(", ").join(sql.Identifier(name) for name in template if name != "id")
    table = sql.Identifier(EVENTS)
    params = connection.get_connection_params()
    statement = insert.format(table, columns, columns, table, template["id"]).as_string()
    connections.close_all()  # a fork would share it
    forking = multiprocessing.get_context("fork")
    start = forking.Barrier(WRITERS)
    with forking.Pool(WRITERS, _connect, (start, _plain(params), statement)) as pool:

        def write() -> None:
            pool.map(_write, [EACH] * WRITERS, chunksize=1)

        def unchained() -> None:
            _link("DISABLE")
            write()

        def chained() -> None:
            _link("ENABLE")
            write()

        yield side_by_side(
            f"rate of {WRITERS} writers, chained ÷ unchained (time unchained ÷ chained)",
            unchained,
            chained,
            runs=RUNS,
            bar=Bar(at_least=0.4),
        )


def _link(switch: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {EVENTS} {switch} TRIGGER recovery_ledger_link")


def _plain(params: dict[str, Any]) -> dict[str, Any]:
    return {name: params[name] for name in ("dbname", "user", "host") if params.get(name)}


def _connect(start: Any, params: dict[str, Any], statement: str) -> None:
    _write.start, _write.statement = start, statement
    _write.connection = psycopg.connect(**params, autocommit=True)


def _write(times: int) -> None:
    _write.start.wait()
    for _ in range(times):
        _write.connection.execute(_write.statement)
