"""A report as XLSX: a small one at once, a large one by the worker, fetched by whoever asked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Final

from django.db import transaction
from django.utils import timezone

from recovery import errors
from recovery.actions.exporting import digest_of
from recovery.actions.reports import prepared, table_for, told
from recovery.audit import Draft, append, audited
from recovery.conf import conf
from recovery.enums import JobKind, Operation, Outcome
from recovery.jobs import queue
from recovery.jobs.breaks import Stopping
from recovery.jobs.files import read, store
from recovery.reports import REPORTS, Asked
from recovery.reports.workbook import write_workbook
from recovery.trace import traced

if TYPE_CHECKING:
    from recovery.actors import Actor
    from recovery.jobs import Work
    from recovery.models import Job
    from recovery.reports import Report
    from recovery.reports.writing import Table

XLSX: Final = "xlsx"
CONTENT_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ASKED, MADE, FETCHED = "asked", "made", "fetched"
"""The steps of an export that the worker makes."""
AT_ONCE: Final = 500
"""After so many rows it looks whether it is time to say how far it is."""
TAKING: Final = timedelta(minutes=5)
"""For as long the database may take over the rows: the job can't be kept alive meanwhile."""


def export_workbook(*, actor: Actor, report: Report, asked: Asked, file: IO[bytes]) -> Job | None:
    """Write a report into ``file`` as XLSX, on record; have the worker make one that is large.

    Returns the job where there is one, and then ``file`` holds nothing. Raises a
    ``RecoveryError``, recorded, if the actor may not have it.
    """
    with traced():
        draft = Draft(operation=report.operation, actor=actor)
        table = prepared(draft, report=report, asked=asked)
        draft.detail = told(table, XLSX)
        if _is_large(table):
            return _queued(draft, table)
        rows = write_workbook(table, file)
        draft.detail |= {"rows": rows, "sha256": digest_of(file)}
        append(draft, Outcome.COMPLETED)
        return None


def make_export(work: Work) -> None:
    """Make the file of a job and keep it for its owner, on record and in one transaction.

    Whoever lost the right since they asked gets none. An attempt that was broken off left
    nothing behind, and one that came as far as this is not made again.
    """
    if work.job.file_digest:
        return
    draft = Draft(operation=Operation(work.job.operation), actor=work.actor)
    table = prepared(draft, report=report_of(work.job), asked=_asked(work.job))
    with TemporaryFile() as file:
        rows = _write(work, table, file)
        with transaction.atomic():
            sha256 = store(work, file, name=file_name(table.report))
            kept = work.job.parameters | {"columns": table.headers}
            work.beat(rows_seen=rows, rows_done=rows, parameters=kept)
            draft.detail = told(table, XLSX) | _said_of(work.job, rows, sha256, MADE)
            append(draft, Outcome.COMPLETED)


def fetch_export(*, actor: Actor, job: Job) -> Iterator[bytes]:
    """Hand out the file that the worker made, piece by piece, on record.

    To whoever asked for it alone, and only while they may take all of it out themselves: the
    same rules as for making it. Raises ``FileIsGone`` when its day is over.
    """
    with audited(Operation(job.operation), actor=actor) as draft:
        if actor.user is None or job.owner_id != actor.user.pk:
            raise errors.PermissionMissing
        table = table_for(actor, report_of(job), _asked(job))
        if not job.has_file:
            raise errors.FileIsGone
        columns = job.parameters["columns"]
        if not set(columns) <= set(table.headers):
            raise errors.PermissionMissing
        said = _said_of(job, job.rows_done, job.file_digest, FETCHED)
        draft.detail = told(table, XLSX) | {"columns": columns} | said
    return read(job)


def report_of(job: Job) -> Report:
    """Which report an export is of."""
    return REPORTS[job.parameters["report"]]


def file_name(report: Report) -> str:
    """What a file of today is called."""
    return f"{report.name}-{timezone.localdate():%Y-%m-%d}.{XLSX}"


def _asked(job: Job) -> Asked:
    return Asked.from_stored(job.parameters["asked"])


def _is_large(table: Table) -> bool:
    limit = conf.EXPORT_ROW_LIMIT
    return table.query().order_by()[: limit + 1].count() > limit


def _queued(draft: Draft, table: Table) -> Job:
    draft.detail["step"] = ASKED
    with transaction.atomic():
        job = queue(
            draft,
            kind=JobKind.EXPORT,
            operation=draft.operation,
            parameters={"report": table.report.name, "asked": table.asked.as_stored()},
        )
        append(draft, Outcome.COMPLETED)
    return job


def _write(work: Work, table: Table, file: IO[bytes]) -> int:
    """Say now and then how far it is; hear between two rows that it is to end."""

    def taking() -> None:
        if work.is_stopping():
            raise Stopping

    def progress(seen: int, total: int) -> None:
        if seen == 0:
            work.beat(rows_total=total, rows_seen=0)
        if seen % AT_ONCE == 0:
            work.beat_now_and_then(rows_seen=seen)

    work.beat(lease=TAKING)
    return write_workbook(table, file, taking=taking, progress=progress)


def _said_of(job: Job, rows: int, sha256: str, step: str) -> dict[str, object]:
    return {"job": job.pk, "rows": rows, "sha256": sha256, "step": step}
