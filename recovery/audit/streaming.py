"""Reading the whole chain at once: raw rows, in one snapshot, with memory that does not grow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import psycopg
from django.db import connection as default
from django.db import transaction
from psycopg.types.string import ByteaBinaryLoader

from recovery.audit.linking import ENTRIES, EVENTS

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

Row = tuple[int, int, bytes, bytes | None]
"""Sequence, id of the event, hash, content. There is no content where there is no event."""

CHUNK: Final = 50
"""Rows that libpq hands on at once: small enough for the processor's cache."""
CHUNKED_SINCE: Final = 170000

# Nothing is sorted or hashed, so the first row comes at once and no memory grows with the table.
POSTGRESQL_SNAPSHOT: Final = (
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",
    *(f"SET LOCAL enable_{way} = off" for way in ("hashjoin", "mergejoin", "sort")),
    "SET LOCAL max_parallel_workers_per_gather = 0",
)
_CHAIN: Final = f"""
    SELECT {{columns}} FROM {ENTRIES} c LEFT JOIN {EVENTS} e ON e.id = c.event_id
    WHERE c.sequence > {{after}} AND c.sequence <= {{upto}}
    ORDER BY c.sequence"""  # noqa: S608 - constants of this module
_COLUMNS: Final = {
    "postgresql": "c.sequence, c.event_id, c.hash, e.content",
    # A column of SQLite may hold anything.
    "sqlite": """CAST(c.sequence AS INTEGER), CAST(c.event_id AS INTEGER),
        CAST(c.hash AS BLOB), CAST(e.content AS BLOB)""",
}
_UNLINKED: Final = f"""
    SELECT MIN(e.id) FROM {EVENTS} e LEFT JOIN {ENTRIES} c ON c.event_id = e.id
    WHERE c.event_id IS NULL"""  # noqa: S608 - constants of this module
ENDLESS: Final = 2**63 - 1


@contextmanager
def snapshot(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Let every query inside see one moment: who writes meanwhile is neither seen nor held up.

    Inside a transaction of the caller's, that transaction is what is seen.
    """
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "postgresql":
        with transaction.atomic(using=connection.alias):
            _execute(connection, *POSTGRESQL_SNAPSHOT)
            yield
    else:
        # Not through Django's atomic: that one asks for the write lock as it begins.
        _execute(connection, "BEGIN DEFERRED")
        try:
            yield
        finally:
            _execute(connection, "ROLLBACK")


def chain_rows(
    connection: BaseDatabaseWrapper, *, after: int = 0, upto: int | None = None
) -> Iterator[Row]:
    """The entries behind ``after`` in their order, each with its event if there is one.

    Read them to the end: nothing else can be asked of the connection before.
    """
    connection.ensure_connection()
    query = _CHAIN.format(
        columns=_COLUMNS[connection.vendor],
        after=int(after),
        upto=ENDLESS if upto is None else int(upto),
    )
    if connection.vendor == "postgresql":
        return _streamed(connection, query)
    return iter(connection.connection.execute(query))


def unlinked_event(connection: BaseDatabaseWrapper = default) -> int | None:
    """The id of the first event that has no place in the chain."""
    with connection.cursor() as cursor:
        cursor.execute(_UNLINKED)
        row = cursor.fetchone()
    return row[0] if row else None


def _streamed(connection: BaseDatabaseWrapper, query: str) -> Iterator[Row]:
    with psycopg.Cursor(connection.connection) as cursor:
        for kind in ("text", "varchar"):
            cursor.adapters.register_loader(kind, ByteaBinaryLoader)
        size = CHUNK if psycopg.pq.version() >= CHUNKED_SINCE else 1
        yield from cursor.stream(query.encode(), binary=True, size=size)


def _execute(connection: BaseDatabaseWrapper, *statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
