"""Bringing in a table, and giving the word to do what it says."""

from __future__ import annotations

import hashlib
import unicodedata
from typing import IO, TYPE_CHECKING, Any, Final

from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from recovery import errors, policy
from recovery.actions.reenrolment import require_to_come
from recovery.actors import Grounds
from recovery.audit import audited
from recovery.conf import conf
from recovery.enums import JobKind, JobState, Operation, RowState
from recovery.importing.changes import OFFERED
from recovery.importing.working import ALL, APPLY, CHECK
from recovery.jobs import files, queue
from recovery.jobs.authority import written_down
from recovery.models import Job, JobRow

if TYPE_CHECKING:
    from datetime import datetime

    from recovery.actors import Actor
    from recovery.audit import Draft

LONGEST_NAME: Final = 200


def import_table(
    *,
    actor: Actor,
    grounds: Grounds,
    operation: Operation,
    file: IO[bytes],
    file_name: str,
    due_at: datetime | None = None,
) -> Job:
    """Keep a table for the worker to look through. Nothing is done to anybody by it."""
    with audited(Operation.IMPORT_TABLE, actor=actor, grounds=grounds) as draft:
        _require_may(draft, operation)
        require_to_come(due_at)
        size, digest = _measured(file)
        due = due_at.isoformat() if due_at else None
        parameters = {"phase": CHECK, "due_at": due}
        job = queue(draft, kind=JobKind.IMPORT, operation=operation, parameters=parameters)
        job.file_name, job.file_size, job.file_digest = _clean(file_name), size, digest
        job.file_kept_until = timezone.now() + conf.EXPORT_LIFETIME
        job.save(update_fields=["file_name", "file_size", "file_digest", "file_kept_until"])
        files.keep_upload(job, file)
        draft.detail |= _told(job) | {"size": size, "due_at": due}
    return job


def apply_import(*, actor: Actor, job: Job, mode: str, count: int, form: str) -> Job:
    """Let the worker do what was looked through: all of it or nothing, or the good rows alone.

    ``count`` is how many whoever gives the word believes it will be done to.
    """
    grounds = Grounds(reason=job.reason, ticket=job.ticket, form=form)
    with audited(Operation.IMPORT_TABLE, actor=actor, grounds=grounds) as draft:
        ready = _ready(actor, job)
        _require_may(draft, Operation(ready.operation))
        waiting = JobRow.objects.filter(job=ready, state=RowState.WAITING).count()
        _require_sense(ready, mode, count, waiting)
        ready.state, ready.asked_at = JobState.WAITING, draft.at
        ready.authority, ready.rows_seen = written_down(actor), 0
        ready.parameters |= {"phase": APPLY, "mode": mode, "undone": False}
        ready.save(update_fields=["state", "asked_at", "authority", "rows_seen", "parameters"])
        draft.detail = _told(ready) | {"mode": mode, "rows": waiting}
    return ready


def earlier(job: Job) -> Job | None:
    """When the same file was brought in before for the same, if it was."""
    same = Job.objects.filter(
        kind=JobKind.IMPORT, operation=job.operation, file_digest=job.file_digest, pk__lt=job.pk
    )
    return same.exclude(file_digest="").order_by("-pk").first()


def _require_may(draft: Draft, operation: Operation) -> None:
    """Whoever may bring in tables needs the right to what this one asks for as well."""
    if operation not in OFFERED:
        raise errors.PermissionMissing
    policy.holds_permission(
        policy.Attempt(operation=operation, actor=draft.actor, subject=None, grounds=draft.grounds)
    )


def _ready(actor: Actor, job: Job) -> Job:
    """The job, locked; whoever looked through it is the one who gives the word."""
    found = Job.objects.select_for_update().filter(pk=job.pk, kind=JobKind.IMPORT).first()
    if found is None or actor.user is None or found.owner_id != actor.user.pk:
        raise errors.PermissionMissing
    if found.state != JobState.READY:
        raise errors.JobHasEnded
    return found


def _require_sense(job: Job, mode: str, count: int, waiting: int) -> None:
    if not waiting:
        raise errors.NothingToDo
    if count != waiting:
        raise errors.CountDiffers(count=waiting)
    if mode == ALL and job.rows_refused:
        raise errors.RowsRefused


def _measured(file: IO[bytes]) -> tuple[int, str]:
    file.seek(0)
    digest, size = hashlib.sha256(), 0
    while piece := file.read(files.CHUNK):
        digest.update(piece)
        size += len(piece)
        if size > conf.IMPORT_SIZE_LIMIT:
            raise errors.FileTooLarge(limit=filesizeformat(conf.IMPORT_SIZE_LIMIT))
    if not size:
        raise errors.FileEmpty
    file.seek(0)
    return size, digest.hexdigest()


def _clean(name: str) -> str:
    """A file may be called anything; what would move a cursor has no place in a name."""
    shown = "".join(one for one in name if unicodedata.category(one)[0] != "C")
    return shown[:LONGEST_NAME]


def _told(job: Job) -> dict[str, Any]:
    return {
        "job": job.pk,
        "operation": job.operation,
        "file": job.file_name,
        "sha256": job.file_digest,
    }
