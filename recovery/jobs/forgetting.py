"""Forgetting jobs: their lists of people are kept no longer than somebody looks at them."""

from __future__ import annotations

from typing import Final

from django.db.models import Q
from django.utils import timezone

from recovery.conf import conf
from recovery.enums import JobState
from recovery.models import Job, JobChunk, JobRow

AT_ONCE: Final = 10_000
"""Rows that one statement deletes: few enough that nobody waits for it."""


def forget_old() -> int:
    """Delete the jobs that ended long ago, or wait for a word since then; return how many.

    What they did stays on the ledger. A file that is still kept keeps its job.
    """
    before = timezone.now() - conf.JOB_LIFETIME
    ended = Q(ended_at__lt=before) | Q(state=JobState.READY, asked_at__lt=before)
    old = Job.objects.filter(ended, file_kept_until=None)
    return sum(_forget(job) for job in old.order_by("pk"))


def _forget(job: Job) -> int:
    rows = JobRow.objects.filter(job=job).order_by("number")
    while some := list(rows.values_list("pk", flat=True)[:AT_ONCE]):
        JobRow.objects.filter(pk__in=some).delete()
    JobChunk.objects.filter(job=job).delete()
    return int(bool(Job.objects.filter(pk=job.pk).delete()[0]))
