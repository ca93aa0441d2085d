"""Naming and writing many rows at once, past what the ORM spends on each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import batched
from typing import TYPE_CHECKING, Any, Final

from django.db import connection, models
from django.db.models.expressions import RawSQL
from psycopg.types.json import Jsonb

if TYPE_CHECKING:
    from django.db.models import Field

Value = str | int
"""What may differ from row to row, as the column keeps it: JSON is text here."""

LINES_AT_ONCE: Final = 200
NULL: Final = r"\N"
APART: Final = "\0"
"""Between values until they are escaped: no text in the database holds one."""
ESCAPES: Final = (("\\", "\\\\"), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"), (APART, "\t"))
_IDS: Final = "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)"
_LAST_ID: Final = "SELECT seq FROM sqlite_sequence WHERE name = %s"


def among(ids: Iterable[int]) -> RawSQL:
    """Ids for ``__in``, as one value: a thousand of them would be taken apart one by one."""
    listed = list(ids)
    if connection.vendor == "postgresql":
        return RawSQL("SELECT unnest(%s::bigint[])", [listed])
    return RawSQL("SELECT value FROM json_each(%s)", [json.dumps(listed)])


def insert_like(
    pattern: models.Model, varying: Sequence[str], rows: Iterable[Sequence[Value]]
) -> None:
    """Insert a row like the unsaved ``pattern`` for each of ``rows``, which holds what varies.

    No query may run while ``rows`` are made: PostgreSQL takes them in as they come.
    """
    fields = {field.attname: field for field in pattern._meta.concrete_fields}
    same = [
        field
        for name, field in fields.items()
        if name not in varying and not isinstance(field, models.AutoField)
    ]
    constant = [
        field.get_db_prep_save(getattr(pattern, field.attname), connection) for field in same
    ]
    columns = [_quoted(field) for field in (*same, *(fields[name] for name in varying))]
    into = f"{connection.ops.quote_name(pattern._meta.db_table)} ({', '.join(columns)})"
    write = _copy if connection.vendor == "postgresql" else _execute
    write(into, constant, rows)


def next_ids(model: type[models.Model], count: int) -> list[int]:
    """Reserve ids for rows that other rows name before they are written.

    SQLite has one writer at a time, and whoever asks is it.
    """
    table, column = model._meta.db_table, model._meta.pk.column
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_IDS, [table, column, count])
            return [number for (number,) in cursor.fetchall()]
        cursor.execute(_LAST_ID, [table])
        last = cursor.fetchone()
    first = (last[0] if last else 0) + 1
    return list(range(first, first + count))


def _copy(into: str, constant: Sequence[Any], rows: Iterable[Sequence[Value]]) -> None:
    beginning = "".join(f"{_as_text(value)}\t" for value in constant)
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(f"COPY {into} FROM STDIN") as copy,
    ):
        for lines in batched(_lines(beginning, rows), LINES_AT_ONCE):
            copy.write("".join(lines))


def _lines(beginning: str, rows: Iterable[Sequence[Value]]) -> Iterator[str]:
    return (f"{beginning}{_escaped(APART.join(map(str, row)))}\n" for row in rows)


def _execute(into: str, constant: Sequence[Any], rows: Iterable[Sequence[Value]]) -> None:
    whole = [(*constant, *row) for row in rows]
    if whole:
        marks = ", ".join(["%s"] * len(whole[0]))
        with connection.cursor() as cursor:
            cursor.executemany(f"INSERT INTO {into} VALUES ({marks})", whole)  # noqa: S608 - names of our own columns


def _as_text(value: Any) -> str:
    if value is None:
        return NULL
    if isinstance(value, Jsonb):
        return _escaped(json.dumps(value.obj))
    return _escaped(value.isoformat() if isinstance(value, datetime) else str(value))


def _escaped(text: str) -> str:
    """Text in the format of ``COPY``."""
    for character, escape in ESCAPES:
        text = text.replace(character, escape)
    return text


def _quoted(field: Field[Any, Any]) -> str:
    return connection.ops.quote_name(str(field.column))
