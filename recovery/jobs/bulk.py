"""Doing one operation to each account of a job: batch after batch, none of them twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from recovery import actions
from recovery.conf import conf
from recovery.enums import JobState, Operation, RowState
from recovery.jobs.breaks import NotYet
from recovery.jobs.settling import settle
from recovery.models import Job, JobRow

if TYPE_CHECKING:
    from recovery.jobs.working import Work

AT_ONCE: Final = 2_000
"""What one transaction does: what a worker that is killed loses."""
SHARES: Final = 6
"""Into how many parts a minute's links are cut, so that they leave evenly."""
VERBS: Final[dict[Operation, Callable[..., Any]]] = {
    Operation.REQUIRE_REENROLMENT: actions.require_reenrolment_of_many,
    Operation.LIFT_REENROLMENT: actions.lift_reenrolment_of_many,
    Operation.SEND_RECOVERY_LINK: actions.send_recovery_links_to_many,
    Operation.WITHDRAW_RECOVERY_LINK: actions.withdraw_recovery_links_of_many,
}


def run(work: Work) -> None:
    """Do what is left of the job, from the first row on that still waits.

    What became of a row is written in the transaction that did it: a worker that is killed leaves
    whole batches done, and nothing of the one it was at. Links go out a few at a time.
    """
    is_paced = work.job.operation == Operation.SEND_RECOVERY_LINK
    while rows := _waiting(work.job, at_most=_share() if is_paced else AT_ONCE):
        work.beat()
        sent_before = work.job.rows_done
        _do(work, rows)
        sent = work.job.rows_done - sent_before
        if is_paced and sent and _waiting(work.job, at_most=1):
            raise NotYet(_time_for(sent))


def _waiting(job: Job, *, at_most: int) -> dict[int, int]:
    # They are done in their order: an index has no need to walk over those that were done.
    left = JobRow.objects.filter(job=job, state=RowState.WAITING, number__gt=job.rows_seen)
    found = left.order_by("number").values_list("account_id", "pk")[:at_most]
    return {account: pk for account, pk in found if account is not None}


def _do(work: Work, rows: dict[int, int]) -> None:
    VERBS[Operation(work.job.operation)](
        actor=work.actor,
        subjects=list(rows),
        grounds=work.grounds,
        also=partial(settle, work, rows),
        **_particulars(work.job),
    )


def _particulars(job: Job) -> dict[str, Any]:
    due_at = job.parameters.get("due_at")
    return {"due_at": datetime.fromisoformat(due_at)} if due_at else {}


def _share() -> int:
    return max(1, _a_minute() // SHARES)


def _time_for(sent: int) -> timedelta:
    """How long so many links have to themselves."""
    return timedelta(minutes=1) * sent / _a_minute()


def _a_minute() -> int:
    """What this job may send in a minute: all that send links share what is allowed."""
    sending = Job.objects.filter(
        state=JobState.RUNNING, operation=Operation.SEND_RECOVERY_LINK
    ).count()
    return max(1, conf.BULK_LINKS_PER_MINUTE // max(1, sending))
