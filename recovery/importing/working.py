"""The worker's two rounds through a table: what would be done, and after somebody's word, doing it.

Both can be broken off anywhere and begun again: the first begins anew, the second goes on.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import batched
from typing import IO, TYPE_CHECKING, Any, Final

from django.db import transaction

from recovery import errors
from recovery.audit.many import Result
from recovery.conf import conf
from recovery.enums import JobState, Operation, RowState
from recovery.importing import tables
from recovery.importing.changes import carry_out
from recovery.importing.judging import due_of, judged
from recovery.jobs import files
from recovery.jobs.settling import note
from recovery.jobs.working import LEASE
from recovery.models import Job, JobChunk, JobRow

if TYPE_CHECKING:
    from recovery.importing.tables import Line
    from recovery.jobs.working import Work

AT_ONCE: Final = 1_000
CHECK: Final = "check"
APPLY: Final = "apply"
ALL: Final = "all"
GOOD: Final = "good"
COUNTS: Final = ("rows_seen", "rows_done", "rows_unchanged", "rows_refused")
LEASE_OF_ALL: Final = timedelta(minutes=2)
LEASE_A_ROW: Final = timedelta(milliseconds=20)


def work_on(work: Work) -> None:
    """Do the round that the job is at."""
    if work.job.parameters["phase"] == CHECK:
        check(work)
    elif work.job.parameters["mode"] == ALL:
        apply_all(work)
    else:
        apply_good(work)


def check(work: Work) -> None:
    """Say for each line what would be done and why not, then wait for the word of whoever asked.

    Nothing is done, and no row leaves a line on the ledger. The file is not kept beyond this.
    """
    _begin_anew(work)
    with tempfile.TemporaryFile() as file:
        for piece in files.read(work.job):
            file.write(piece)
        try:
            _look_through(work, file)
        except errors.RecoveryError as refusal:
            with transaction.atomic():
                said = {"problem": refusal.values} if refusal.values else {}
                work.beat(parameters=work.job.parameters | said, file_kept_until=None)
                JobChunk.objects.filter(job=work.job).delete()
            raise


def apply_good(work: Work) -> None:
    """Do it to every row that waits, batch by batch; those that are refused are left out."""
    while rows := list(_waiting(work)[:AT_ONCE]):
        work.beat()
        _carry_out(work, rows)


def apply_all(work: Work) -> None:
    """Do it to every row that waits, or to none; in that case the job waits for a word again."""
    rows = list(_waiting(work))
    work.beat(lease=_lease(work.job))
    if rows and _carry_out(work, rows).undone:
        _wait_for_a_word(work, undone=True)


def _carry_out(work: Work, rows: list[JobRow]) -> Result:
    is_all = work.job.parameters["mode"] == ALL
    return carry_out(
        Operation(work.job.operation),
        actor=work.actor,
        grounds=work.grounds,
        addresses={row.account_id: row.value for row in rows if row.account_id is not None},
        due_at=due_of(work.job.parameters),
        all_or_nothing=is_all,
        also=lambda result: _write_down(work, result),
    )


def _write_down(work: Work, result: Result) -> None:
    """What became of some rows, in the transaction in which it did."""
    if result.undone:  # the counts were of the transaction that is no more
        work.job.refresh_from_db(fields=COUNTS)
    named = [*result.done, *result.refused]
    found = _waiting(work).filter(account_id__in=named).values_list("account_id", "pk")
    _count(work, note(dict(found), result), is_undone=result.undone)


def _count(work: Work, became: Counter[RowState], *, is_undone: bool) -> None:
    """Write down how far it is. A long transaction does so at its end alone.

    It would hold the job's row, and whoever wants to cancel the job would wait for it.
    """
    job = work.job
    progress = {
        "rows_seen": job.rows_seen + became.total(),
        "rows_done": job.rows_done + became[RowState.DONE],
        "rows_unchanged": job.rows_unchanged + became[RowState.UNCHANGED],
        "rows_refused": job.rows_refused + became[RowState.REFUSED],
    }
    is_one_go = job.parameters["mode"] == ALL and not is_undone
    if not is_one_go or not _waiting(work).exists():
        work.beat(lease=_lease(job), **progress)
        return
    for name, value in progress.items():
        setattr(job, name, value)
    if not Job.objects.filter(pk=job.pk, lease=job.lease, cancel_asked_at=None).exists():
        work.beat()


def _lease(job: Job) -> timedelta:
    """One transaction for all shows nobody that its worker lives: its lease has to outlast it."""
    is_one_go = job.parameters["mode"] == ALL
    return LEASE_OF_ALL + LEASE_A_ROW * job.rows_total if is_one_go else LEASE


def _waiting(work: Work) -> Any:
    return JobRow.objects.filter(job=work.job, state=RowState.WAITING).order_by("number")


def _begin_anew(work: Work) -> None:
    with transaction.atomic():
        work.beat(rows_total=0, rows_seen=0, rows_unchanged=0, rows_refused=0)
        JobRow.objects.filter(job=work.job).delete()


def _look_through(work: Work, file: IO[bytes]) -> None:
    needs_address = work.job.operation == Operation.IMPORT_ADDRESS
    table = tables.read(file, needs_address=needs_address)
    titles = table.columns.titles
    for lines in batched(_counted(table.lines), AT_ONCE):
        rows = judged(work, lines, titles)
        _keep(work, rows)
    if not work.job.rows_total:
        raise errors.NoRows
    _wait_for_a_word(work, columns=list(titles.values()), ignored=list(table.columns.ignored))


def _counted(lines: Iterator[Line]) -> Iterator[Line]:
    for count, line in enumerate(lines):
        if count >= conf.IMPORT_ROW_LIMIT:
            raise errors.TooManyLines(limit=conf.IMPORT_ROW_LIMIT)
        yield line


def _keep(work: Work, rows: list[JobRow]) -> None:
    became = Counter(row.state for row in rows)
    with transaction.atomic():
        JobRow.objects.bulk_create(rows)
        work.beat(
            rows_seen=work.job.rows_seen + len(rows),
            rows_total=work.job.rows_total + len(rows),
            rows_unchanged=work.job.rows_unchanged + became[RowState.UNCHANGED],
            rows_refused=work.job.rows_refused + became[RowState.REFUSED],
        )


def _wait_for_a_word(work: Work, **known: Any) -> None:
    """Hand the job back to whoever asked: no worker takes it until they say so."""
    parameters: Mapping[str, Any] = work.job.parameters | known
    with transaction.atomic():
        work.beat(parameters=parameters, file_kept_until=None)
        JobChunk.objects.filter(job=work.job).delete()
        Job.objects.filter(pk=work.job.pk).update(
            state=JobState.READY, lease="", leased_until=None, attempts=0
        )
