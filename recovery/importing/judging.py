"""What would be done for each line of a table, and why not: looked at, and nothing done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import Min

from recovery import codes, errors
from recovery.enums import Operation, RowState
from recovery.importing.changes import outlook
from recovery.importing.columns import NEW_ADDRESS, WHO
from recovery.importing.matching import find
from recovery.jobs.settling import ALREADY_SO
from recovery.models import JobRow
from recovery.models.audit import NAME_LENGTH
from recovery.secret import MASK

if TYPE_CHECKING:
    from recovery.errors import RecoveryError
    from recovery.importing.tables import Line
    from recovery.jobs.working import Work

LONGEST_ADDRESS: Final = 254


def due_of(parameters: Mapping[str, str]) -> datetime | None:
    """By when those who are flagged have to come, as the job says."""
    due_at = parameters.get("due_at")
    return datetime.fromisoformat(due_at) if due_at else None


def judged(work: Work, lines: Sequence[Line], titles: Mapping[str, str]) -> list[JobRow]:
    """A row for each line: who it is, and what would be done; a few queries for all of them."""
    readable = [line for line in lines if line.problem is None]
    meant = dict(zip((one.number for one in readable), find(readable, titles), strict=True))
    rows = [_row(work, line, *meant.get(line.number, (None, line.problem))) for line in lines]
    _refuse_malformed(work, rows)
    _leave_out_repeated(work, rows)
    _ask_the_policy(work, [row for row in rows if row.state == RowState.WAITING])
    return rows


def refuse(row: JobRow, refusal: RecoveryError) -> None:
    """Say on the row why nothing would be done, or need be."""
    row.refusal = refusal.code
    row.state = RowState.UNCHANGED if isinstance(refusal, ALREADY_SO) else RowState.REFUSED
    if "at" in refusal.values:
        row.value = str(refusal.values["at"])[:NAME_LENGTH]


def _row(work: Work, line: Line, account: int | None, refusal: RecoveryError | None) -> JobRow:
    given = next((text for field in WHO if (text := line.cells.get(field, ""))), "")
    row = JobRow(
        job=work.job,
        number=line.number,
        given=given,
        account_id=account,
        value=line.cells.get(NEW_ADDRESS, ""),
    )
    if refusal is not None:
        refuse(row, refusal)
        # Whoever is nobody here may be a code that slid into the wrong column.
        row.given = MASK if codes.read(given) is not None else given
    return row


def _refuse_malformed(work: Work, rows: Sequence[JobRow]) -> None:
    if work.job.operation != Operation.IMPORT_ADDRESS:
        return
    for row in rows:
        if row.state == RowState.WAITING and not _is_address(row.value):
            row.value = ""
            refuse(row, errors.AddressMalformed())


def _is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return len(text) <= LONGEST_ADDRESS


def _leave_out_repeated(work: Work, rows: Sequence[JobRow]) -> None:
    """The first line about somebody counts, be it in this batch or in one before."""
    fit = [row for row in rows if row.state == RowState.WAITING]
    before = JobRow.objects.filter(job=work.job, account_id__in=[row.account_id for row in fit])
    grouped = before.values_list("account_id").annotate(first=Min("number")).order_by()
    first: dict[int | None, int] = dict(grouped.values_list("account_id", "first"))
    for row in fit:
        if row.account_id in first:
            refuse(row, errors.NamedBefore(at=first[row.account_id]))
        else:
            first[row.account_id] = row.number


def _ask_the_policy(work: Work, rows: Sequence[JobRow]) -> None:
    by_account = {row.account_id: row for row in rows if row.account_id is not None}
    refused = outlook(
        Operation(work.job.operation),
        actor=work.actor,
        grounds=work.grounds,
        addresses={pk: row.value for pk, row in by_account.items()},
        due_at=due_of(work.job.parameters),
    )
    for pk, refusal in refused.items():
        refuse(by_account[pk], refusal)
