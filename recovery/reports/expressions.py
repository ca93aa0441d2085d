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

from recovery.cells import FORMULA_STARTS, UNPRINTABLE_RANGES

_STARTS: Final = "".join(f"\\u{ord(start):04x}" for start in FORMULA_STARTS)
# PostgreSQL stores no NUL, and its regular expressions can't name one.
_UNPRINTABLE: Final = "".join(f"\\u{max(a, 1):04x}-\\u{b:04x}" for a, b in UNPRINTABLE_RANGES)
_GUARDED: Final = f"''* *[{_STARTS}]"


class Harmless(Func):
    """``harmless`` in SQL; an empty text is NULL, which COPY writes as nothing at all."""

    output_field = TextField()
    arity = 1

    def as_postgresql(self, compiler: Any, *_: Any) -> tuple[str, Any]:
        """Look once whether there is anything to do: in all but a few cells there is not."""
        text, params = compiler.compile(self.source_expressions[0])
        printable = rf"regexp_replace({text}, '[{_UNPRINTABLE}]', U&'\fffd', 'g')"
        sql = (
            f"CASE WHEN {text} ~ '^{_GUARDED}|[{_UNPRINTABLE}]' "
            rf"THEN regexp_replace({printable}, '^({_GUARDED})', '''\1') "
            f"ELSE NULLIF({text}, '') END"
        )
        return sql, tuple(params) * 3


class Iso(Func):
    """``iso`` in SQL; the compiler of another database never meets it."""

    output_field = TextField()
    arity = 1
    template = """to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"')"""


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
