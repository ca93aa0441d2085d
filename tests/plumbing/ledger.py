"""Goes past the ledger's triggers: for the flush of a `transaction=True` test, and as a forger.

The triggers refuse DELETE and TRUNCATE, which is what a flush is made of. Production code must
have no door in them, so the suite brings its own, as whoever owns the database could.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import pytest
from django.db import transaction
from django.db.backends.base.operations import BaseDatabaseOperations

from recovery.audit import triggers

LEDGER_TRIGGERS = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE %s"


@pytest.fixture(scope="session", autouse=True)
def _ledger_lets_the_flush_pass() -> Iterator[None]:
    flush = BaseDatabaseOperations.execute_sql_flush

    def flush_past_the_triggers(operations, sql_list):
        with triggers_off(operations.connection):
            flush(operations, sql_list)

    with patch.object(BaseDatabaseOperations, "execute_sql_flush", flush_past_the_triggers):
        yield


def triggers_off(connection):
    """Let everything be written and deleted inside: nothing is guarded, and nothing is linked."""
    return (
        _without_triggers(connection) if connection.vendor == "sqlite" else _as_replica(connection)
    )


@contextmanager
def _without_triggers(connection) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(LEDGER_TRIGGERS, ["recovery_ledger_%"])
        for (name,) in cursor.fetchall():
            cursor.execute(f"DROP TRIGGER {connection.ops.quote_name(name)}")
    try:
        yield
    finally:
        triggers.install(connection.alias)


@contextmanager
def _as_replica(connection) -> Iterator[None]:
    """Play a replica, which fires no triggers."""
    with transaction.atomic(using=connection.alias):
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
        yield
        with connection.cursor() as cursor:  # the transaction may be a test's, and go on
            cursor.execute("SET LOCAL session_replication_role = origin")
