"""The worker's side of a job: claim it, keep it alive, end it once; any number of workers."""

from __future__ import annotations

import logging
import secrets
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from recovery.actors import Actor
from recovery.audit import Draft, append
from recovery.enums import JobState, Operation, Outcome
from recovery.errors import RecoveryError
from recovery.jobs.authority import actor_of, grounds_of
from recovery.jobs.breaks import Cancelled, LeaseLost, NotYet, Stopping
from recovery.jobs.handlers import handler_of
from recovery.models import Job
from recovery.trace import traced

if TYPE_CHECKING:
    from recovery.actors import Grounds

logger = logging.getLogger(__name__)

LEASE: Final = timedelta(minutes=1)
BEAT: Final = timedelta(seconds=1)
"""How often a busy job says that it lives, and shows how far it is."""
ATTEMPTS: Final = 3
BROKEN: Final = "broken"

Stop = Callable[[], bool]


def never() -> bool:
    """Nobody tells this worker to end."""
    return False


@dataclass(slots=False)
class Work:
    """A job in the hands of a worker."""

    job: Job
    is_stopping: Stop = never
    _beaten_at: Any = field(default=None, init=False)

    @cached_property
    def actor(self) -> Actor:
        """Whoever asked for it, with the rights that they have now."""
        return actor_of(self.job)

    @cached_property
    def grounds(self) -> Grounds:
        """Why it is done, row by row."""
        return grounds_of(self.job)

    def beat(self, *, lease: timedelta = LEASE, **progress: Any) -> None:
        """Write down how far it is, and keep the job.

        Inside a transaction it holds the job's row until that ends, so that nothing of it
        counts if another worker has the job by now. Raises ``Cancelled``, ``LeaseLost`` or
        ``Stopping``.
        """
        if self.is_stopping():
            raise Stopping
        self.keep(lease=lease, **progress)
        if Job.objects.filter(pk=self.job.pk).exclude(cancel_asked_at=None).exists():
            raise Cancelled

    def keep(self, *, lease: timedelta = LEASE, **progress: Any) -> None:
        """The same for what must not be undone by a wish to cancel, or to stop, that comes now.

        Raises ``LeaseLost``.
        """
        self._beaten_at = timezone.now()
        for name, value in progress.items():
            setattr(self.job, name, value)
        mine = Job.objects.filter(pk=self.job.pk, lease=self.job.lease, state=JobState.RUNNING)
        if not mine.update(leased_until=self._beaten_at + lease, **progress):
            raise LeaseLost

    def beat_now_and_then(self, **progress: Any) -> None:
        """The same at most once a second: for whoever goes through rows one by one."""
        if self._beaten_at is None or timezone.now() - self._beaten_at > BEAT:
            self.beat(**progress)


def run_due(is_stopping: Stop = never) -> int:
    """Do the jobs that wait, oldest first; return how many ended."""
    ended = 0
    while not is_stopping() and (job := _claim()) is not None:
        ended += run(Work(job, is_stopping))
    return ended


def run(work: Work) -> bool:
    """Do a claimed job and end it; whether it has ended."""
    with traced(work.job.trace):
        if work.job.cancel_asked_at is not None:
            return _end(work.job, JobState.CANCELLED)
        if work.job.attempts > ATTEMPTS:
            return _end(work.job, JobState.FAILED, failure=BROKEN)
        return _run(work)


def _run(work: Work) -> bool:
    try:
        handler_of(work.job)(work)
    except (Stopping, NotYet) as pause:
        return _give_back(work.job, getattr(pause, "after", None))
    except LeaseLost:
        return False
    except Cancelled:
        return _end(work.job, JobState.CANCELLED)
    except RecoveryError as refusal:
        return _end(work.job, JobState.FAILED, failure=refusal.code)
    except Exception as error:  # noqa: BLE001 - whatever it was, the other jobs go on
        return _broke(work.job, error)
    return _end(work.job, JobState.DONE)


def _claim() -> Job | None:
    """Take the job that waits longest: of many workers, one gets it."""
    while True:
        now = timezone.now()
        idle = Q(leased_until=None) | Q(leased_until__lte=now)
        free = Q(state__in=(JobState.WAITING, JobState.RUNNING)) & idle
        pk = (
            Job.objects.filter(free).order_by("asked_at", "pk").values_list("pk", flat=True).first()
        )
        if pk is None:
            return None
        lease = secrets.token_hex(16)
        taken = Job.objects.filter(free, pk=pk).update(
            state=JobState.RUNNING,
            lease=lease,
            leased_until=now + LEASE,
            attempts=F("attempts") + 1,
            started_at=Coalesce("started_at", now),
        )
        if taken:
            return Job.objects.select_related("owner").get(pk=pk)


def _give_back(job: Job, after: timedelta | None) -> bool:
    """Let the next worker begin at once, or after a while: this was no failed attempt."""
    Job.objects.filter(pk=job.pk, lease=job.lease, state=JobState.RUNNING).update(
        leased_until=after and timezone.now() + after, lease="", attempts=F("attempts") - 1
    )
    return False


def _broke(job: Job, error: Exception) -> bool:
    """Log where it broke; the error's own text might quote a row. Try again, a few times."""
    where = "".join(traceback.format_tb(error.__traceback__)).rstrip()
    logger.error("Job %s broke: %s\n%s", job.pk, type(error).__name__, where)
    if job.attempts >= ATTEMPTS:
        return _end(job, JobState.FAILED, failure=BROKEN)
    return False  # its lease runs out, and whoever takes it up then may have more luck


def _end(job: Job, state: JobState, *, failure: str = "") -> bool:
    """End a job once, with a line on the ledger."""
    with transaction.atomic():
        mine = Job.objects.filter(pk=job.pk, lease=job.lease, state=JobState.RUNNING)
        ended = mine.update(
            state=state, failure=failure, ended_at=timezone.now(), leased_until=None, lease=""
        )
        if not ended:
            return False
        job.refresh_from_db()
        draft = Draft(operation=Operation.FINISH_JOB, actor=Actor.worker())
        draft.detail = _told(job)
        append(draft, Outcome.FAILED if state == JobState.FAILED else Outcome.COMPLETED)
    return True


def _told(job: Job) -> dict[str, Any]:
    told = {
        "job": job.pk,
        "about": job.operation,
        "state": job.state,
        "rows": job.rows_total,
        "done": job.rows_done,
        "unchanged": job.rows_unchanged,
        "refused": job.rows_refused,
    }
    return told | ({"error": job.failure} if job.failure else {})
