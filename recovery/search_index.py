"""The index behind the search: pieces of three characters, on either database, by its own means.

A word is found by the pieces in it. Two spaces stand before each word of the text, so that one
or two letters are a piece as well, where a word begins with them. PostgreSQL needs no extension
for this, which many a managed database does not give.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db import connections, transaction

from recovery.models import AccountText

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

PIECE: Final = 3
TEXTS: Final = AccountText._meta.db_table
PIECES: Final = f"{TEXTS}_pieces"
"""The name of the index on PostgreSQL, and of the FTS5 table on SQLite."""
FUNCTION: Final = "recovery_pieces"
PADDED: Final = "'  ' || replace({}, ' ', '  ')"

# Dear, so that no plan computes it row by row; not parallel, since to start workers costs more.
# A short list of what waits to be indexed, since every search walks it.
POSTGRESQL: Final = {
    FUNCTION: f"""
        CREATE OR REPLACE FUNCTION {FUNCTION}(words text) RETURNS text[]
        LANGUAGE sql IMMUTABLE STRICT PARALLEL UNSAFE COST 5000 AS $$
            SELECT ARRAY(
                SELECT substr(padded, place, {PIECE})
                FROM (SELECT {PADDED.format("words")} AS padded) AS one,
                    generate_series(1, length(padded) - {PIECE - 1}) AS place
            )
        $$""",  # noqa: S608 - our own names
    PIECES: f"""
        CREATE INDEX IF NOT EXISTS {PIECES} ON {TEXTS} USING gin ({FUNCTION}(folded))
        WITH (gin_pending_list_limit = 256)""",
}
_ADD: Final = f"INSERT INTO {PIECES} (rowid, pieces) VALUES (new.account_id, {{}});".format(  # noqa: S608 - our own names
    PADDED.format("new.folded")
)
_TAKE: Final = f"DELETE FROM {PIECES} WHERE rowid = old.account_id;"  # noqa: S608 - our own names
SQLITE: Final = {
    PIECES: f"""
        CREATE VIRTUAL TABLE {PIECES} USING fts5(pieces, tokenize='trigram case_sensitive 1')""",
    f"{PIECES}_insert": f"""
        CREATE TRIGGER {PIECES}_insert AFTER INSERT ON {TEXTS} BEGIN {_ADD} END""",
    f"{PIECES}_update": f"""
        CREATE TRIGGER {PIECES}_update AFTER UPDATE OF account_id, folded ON {TEXTS}
        BEGIN {_TAKE} {_ADD} END""",
    f"{PIECES}_delete": f"""
        CREATE TRIGGER {PIECES}_delete AFTER DELETE ON {TEXTS} BEGIN {_TAKE} END""",
}
REFILL: Final = (
    f"DELETE FROM {PIECES}",  # noqa: S608 - our own names
    f"INSERT INTO {PIECES} (rowid, pieces) SELECT account_id, {{}} FROM {TEXTS}".format(  # noqa: S608 - our own names
        PADDED.format("folded")
    ),
)
PRESENT: Final = {
    "postgresql": "SELECT relname FROM pg_class WHERE pg_table_is_visible(oid) AND relkind = 'i' "
    "UNION ALL SELECT proname FROM pg_proc WHERE pg_function_is_visible(oid)",
    "sqlite": "SELECT name FROM sqlite_master WHERE type IN ('table', 'trigger')",
}


def install(using: str = "default") -> None:
    """Make what is missing of it. SQLite drops triggers whenever a migration rebuilds a table.

    What was written while they were off is not in the index: it is filled anew.
    """
    connection = connections[using]
    if TEXTS not in connection.introspection.table_names():
        return
    absent = missing(connection)
    if not absent:
        return
    parts = POSTGRESQL if connection.vendor == "postgresql" else SQLITE
    statements = [statement for name, statement in parts.items() if name in absent]
    if connection.vendor == "sqlite":
        statements += REFILL
    with transaction.atomic(using=using), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def missing(connection: BaseDatabaseWrapper) -> set[str]:
    """The names of its parts that are not there."""
    parts = POSTGRESQL if connection.vendor == "postgresql" else SQLITE
    with connection.cursor() as cursor:
        cursor.execute(PRESENT[connection.vendor])
        return parts.keys() - {name for (name,) in cursor.fetchall()}
