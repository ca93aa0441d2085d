"""The database's own refusal to change the ledger, on SQLite and PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db import connections, transaction

from recovery.audit import linking
from recovery.models import Checkpoint, PurgeRecord, SigningKey

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.migrations import Migration

EVENTS: Final = linking.EVENTS
ENTRIES: Final = linking.ENTRIES
RECORDS: Final = PurgeRecord._meta.db_table
REFUSAL: Final = "The ledger is written once."

GUARDED: Final[dict[str, str]] = {
    EVENTS: "id = NEW.id",
    ENTRIES: "sequence = NEW.sequence OR event_id = NEW.event_id",
    SigningKey._meta.db_table: "fingerprint = NEW.fingerprint",
    Checkpoint._meta.db_table: "id = NEW.id",
    RECORDS: "id = NEW.id",
}
"""Each table that is written once, and what makes a new row take the place of an old one."""

_NAMED: Final = f"SELECT 1 FROM {RECORDS} p WHERE"  # noqa: S608 - constants of this module
DOORS: Final[dict[str, str]] = {
    EVENTS: f"""OLD.at < {{year_ago}} AND EXISTS ({_NAMED} EXISTS (
        SELECT 1 FROM {ENTRIES} c WHERE c.event_id = OLD.id
        AND c.sequence BETWEEN p.first_sequence AND p.last_sequence))""",  # noqa: S608 - constants of this module
    ENTRIES: f"EXISTS ({_NAMED} OLD.sequence BETWEEN p.first_sequence AND p.last_sequence)",
}
"""What may be deleted: what a purge record names, if it is a year old. PCI DSS 10.5.1.

The database can't check the record's signature. The verifier does, and a record that nobody
signed explains no gap.
"""
PRESENT: Final = {
    "postgresql": "SELECT tgname FROM pg_trigger WHERE tgenabled IN ('O', 'A')",
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
}
YEAR_AGO: Final = {
    "postgresql": "now() - interval '12 months'",
    "sqlite": "strftime('%Y-%m-%d %H:%M:%S', 'now', '-12 months')",
}


def install(using: str = "default") -> None:
    """Put the triggers back. SQLite drops them whenever a migration rebuilds the table."""
    connection = connections[using]
    if not is_migrated(connection):
        return
    with transaction.atomic(using=using), connection.cursor() as cursor:
        for statement in _statements(connection):
            cursor.execute(statement)


def take_off_for(plan: Sequence[tuple[Migration, bool]], *, using: str) -> None:
    """Take them off before a migration of ours on SQLite, which can't rename a table under them."""
    connection = connections[using]
    if connection.vendor != "sqlite" or not any(one.app_label == "recovery" for one, _ in plan):
        return
    with connection.cursor() as cursor:
        for statement in drops(connection).values():
            cursor.execute(statement)


def missing(connection: BaseDatabaseWrapper) -> set[str]:
    """The names of triggers that are not there, or are switched off."""
    with connection.cursor() as cursor:
        cursor.execute(PRESENT[connection.vendor])
        return drops(connection).keys() - {name for (name,) in cursor.fetchall()}


def is_migrated(connection: BaseDatabaseWrapper) -> bool:
    """Whether every guarded table is there: a migrate can stop half-way."""
    return set(GUARDED) <= set(connection.introspection.table_names())


def drops(connection: BaseDatabaseWrapper) -> dict[str, str]:
    """What takes each trigger off, by its name."""
    if connection.vendor == "postgresql":
        on = {
            f"{_name(table)}_no_{what}": table
            for table in GUARDED
            for what in ("change", "truncate")
        }
        guards = {name: f"DROP TRIGGER IF EXISTS {name} ON {table}" for name, table in on.items()}
        return guards | linking.POSTGRESQL_DROPS
    return {name: f"DROP TRIGGER IF EXISTS {name}" for name in _sqlite_triggers()}


def _sqlite_triggers() -> dict[str, str]:
    guards = {name: body for table in GUARDED for name, body in _sqlite_guards(table).items()}
    return guards | {"recovery_ledger_link": linking.SQLITE_TRIGGER}


def _name(table: str) -> str:
    return f"recovery_ledger_{table.removeprefix('recovery_')}"


def _statements(connection: BaseDatabaseWrapper) -> list[str]:
    makes = list(_sqlite_triggers().values())
    if connection.vendor == "postgresql":
        guards = [one for table in GUARDED for one in _postgresql_guards(table)]
        makes = [*guards, *linking.POSTGRESQL]
    return [*drops(connection).values(), *makes]


def _sqlite_guards(table: str) -> dict[str, str]:
    name = _name(table)
    refuse = f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    door = DOORS.get(table, "0").format(year_ago=YEAR_AGO["sqlite"])
    # INSERT OR REPLACE deletes the old row without asking the DELETE triggers.
    over = f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {GUARDED[table]})"  # noqa: S608 - constants of this module
    when = {
        f"{name}_no_update": "BEFORE UPDATE ON {table}",
        f"{name}_no_delete": f"BEFORE DELETE ON {{table}} WHEN NOT ({door})",
        f"{name}_no_replace": f"BEFORE INSERT ON {{table}} {over}",
    }
    return {
        trigger: f"CREATE TRIGGER {trigger} {moment.format(table=table)} {refuse}"
        for trigger, moment in when.items()
    }


def _postgresql_guards(table: str) -> list[str]:
    name = _name(table)
    door = DOORS.get(table, "false").format(year_ago=YEAR_AGO["postgresql"])
    return [
        f"""CREATE OR REPLACE FUNCTION {name}_refuse() RETURNS trigger LANGUAGE plpgsql AS $refuse$
            BEGIN
                IF TG_OP = 'DELETE' THEN IF {door} THEN RETURN OLD; END IF; END IF;
                RAISE EXCEPTION '{REFUSAL}';
            END $refuse$""",
        f"""CREATE TRIGGER {name}_no_change BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION {name}_refuse()""",
        f"""CREATE TRIGGER {name}_no_truncate BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION {name}_refuse()""",
    ]
