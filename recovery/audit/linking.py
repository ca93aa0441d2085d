"""How the database links each event to the one before, as the last thing its transaction does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from recovery.canonical import EVENT_DOMAIN, GENESIS, hash_of, line_of
from recovery.models import AuditEvent, ChainEntry

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

EVENTS: Final = AuditEvent._meta.db_table
ENTRIES: Final = ChainEntry._meta.db_table
LOCK: Final = 0x7370617265
"""PostgreSQL's advisory lock of the chain. Nothing but the link asks for it."""

# The link needs its lock from the head's reading to the commit. A deferred trigger runs when
# nothing else of the transaction is left to do, so nobody waits for a row while holding it.
POSTGRESQL_FUNCTION: Final = f"""
    CREATE OR REPLACE FUNCTION recovery_ledger_link() RETURNS trigger LANGUAGE plpgsql AS $link$
    DECLARE
        place bigint;
        before text;
    BEGIN
        PERFORM pg_advisory_xact_lock({LOCK});
        SELECT sequence, hash INTO place, before
            FROM {ENTRIES} ORDER BY sequence DESC LIMIT 1;
        place := COALESCE(place, 0) + 1;
        before := COALESCE(before, '{GENESIS}');
        INSERT INTO {ENTRIES} (sequence, event_id, hash) VALUES (place, NEW.id, encode(sha256(
            convert_to('{EVENT_DOMAIN}' || '{{"_id":' || NEW.id || ',"_previous":"' || before
                || '","_sequence":' || place || ',' || substr(NEW.content, 2), 'UTF8')), 'hex'));
        RETURN NULL;
    END $link$"""  # noqa: S608 - constants of this module
POSTGRESQL_TRIGGER: Final = f"""
    CREATE CONSTRAINT TRIGGER recovery_ledger_link AFTER INSERT ON {EVENTS}
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION recovery_ledger_link()"""

_PLACE: Final = f"(SELECT COALESCE(MAX(sequence), 0) + 1 FROM {ENTRIES})"  # noqa: S608 - constants of this module
_BEFORE: Final = f"(SELECT hash FROM {ENTRIES} ORDER BY sequence DESC LIMIT 1)"  # noqa: S608 - constants of this module
# SQLite has one writer at a time, so the head that is read is the head.
SQLITE_TRIGGER: Final = f"""
    CREATE TRIGGER recovery_ledger_link AFTER INSERT ON {EVENTS} BEGIN
        INSERT INTO {ENTRIES} (sequence, event_id, hash)
        SELECT {_PLACE}, NEW.id, recovery_event_hash(NEW.content, NEW.id, {_PLACE}, {_BEFORE});
    END"""


def teach_sqlite(connection: BaseDatabaseWrapper, **_kwargs: Any) -> None:
    """Give a new SQLite connection the hash that the trigger calls: it writes nothing without."""
    if connection.vendor == "sqlite":
        connection.connection.create_function("recovery_event_hash", 4, _hash, deterministic=True)


def settle(connection: BaseDatabaseWrapper) -> None:
    """Link what this transaction has written so far, and not only as it commits."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS recovery_ledger_link IMMEDIATE")
            cursor.execute("SET CONSTRAINTS recovery_ledger_link DEFERRED")


def _hash(content: str, event_id: int, sequence: int, before: str | None) -> str:
    line = line_of(content, event_id=event_id, sequence=sequence, previous=before or GENESIS)
    return hash_of(line)
