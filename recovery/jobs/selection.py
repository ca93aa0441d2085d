"""Which accounts a job is about: settled as it is asked for, and by no later look."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import EmptyResultSet
from django.db import connection

from recovery import errors
from recovery.conf import conf
from recovery.enums import Operation, RowState
from recovery.models import JobRow

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from recovery.models import Account, Job

BULK_OPERATIONS: Final = (
    Operation.REQUIRE_REENROLMENT,
    Operation.LIFT_REENROLMENT,
    Operation.SEND_RECOVERY_LINK,
    Operation.WITHDRAW_RECOVERY_LINK,
)
"""What can be done to many accounts at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The accounts that somebody chose, and what they were shown and said of them."""

    accounts: QuerySet[Account]
    shown: int
    """How many it was said to be when they confirmed."""
    typed: int | None = None
    """How many they said themselves that it is."""
    filters: dict[str, Any] = field(default_factory=dict)
    """What the list was asked for, for the ledger."""


def require_confirmed(selection: Selection) -> None:
    """Refuse nobody at all, and many whose number was not typed."""
    if not selection.shown:
        raise errors.NothingSelected
    if selection.shown > conf.TYPED_COUNT_ABOVE and selection.typed != selection.shown:
        raise errors.CountNotConfirmed(count=selection.shown)


def freeze(job: Job, selection: Selection) -> None:
    """Give the job a row for each account that is selected now, however many, by one statement.

    Raises ``SelectionChanged`` if they are not as many as were shown.
    """
    job.rows_total = _insert(job, selection.accounts)
    if job.rows_total != selection.shown:
        raise errors.SelectionChanged(now=job.rows_total)
    job.save(update_fields=["rows_total"])


def _insert(job: Job, accounts: QuerySet[Account]) -> int:
    try:
        query, parameters = accounts.order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:
        return 0
    table = connection.ops.quote_name(JobRow._meta.db_table)
    statement = f"""
        INSERT INTO {table} (job_id, number, given, account_id, value, state, refusal)
        WITH chosen(id) AS ({query})
        SELECT %s, ROW_NUMBER() OVER (ORDER BY id), '', id, '', %s, '' FROM chosen ORDER BY id"""  # noqa: S608 - the ORM's own query and our names
    with connection.cursor() as cursor:
        cursor.execute(statement, [*parameters, job.pk, RowState.WAITING])
        return int(cursor.rowcount)
