"""Files that wait for their owner: in the database, where every web host and worker has them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Final

from django.db import transaction
from django.utils import timezone

from recovery.actors import Actor
from recovery.audit import Draft, append
from recovery.conf import conf
from recovery.enums import Operation, Outcome
from recovery.models import Job, JobChunk

if TYPE_CHECKING:
    from recovery.jobs.working import Work

CHUNK: Final = 1 << 20


def store(work: Work, file: IO[bytes], *, name: str) -> str:
    """Keep ``file`` for the job's owner, for as long as exports are kept; return its SHA-256.

    What an earlier attempt left is replaced. It counts only while the job is this worker's.
    """
    digest, size = hashlib.sha256(), 0
    file.seek(0)
    with transaction.atomic():
        JobChunk.objects.filter(job=work.job).delete()
        for number, data in enumerate(iter(lambda: file.read(CHUNK), b"")):
            digest.update(data)
            size += len(data)
            JobChunk.objects.create(job=work.job, number=number, data=data)
        work.beat(
            file_name=name,
            file_size=size,
            file_digest=digest.hexdigest(),
            file_kept_until=timezone.now() + conf.EXPORT_LIFETIME,
        )
    return digest.hexdigest()


def keep_upload(job: Job, file: IO[bytes]) -> None:
    """Keep what somebody brought in until the job has gone through it."""
    for number, data in enumerate(iter(lambda: file.read(CHUNK), b"")):
        JobChunk.objects.create(job=job, number=number, data=data)


def read(job: Job) -> Iterator[bytes]:
    """The file of ``job``, piece by piece."""
    number = 0
    while True:
        piece = (
            JobChunk.objects.filter(job=job, number=number).values_list("data", flat=True).first()
        )
        if piece is None:
            return
        yield bytes(piece)
        number += 1


def delete_expired() -> int:
    """Delete the files whose day is over; return how many."""
    over = Job.objects.filter(file_kept_until__lte=timezone.now())
    return sum(_delete(job) for job in over.order_by("pk"))


def _delete(job: Job) -> bool:
    with transaction.atomic():
        if not Job.objects.filter(pk=job.pk, file_kept_until=job.file_kept_until).update(
            file_kept_until=None
        ):
            return False
        JobChunk.objects.filter(job=job).delete()
        draft = Draft(operation=Operation.DELETE_EXPORT, actor=Actor.worker())
        draft.detail = {"job": job.pk, "about": job.operation, "sha256": job.file_digest}
        append(draft, Outcome.COMPLETED)
    return True
