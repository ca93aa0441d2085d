"""Orders of the account list that a column alone does not have: each is what an index holds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final

from django.db.models import DateTimeField, Func

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models.sql.compiler import SQLCompiler

NEVER_DUE: Final = datetime(9999, 12, 1, tzinfo=UTC)
LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Stand where there is no moment: what a row is compared with must not be null."""


class _Moment(Func):
    """The first moment that there is, or the one that stands for none.

    That one is written into the statement, as it is into the index: given as a parameter, no
    database would see that the two are the same.
    """

    output_field = DateTimeField()
    columns: ClassVar[tuple[str, ...]]
    otherwise: ClassVar[datetime]

    def __init__(self, *columns: Any) -> None:
        super().__init__(*(columns or self.columns))

    def as_sql(
        self,
        compiler: SQLCompiler,
        connection: BaseDatabaseWrapper,
        function: str | None = None,
        template: str | None = None,
        arg_joiner: str | None = None,
        **extra_context: Any,
    ) -> tuple[str, tuple[str | int, ...]]:
        moment = f"'{self.otherwise:%Y-%m-%d %H:%M:%S}'"
        if connection.vendor == "postgresql":
            moment = f"'{self.otherwise:%Y-%m-%d %H:%M:%S+00}'::timestamptz"
        template = f"COALESCE(%(expressions)s, {moment})"
        return super().as_sql(compiler, connection, function, template, arg_joiner, **extra_context)


class DueOrder(_Moment):
    """When somebody has to enrol again: at once if the flag has no date, never if there is none."""

    columns = ("reenrolment_due_at", "reenrolment_required_at")
    otherwise = NEVER_DUE


class RecoveryOrder(_Moment):
    """When somebody last recovered, long ago if never."""

    columns = ("last_recovered_at",)
    otherwise = LONG_AGO
