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

# The link needs its lock from the reading of the head to the commit, so it has to be the last
# thing that a transaction does. Deferred triggers run in the order of their rows, and a foreign
# key of a row written after the event may still wait for somebody. So the first trigger only
# makes a row, whose own deferred trigger comes after all that was waiting before.
UNLINKED: Final = "recovery_ledger_unlinked"
POSTGRESQL: Final = (
    f"CREATE TABLE IF NOT EXISTS {UNLINKED} (event_id bigint NOT NULL)",
    f"""
    CREATE OR REPLACE FUNCTION recovery_ledger_link() RETURNS trigger LANGUAGE plpgsql AS $link$
    DECLARE
        made tid;
    BEGIN
        INSERT INTO {UNLINKED} VALUES (NEW.id) RETURNING ctid INTO made;
        DELETE FROM {UNLINKED} WHERE ctid = made;
        RETURN NULL;
    END $link$""",  # noqa: S608 - constants of this module
    f"""
    CREATE OR REPLACE FUNCTION recovery_ledger_link_last() RETURNS trigger LANGUAGE plpgsql AS
    $link$
    DECLARE
        place bigint;
        before text;
    BEGIN
        PERFORM pg_advisory_xact_lock({LOCK});
        SELECT sequence, hash INTO place, before
            FROM {ENTRIES} ORDER BY sequence DESC LIMIT 1;
        place := COALESCE(place, 0) + 1;
        before := COALESCE(before, '{GENESIS}');
        INSERT INTO {ENTRIES} (sequence, event_id, hash)
        SELECT place, id, encode(sha256(convert_to(
            '{EVENT_DOMAIN}' || '{{"_id":' || id || ',"_previous":"' || before
                || '","_sequence":' || place || ',' || substr(content, 2), 'UTF8')), 'hex')
            FROM {EVENTS} WHERE id = NEW.event_id;
        RETURN NULL;
    END $link$""",  # noqa: S608 - constants of this module
    f"""
    CREATE CONSTRAINT TRIGGER recovery_ledger_link AFTER INSERT ON {EVENTS}
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION recovery_ledger_link()""",
    f"""
    CREATE CONSTRAINT TRIGGER recovery_ledger_link_last AFTER INSERT ON {UNLINKED}
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION recovery_ledger_link_last()""",
)
POSTGRESQL_DROPS: Final = {
    "recovery_ledger_link": f"DROP TRIGGER IF EXISTS recovery_ledger_link ON {EVENTS}",
    "recovery_ledger_link_last": f"DROP TRIGGER IF EXISTS recovery_ledger_link_last ON {UNLINKED}",
}

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
            both = "recovery_ledger_link, recovery_ledger_link_last"
            cursor.execute(f"SET CONSTRAINTS {both} IMMEDIATE")
            cursor.execute(f"SET CONSTRAINTS {both} DEFERRED")


def _hash(content: str, event_id: int, sequence: int, before: str | None) -> str:
    line = line_of(content, event_id=event_id, sequence=sequence, previous=before or GENESIS)
    return hash_of(line)
