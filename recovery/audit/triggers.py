"""The database's own refusal to change the ledger, on SQLite and PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db import DatabaseError, connections, transaction

from recovery.enums import Operation, Outcome
from recovery.models import AuditEvent

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

TABLE: Final = AuditEvent._meta.db_table
REFUSAL: Final = "The ledger is written once."

# INSERT OR REPLACE deletes the old row without asking SQLite's DELETE triggers.
SQLITE: Final = {
    "recovery_ledger_no_update": f"""
        CREATE TRIGGER recovery_ledger_no_update BEFORE UPDATE ON {TABLE}
        BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END""",
    "recovery_ledger_no_delete": f"""
        CREATE TRIGGER recovery_ledger_no_delete BEFORE DELETE ON {TABLE}
        BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END""",
    "recovery_ledger_no_replace": f"""
        CREATE TRIGGER recovery_ledger_no_replace BEFORE INSERT ON {TABLE}
        WHEN EXISTS (SELECT 1 FROM {TABLE} WHERE id = NEW.id OR sequence = NEW.sequence)
        BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END""",  # noqa: S608 - constants of this module
}

POSTGRESQL_FUNCTION: Final = f"""
    CREATE OR REPLACE FUNCTION recovery_ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS
    $refuse$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $refuse$"""
POSTGRESQL: Final = {
    "recovery_ledger_no_change": f"""
        CREATE TRIGGER recovery_ledger_no_change BEFORE UPDATE OR DELETE ON {TABLE}
        FOR EACH ROW EXECUTE FUNCTION recovery_ledger_refuse()""",
    "recovery_ledger_no_truncate": f"""
        CREATE TRIGGER recovery_ledger_no_truncate BEFORE TRUNCATE ON {TABLE}
        FOR EACH STATEMENT EXECUTE FUNCTION recovery_ledger_refuse()""",
}

ATTACKS: Final = {
    "update": f"UPDATE {TABLE} SET reason = 'changed' WHERE id = %s",  # noqa: S608 - constants of this module
    "delete": f"DELETE FROM {TABLE} WHERE id = %s",  # noqa: S608 - constants of this module
}
SQLITE_ATTACKS: Final = ATTACKS | {
    "replace": f"INSERT OR REPLACE INTO {TABLE} SELECT * FROM {TABLE} WHERE id = %s",  # noqa: S608 - constants of this module
}
POSTGRESQL_ATTACKS: Final = ATTACKS | {
    "truncate": f"TRUNCATE {TABLE} -- %s",
    "insert over": f"INSERT INTO {TABLE} SELECT * FROM {TABLE} WHERE id = %s",  # noqa: S608 - constants of this module
}


class LedgerUnguarded(Exception):
    """The database let a written event be changed: nothing may run on it."""


def install(using: str = "default") -> None:
    """Put the triggers back. SQLite drops them whenever a migration rebuilds the table."""
    connection = connections[using]
    if TABLE not in connection.introspection.table_names():
        return
    with transaction.atomic(using=using), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(POSTGRESQL_FUNCTION)
        for name, statement in _triggers(connection).items():
            cursor.execute(_drop(connection, name))
            cursor.execute(statement)


def prove(using: str = "default") -> None:
    """Attack a probe event in every way that is refused, and take it all back.

    Raises ``LedgerUnguarded`` naming the attack that went through.
    """
    connection = connections[using]
    if TABLE not in connection.introspection.table_names():
        return
    with transaction.atomic(using=using):
        probe = AuditEvent.objects.using(using).create(
            operation=Operation.RECONCILE, outcome=Outcome.FAILED, reason="probe of the triggers"
        )
        for name, statement in _attacks(connection).items():
            _must_be_refused(using, name, statement, probe.pk)
        transaction.set_rollback(True, using=using)


def _must_be_refused(using: str, name: str, statement: str, pk: int) -> None:
    try:
        with transaction.atomic(using=using), connections[using].cursor() as cursor:
            cursor.execute(statement, [pk])
    except DatabaseError:
        return
    raise LedgerUnguarded(f"The database allows {name} on the ledger.")


def _triggers(connection: BaseDatabaseWrapper) -> dict[str, str]:
    return POSTGRESQL if connection.vendor == "postgresql" else SQLITE


def _attacks(connection: BaseDatabaseWrapper) -> dict[str, str]:
    return POSTGRESQL_ATTACKS if connection.vendor == "postgresql" else SQLITE_ATTACKS


def _drop(connection: BaseDatabaseWrapper, name: str) -> str:
    if connection.vendor == "postgresql":
        return f"DROP TRIGGER IF EXISTS {name} ON {TABLE}"
    return f"DROP TRIGGER IF EXISTS {name}"
