"""Asking for a job, and taking it back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.utils import timezone

from recovery.audit import Draft, append
from recovery.enums import JOBS_UNDER_WAY, JobKind, JobState, Operation, Outcome
from recovery.errors import JobHasEnded, PermissionMissing
from recovery.jobs.authority import written_down
from recovery.models import Job, JobRow
from recovery.models.audit import NAME_LENGTH

if TYPE_CHECKING:
    from recovery.actors import Actor

AT_ONCE: Final = 2_000


def queue(
    draft: Draft,
    *,
    kind: JobKind,
    operation: Operation,
    parameters: dict[str, Any],
    rows: Iterable[JobRow] = (),
    state: JobState = JobState.WAITING,
) -> Job:
    """Write down a job for the worker, in the transaction of the operation that asks for it."""
    job = Job.objects.create(
        kind=kind,
        operation=operation,
        state=state,
        owner_id=getattr(draft.actor.user, "pk", None),
        owner_name=draft.actor.name[:NAME_LENGTH],
        authority=written_down(draft.actor),
        reason=draft.grounds.reason,
        ticket=draft.grounds.ticket,
        parameters=parameters,
        asked_at=draft.at,
    )
    add_rows(job, rows)
    draft.detail["job"] = job.pk
    return job


def add_rows(job: Job, rows: Iterable[JobRow]) -> None:
    """Give the job what it has to go through. Memory stays flat however many there are."""
    total = 0
    batch: list[JobRow] = []
    for row in rows:
        row.job = job
        batch.append(row)
        if len(batch) == AT_ONCE:
            total += len(JobRow.objects.bulk_create(batch))
            batch = []
    total += len(JobRow.objects.bulk_create(batch))
    job.rows_total += total
    job.save(update_fields=["rows_total"])


def cancel(*, actor: Actor, job: Job) -> None:
    """Take a job back: one that waits at once, one under way as soon as its worker hears of it.

    What is done stays done. Raises ``PermissionMissing`` for somebody else's job, unless they
    may act on many accounts themselves, and ``JobHasEnded`` for one that has.
    """
    draft = Draft(operation=Operation.CANCEL_JOB, actor=actor)
    draft.detail = {"job": job.pk, "about": job.operation}
    if not Job.objects.seen_by(actor.user).filter(pk=job.pk).exists():
        append(draft, Outcome.REFUSED, refusal=PermissionMissing.code)
        raise PermissionMissing
    with transaction.atomic():
        _take_back(job)
        append(draft, Outcome.COMPLETED)


def _take_back(job: Job) -> None:
    now = timezone.now()
    idle = Job.objects.filter(pk=job.pk, state__in=(JobState.READY, JobState.WAITING))
    busy = Job.objects.filter(pk=job.pk, state__in=JOBS_UNDER_WAY, cancel_asked_at=None)
    if idle.update(state=JobState.CANCELLED, cancel_asked_at=now, ended_at=now):
        return
    if not busy.update(cancel_asked_at=now):
        raise JobHasEnded
    # Nobody holds one that waits for its turn, and its end need not wait for that.
    Job.objects.filter(pk=job.pk, state=JobState.RUNNING, lease="").update(leased_until=None)
