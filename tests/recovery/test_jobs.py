"""The worker's jobs: one worker each, alive or taken over, ended once, and on the ledger."""

from datetime import timedelta

import pytest
from django.utils import timezone

from recovery import errors, jobs
from recovery.audit import audited
from recovery.enums import JobKind, JobState, Operation, Outcome
from recovery.jobs import files, handlers, working
from recovery.models import AuditEvent, Job, JobChunk, JobRow
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

HANDLED = []


def note(work):
    work.beat(rows_done=1, rows_seen=1)
    HANDLED.append(work.job.pk)


def break_down(_work):
    raise ZeroDivisionError


def refuse(_work):
    raise errors.NoOpenLink


def lose(work):
    Job.objects.filter(pk=work.job.pk).update(lease="somebody else's")
    work.beat()


def take_back(work):
    jobs.cancel(actor=work.actor, job=work.job)
    work.beat()


def put_off(work):
    HANDLED.append(work.job.pk)
    raise working.NotYet(timedelta(minutes=1))


@pytest.fixture(autouse=True)
def _handler(monkeypatch):
    HANDLED.clear()
    handle_with(monkeypatch, note)


def handle_with(monkeypatch, function):
    monkeypatch.setitem(handlers.HANDLERS, JobKind.BULK, f"{__name__}.{function.__name__}")
    monkeypatch.setattr(handlers, "import_module", lambda _name: handlers_here())


def handlers_here():
    return type("Here", (), {f.__name__: staticmethod(f) for f in HANDLER_FUNCTIONS})


HANDLER_FUNCTIONS = (note, break_down, refuse, lose, take_back, put_off)


def ask(actor=None, rows=()):
    actor = actor or factories.actor(Operation.ACT_ON_MANY)
    with audited(Operation.ACT_ON_MANY, actor=actor, grounds=factories.grounds()) as draft:
        return jobs.queue(
            draft,
            kind=JobKind.BULK,
            operation=Operation.REQUIRE_REENROLMENT,
            parameters={},
            rows=rows,
        )


def again(job):
    return Job.objects.get(pk=job.pk)


def ends(job):
    return list(
        AuditEvent.objects.filter(operation=Operation.FINISH_JOB, detail__job=job.pk).order_by("pk")
    )


def test_it_is_done_once_and_its_end_is_on_the_ledger():
    job = ask(rows=[JobRow(number=1), JobRow(number=2)])

    assert jobs.run_due() == 1
    assert jobs.run_due() == 0

    assert [job.pk] == HANDLED
    assert (again(job).state, again(job).rows_total) == (JobState.DONE, 2)
    (end,) = ends(job)
    assert end.outcome == Outcome.COMPLETED
    assert end.detail == {
        "job": job.pk,
        "about": "require_reenrolment",
        "state": "done",
        "rows": 2,
        "done": 1,
        "unchanged": 0,
        "refused": 0,
    }
    assert end.trace == job.trace


def test_one_in_other_hands_is_left_alone_until_its_lease_runs_out():
    job = ask()
    Job.objects.update(
        state=JobState.RUNNING, lease="x", leased_until=timezone.now() + timedelta(seconds=30)
    )
    assert jobs.run_due() == 0

    Job.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert jobs.run_due() == 1
    assert again(job).attempts == 1


def test_whoever_lost_it_ends_nothing(monkeypatch):
    handle_with(monkeypatch, lose)
    job = ask()

    assert jobs.run_due() == 0
    assert again(job).state == JobState.RUNNING
    assert ends(job) == []


def test_a_worker_that_is_told_to_end_gives_it_back():
    job = ask()
    work = working.Work(working._claim(), lambda: True)

    assert working.run(work) is False
    assert (again(job).leased_until, again(job).attempts) == (None, 0)
    assert jobs.run_due() == 1


def test_what_breaks_is_tried_again_and_then_given_up(monkeypatch, caplog):
    handle_with(monkeypatch, break_down)
    job = ask()
    for _ in range(working.ATTEMPTS):
        jobs.run_due()
        Job.objects.filter(state=JobState.RUNNING).update(leased_until=timezone.now())

    assert (again(job).state, again(job).failure) == (JobState.FAILED, "broken")
    assert "ZeroDivisionError" in caplog.text
    (end,) = ends(job)
    assert (end.outcome, end.detail["error"]) == (Outcome.FAILED, "broken")


