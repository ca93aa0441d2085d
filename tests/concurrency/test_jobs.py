"""A job and the workers that take it up: killed in the middle, or several at the same moment."""

import os
import secrets
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from recovery import actions, jobs
from recovery.enums import JobState, Operation, Outcome, RowState
from recovery.jobs import bulk
from recovery.jobs.selection import Selection
from recovery.models import Account, AuditEvent, Job, JobRow, Notice
from tests import factories
from tests.concurrency import at_once

pytestmark = [pytest.mark.concurrency, pytest.mark.django_db(transaction=True)]

ACCOUNTS = 60
FLAG = Operation.REQUIRE_REENROLMENT


@pytest.fixture
def job():
    with factories.arranging():
        people = [factories.account() for _ in range(ACCOUNTS)]
        actor = factories.actor(Operation.ACT_ON_MANY, FLAG)
    pks = [one.pk for one in people]
    return actions.act_on_many(
        actor=actor,
        grounds=factories.grounds(),
        operation=FLAG,
        selection=Selection(accounts=Account.objects.filter(pk__in=pks), shown=ACCOUNTS),
    )


def test_a_worker_that_is_killed_in_the_middle_leaves_whole_batches_and_others_finish(job):
    with _worker(stops_at=3) as worker:
        assert [worker.stdout.readline() for _ in range(3)] == ["5\n"] * 3
        os.kill(worker.pid, signal.SIGKILL)
    assert _done(job) == 10
    _must_agree(job)

    for _ in range(3):
        _let_its_lease_run_out()
        with _worker() as worker:
            worker.stdout.readline()
            time.sleep(secrets.randbelow(100) / 1000)
            os.kill(worker.pid, signal.SIGKILL)
        _must_agree(job)

    _let_its_lease_run_out()
    assert all(isinstance(ended, int) for ended in at_once(2, lambda _: jobs.run_due()))
    job.refresh_from_db()
    assert (job.state, job.rows_seen, job.rows_done) == (JobState.DONE, ACCOUNTS, ACCOUNTS)
    assert _done(job) == ACCOUNTS
    _must_agree(job)
    assert AuditEvent.objects.filter(operation=Operation.FINISH_JOB).count() == 1


def test_of_many_workers_one_gets_the_job(job, monkeypatch):
    monkeypatch.setattr(bulk, "AT_ONCE", 5)

    assert sorted(at_once(4, lambda _: jobs.run_due())) == [0, 0, 0, 1]
    _must_agree(job)


def _worker(*, stops_at=0):
    database = str(connection.settings_dict["NAME"])
    return subprocess.Popen(
        [sys.executable, "-m", "tests.concurrency.jobber", database, "5", str(stops_at)],
        stdout=subprocess.PIPE,
        text=True,
    )


def _let_its_lease_run_out():
    """The dead can't hold it for longer than that; a test needn't wait for it."""
    before = timezone.now() - timedelta(seconds=1)
    Job.objects.filter(state=JobState.RUNNING).update(leased_until=before)


def _done(job):
    return JobRow.objects.filter(job=job, state=RowState.DONE).count()


def _must_agree(job):
    """Each account that a row says is done has one event, one version and one notice, or none."""
    job.refresh_from_db()
    rows = JobRow.objects.filter(job=job)
    done = set(rows.filter(state=RowState.DONE).values_list("account_id", flat=True))
    events = AuditEvent.objects.filter(operation=FLAG, outcome=Outcome.COMPLETED)
    named = dict(rows.exclude(event_id=None).values_list("account_id", "event_id"))
    flags = Account.history.filter(history_type="~").values_list("id", flat=True)

    assert job.rows_done == len(done)
    assert set(named) == done
    assert set(named.values()) == set(events.values_list("pk", flat=True))
    assert Counter(flags) == Counter(done)
    assert Counter(Notice.objects.values_list("account_id", flat=True)) == Counter(done)
    assert set(Account.objects.flagged().values_list("pk", flat=True)) == done
