"""Cells written by the database: on PostgreSQL the same bytes as ``recovery.cells`` writes."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import (
    Aggregate,
    BigIntegerField,
    Func,
    IntegerField,
    Subquery,
    TextField,
)

from recovery.cells import FORMULA_STARTS

_STARTS: Final = "".join(f"\\u{ord(start):04x}" for start in FORMULA_STARTS)
_GUARDED: Final = f"''* *[{_STARTS}]"
_FIRST: Final = ", ".join(str(ord(start)) for start in ("\0", " ", "'", *FORMULA_STARTS))


class Harmless(Func):
    """``harmless`` in SQL, but for what nothing prints; an empty text is NULL.

    COPY writes NULL as nothing at all. What nothing prints is replaced on the way: there one look
    at many rows is a tenth of what a regular expression costs for each cell.
    """

    output_field = TextField()
    arity = 1

    def as_postgresql(self, compiler: Any, *_: Any) -> tuple[str, Any]:
        """Look at the first character: of all but a few cells that is enough."""
        text, params = compiler.compile(self.source_expressions[0])
        guarded = rf"regexp_replace({text}, '^({_GUARDED})', '''\1')"
        sql = f"CASE WHEN ascii({text}) IN ({_FIRST}) THEN NULLIF({guarded}, '') ELSE {text} END"
        return sql, tuple(params) * 3


class Iso(Func):
    """``iso`` in SQL; the compiler of another database never meets it.

    ``to_char`` would say the same in twice the time.
    """

    output_field = TextField()
    arity = 1
    template = "replace(left((%(expressions)s AT TIME ZONE 'UTC')::text, 19), ' ', 'T') || '+00:00'"


class JsonText(Func):
    """A JSON column as the text that it is read as."""

    output_field = TextField()
    arity = 1
    template = "(%(expressions)s)::text"


class Whole(Func):
    """A duration in whole days or minutes; what is begun does not count."""

    output_field = BigIntegerField()
    arity = 1
    seconds: int

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, Any]:
        template = f"TRUNC(EXTRACT(EPOCH FROM %(expressions)s) / {self.seconds})::bigint"
        return super().as_sql(compiler, connection, template=template, **extra)

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, Any]:
        """There a duration is a number of microseconds."""
        template = f"(%(expressions)s) / {self.seconds * 1_000_000}"
        return super().as_sql(compiler, connection, template=template, **extra)


class WholeDays(Whole):
    """So many times twenty-four hours."""

    seconds = 86_400


class WholeMinutes(Whole):
    """So many minutes."""

    seconds = 60


class CountOf(Subquery):
    """How many rows a query has, nought included."""

    output_field = IntegerField()
    template = "(SELECT COUNT(*) FROM (%(subquery)s) _counted)"


class Median(Aggregate):
    """The smallest value that half of all do not exceed. What has no value does not count."""

    function = "recovery_median"
    """Of SQLite: see ``recovery.reports.sqlite``."""
    output_field = BigIntegerField()
    arity = 1

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, Any]:
        template = "percentile_disc(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
        return super().as_sql(compiler, connection, template=template, **extra)
