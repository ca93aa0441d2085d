"""An export whose worker is killed, and one that two workers want."""

import hashlib
import io
import subprocess
import sys

import pytest
from django.db import connection
from django.utils import timezone
from openpyxl import load_workbook

from recovery import actions, jobs
from recovery.enums import JobState, Role
from recovery.jobs import files
from recovery.models import Account, AuditEvent, Job, JobChunk
from recovery.reports import REPORTS, Asked
from tests.concurrency import at_once
from tests.concurrency.exporter import MOMENTS
from tests.factories import account, staff

pytestmark = [
    pytest.mark.concurrency,
    pytest.mark.django_db(transaction=True),
    pytest.mark.requirement("P14"),
]


def ask(settings):
    settings.RECOVERY_EXPORT_ROW_LIMIT = 0
    for _ in range(3):
        account()
    return actions.export_workbook(
        actor=staff(Role.LEAD), report=REPORTS["coverage"], asked=Asked(), file=io.BytesIO()
    )


def made(job):
    return AuditEvent.objects.filter(detail__job=job.pk, detail__step="made")


def assert_made_once(job):
    job = Job.objects.get(pk=job.pk)
    assert job.state == JobState.DONE
    data = b"".join(files.read(job))
    assert made(job).get().detail["sha256"] == job.file_digest == hashlib.sha256(data).hexdigest()
    assert load_workbook(io.BytesIO(data)).active.max_row == 1 + Account.objects.count()
    assert JobChunk.objects.filter(job=job).count() == 1


@pytest.mark.parametrize("moment", MOMENTS)
def test_of_a_worker_that_is_killed_nothing_is_left_and_the_next_begins_again(moment, settings):
    job = ask(settings)
    with subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tests.concurrency.exporter",
            connection.settings_dict["NAME"],
            moment,
        ],
        stdout=subprocess.PIPE,
        text=True,
    ) as worker:
        assert worker.stdout.readline() == f"{moment}\n"
        worker.kill()

    assert not JobChunk.objects.exists()
    assert not made(job).exists()
    assert jobs.run_due() == 0, "as long as its lease lasts it might be alive"
    Job.objects.filter(pk=job.pk).update(leased_until=timezone.now())

    assert jobs.run_due() == 1

    assert_made_once(job)


def test_of_many_workers_one_makes_it(settings):
    job = ask(settings)

    assert sum(at_once(4, lambda _: jobs.run_due())) == 1

    assert_made_once(job)
