"""Writing many rows of a model at once: by COPY where the database has it."""

from __future__ import annotations

from itertools import batched
from typing import TYPE_CHECKING, Any, Final

from django.db import connection
from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from django.db.models import Field, Model

AT_ONCE: Final = 20_000


def write_instances(model: type[Model], instances: Iterable[Model]) -> None:
    """Insert them as ``bulk_create`` would, but for what it reads back."""
    fields = [field for field in model._meta.local_concrete_fields if not _by_database(field)]
    write_rows(model, [field.attname for field in fields], _rows(fields, instances))


def write_rows(model: type[Model], names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert rows of ready values, one for each field named, in the caller's transaction."""
    by_name = {field.attname: str(field.column) for field in model._meta.concrete_fields}
    columns = [by_name[name] for name in names]
    write = _copy if connection.vendor == "postgresql" else _insert
    # Made before they are sent: a query for them would wait for the COPY that waits for them.
    for some in batched(rows, AT_ONCE, strict=False):
        write(model._meta.db_table, columns, some)


def _rows(fields: Sequence[Field[Any, Any]], instances: Iterable[Model]) -> Iterator[list[Any]]:
    prepared = [(field, field.get_db_prep_save) for field in fields]
    for one in instances:
        yield [save(field.pre_save(one, add=True), connection) for field, save in prepared]


def _by_database(field: Any) -> bool:
    return field.generated or field is field.model._meta.auto_field


def _copy(table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _insert(table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    quote = connection.ops.quote_name
    names, places = ", ".join(map(quote, columns)), ", ".join(["%s"] * len(columns))
    statement = f"INSERT INTO {quote(table)} ({names}) VALUES ({places})"  # noqa: S608 - names of our own models
    with connection.cursor() as cursor:
        cursor.executemany(statement, rows)
