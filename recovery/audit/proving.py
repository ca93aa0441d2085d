"""The proof, after each migrate, that the database guards and links the ledger."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from django.db import DatabaseError, connections, transaction

from recovery.audit.linking import settle
from recovery.audit.triggers import GUARDED, is_migrated, missing
from recovery.enums import Operation, Outcome
from recovery.models import AuditEvent, ChainEntry, Checkpoint, PurgeRecord, SigningKey

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models import Model

ATTACKS: Final = {
    "update": "UPDATE {table} SET {pk} = {pk} WHERE {pk} = %s",
    "delete": "DELETE FROM {table} WHERE {pk} = %s",
}
SQLITE_ATTACKS: Final = ATTACKS | {
    "replace": "INSERT OR REPLACE INTO {table} SELECT * FROM {table} WHERE {pk} = %s",
}
POSTGRESQL_ATTACKS: Final = ATTACKS | {
    "truncate": "TRUNCATE {table} -- %s",
    "insert over": "INSERT INTO {table} SELECT * FROM {table} WHERE {pk} = %s",
}


class LedgerUnguarded(Exception):
    """The database let a written event be changed, or links none: nothing may run on it."""


def prove(using: str = "default") -> None:
    """Look for every trigger, attack probes in every way that is refused, and take it all back.

    Raises ``LedgerUnguarded`` naming what is missing, or the attack that went through.
    """
    connection = connections[using]
    if not is_migrated(connection):
        return
    if missing(connection):
        raise LedgerUnguarded(f"Triggers are missing: {', '.join(sorted(missing(connection)))}.")
    with transaction.atomic(using=using):
        for probe in _probes(connection):
            for name, statement in _attacks(connection, probe).items():
                _must_be_refused(using, name, statement, probe)
        transaction.set_rollback(True, using=using)


def _probes(connection: BaseDatabaseWrapper) -> Iterator[Model]:
    """One row of each guarded table, the event first: the database itself has to link it."""
    using, digest = connection.alias, secrets.token_hex(32)
    event = AuditEvent.objects.using(using).create(
        operation=Operation.RECONCILE, outcome=Outcome.FAILED, reason="probe of the triggers"
    )
    yield event
    yield _link_of(connection, event)
    yield SigningKey.objects.using(using).create(fingerprint=digest, public_key="")
    yield Checkpoint.objects.using(using).create(sequence=0, head="", count=0, key_id=digest)
    yield PurgeRecord.objects.using(using).create(
        first_sequence=0, last_sequence=0, newest_at=event.at, key_id=digest
    )


def _link_of(connection: BaseDatabaseWrapper, event: AuditEvent) -> ChainEntry:
    settle(connection)
    link = ChainEntry.objects.using(connection.alias).filter(event=event).first()
    if link is None:
        raise LedgerUnguarded("The database links no event to the one before.")
    return link


def _must_be_refused(using: str, name: str, statement: str, probe: Model) -> None:
    try:
        with transaction.atomic(using=using), connections[using].cursor() as cursor:
            cursor.execute(statement, [probe.pk])
    except DatabaseError:
        return
    raise LedgerUnguarded(f"The database allows {name} on {probe._meta.db_table}.")


def _attacks(connection: BaseDatabaseWrapper, probe: Model) -> dict[str, str]:
    attacks = POSTGRESQL_ATTACKS if connection.vendor == "postgresql" else SQLITE_ATTACKS
    table, pk = probe._meta.db_table, probe._meta.pk.column
    assert table in GUARDED  # noqa: S101 - a probe of what nobody guards would prove nothing
    return {name: statement.format(table=table, pk=pk) for name, statement in attacks.items()}