def test_one_that_kills_its_workers_is_given_up_before_it_kills_another():
    job = ask()
    for _ in range(working.ATTEMPTS):
        working._claim()
        Job.objects.update(leased_until=timezone.now())

    assert jobs.run_due() == 1
    assert HANDLED == []
    assert (again(job).state, again(job).failure) == (JobState.FAILED, "broken")


def test_one_that_waits_for_its_turn_lets_the_others_pass(monkeypatch):
    first, second = ask(), ask()
    handle_with(monkeypatch, put_off)

    assert jobs.run_due() == 0
    assert [first.pk, second.pk] == HANDLED
    assert {again(job).attempts for job in (first, second)} == {0}
    assert jobs.run_due() == 0
    assert [first.pk, second.pk] == HANDLED

    handle_with(monkeypatch, note)
    Job.objects.update(leased_until=timezone.now())
    assert jobs.run_due() == 2


def test_what_the_rules_refuse_is_not_tried_again(monkeypatch):
    handle_with(monkeypatch, refuse)
    job = ask()

    assert jobs.run_due() == 1
    assert (again(job).state, again(job).failure) == (JobState.FAILED, "no_open_link")


class TestCancelling:
    def test_one_that_waits_ends_at_once(self):
        job = ask()
        jobs.cancel(actor=working.actor_of(again(job)), job=job)

        assert again(job).state == JobState.CANCELLED
        assert jobs.run_due() == 0
        assert AuditEvent.objects.filter(operation=Operation.CANCEL_JOB).count() == 1

    def test_one_under_way_ends_when_its_worker_hears_of_it(self, monkeypatch):
        handle_with(monkeypatch, take_back)
        job = ask()

        assert jobs.run_due() == 1
        assert again(job).state == JobState.CANCELLED
        (end,) = ends(job)
        assert end.detail["state"] == "cancelled"

    def test_one_that_waits_for_its_turn_ends_without_waiting(self, monkeypatch):
        handle_with(monkeypatch, put_off)
        job = ask()
        jobs.run_due()
        jobs.cancel(actor=working.actor_of(again(job)), job=job)
        handle_with(monkeypatch, note)

        assert jobs.run_due() == 1
        assert again(job).state == JobState.CANCELLED
        assert len(ends(job)) == 1

    def test_somebody_elses_is_not_theirs_to_take_back(self):
        job = ask()
        with pytest.raises(errors.PermissionMissing):
            jobs.cancel(actor=factories.actor(Operation.EXPORT_ACCOUNTS), job=job)
        assert again(job).state == JobState.WAITING
        refused = AuditEvent.objects.get(operation=Operation.CANCEL_JOB)
        assert (refused.outcome, refused.refusal) == (Outcome.REFUSED, "permission_missing")

    def test_one_that_has_ended_can_not_be(self):
        job = ask()
        jobs.run_due()
        with pytest.raises(errors.JobHasEnded):
            jobs.cancel(actor=working.actor_of(again(job)), job=job)


class TestAuthority:
    def test_whoever_asked_acts_with_the_session_of_then(self):
        actor = factories.actor(Operation.ACT_ON_MANY)
        job = again(ask(actor))
        Job.objects.update(asked_at=job.asked_at)
        found = working.actor_of(job)

        assert (found.user, found.name) == (actor.user, actor.name)
        assert (found.verified_by, found.verified_at) == (actor.verified_by, actor.verified_at)
        assert (found.source, found.asked_at) == (actor.source, job.asked_at)


class TestFiles:
    def test_a_file_comes_back_as_it_was_and_is_gone_after_its_day(self, monkeypatch, tmp_path):
        monkeypatch.setattr(files, "CHUNK", 4)
        job = ask()
        work = working.Work(working._claim())
        path = tmp_path / "table"
        path.write_bytes(b"0123456789")
        with path.open("rb") as file:
            files.store(work, file, name="table.csv")

        assert b"".join(files.read(job)) == b"0123456789"
        assert again(job).has_file

        assert files.delete_expired() == 0
        Job.objects.update(file_kept_until=timezone.now())
        assert files.delete_expired() == 1
        assert not JobChunk.objects.exists()
        assert AuditEvent.objects.filter(operation=Operation.DELETE_EXPORT).count() == 1
