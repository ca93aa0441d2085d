"""Asking the worker to act on many accounts, and taking a job back."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from recovery import jobs, policy
from recovery.actions.reenrolment import require_to_come
from recovery.audit import audited
from recovery.enums import JobKind, Operation
from recovery.jobs.selection import BULK_OPERATIONS, Selection, freeze, require_confirmed

if TYPE_CHECKING:
    from recovery.actors import Actor, Grounds
    from recovery.models import Job


def act_on_many(
    *,
    actor: Actor,
    grounds: Grounds,
    operation: Operation,
    selection: Selection,
    due_at: datetime | None = None,
) -> Job:
    """Have the worker do ``operation`` to each account that is selected now.

    Needs the right to act on many and the right to the operation itself; the rules about each
    account are asked as it is its turn. Raises ``NothingSelected``, ``CountNotConfirmed`` or
    ``SelectionChanged`` when it is not what they confirmed.
    """
    with audited(Operation.ACT_ON_MANY, actor=actor, grounds=grounds) as draft:
        draft.in_any_case = {"operation": operation}
        _require_may(actor, operation, draft.grounds)
        require_to_come(due_at)
        require_confirmed(selection)
        due = due_at and due_at.isoformat()
        job = jobs.queue(draft, kind=JobKind.BULK, operation=operation, parameters={"due_at": due})
        freeze(job, selection)
        draft.detail |= {
            "operation": operation,
            "filters": selection.filters,
            "rows": job.rows_total,
        } | ({"due_at": due} if due else {})
    return job


def cancel_job(*, actor: Actor, job: Job) -> None:
    """Take a job back; what is done stays done. See ``recovery.jobs.cancel``."""
    jobs.cancel(actor=actor, job=job)


def _require_may(actor: Actor, operation: Operation, grounds: Grounds) -> None:
    """Refuse at once whom every single account would be refused to."""
    if operation not in BULK_OPERATIONS:
        raise ValueError(operation)
    policy.holds_permission(
        policy.Attempt(operation=operation, actor=actor, subject=None, grounds=grounds)
    )
