"""Workbooks: at once or by the worker, made once, handed out to one, and gone after a day."""

import hashlib
import io
from datetime import timedelta
from itertools import chain, repeat

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone
from openpyxl import load_workbook

from recovery import actions, errors, jobs
from recovery.actions import report_jobs
from recovery.cells import plain
from recovery.enums import JobState, Operation, Outcome, Role
from recovery.jobs import files, working
from recovery.models import Account, AccountText, AuditEvent, Job, JobChunk
from recovery.reports import REPORTS, Asked
from tests import factories

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_user_model]

COVERAGE, LEDGER = REPORTS["coverage"], REPORTS["ledger"]


@pytest.fixture(autouse=True)
def _large(settings):
    settings.RECOVERY_EXPORT_ROW_LIMIT = 0


@pytest.fixture
def actor():
    return factories.staff(Role.LEAD)


def ask(actor, report=COVERAGE, **filters):
    """Ask for more rows than are made at once."""
    for _ in range(3):
        factories.account()
    file = io.BytesIO()
    job = actions.export_workbook(
        actor=actor, report=report, asked=Asked(filters=filters), file=file
    )
    assert file.getvalue() == b""
    return job


def again(job):
    return Job.objects.get(pk=job.pk)


def events(job, step):
    return list(
        AuditEvent.objects.filter(
            operation=job.operation, detail__job=job.pk, detail__step=step
        ).order_by("pk")
    )


def fetched(actor, job):
    return b"".join(actions.fetch_export(actor=actor, job=again(job)))


def read(data):
    head, *rows = load_workbook(io.BytesIO(data)).active.values
    return [dict(zip(head, row, strict=True)) for row in rows]


@pytest.mark.requirement("A25")
def test_a_small_report_is_made_at_once_and_on_record(actor, settings):
    settings.RECOVERY_EXPORT_ROW_LIMIT = 1
    one = factories.account(backup_codes_total=10, backup_codes_left=2)
    file = io.BytesIO()
    asked = Asked(filters={"codes": "low"})

    assert actions.export_workbook(actor=actor, report=COVERAGE, asked=asked, file=file) is None

    (row,) = read(file.getvalue())
    assert (row["login_name"], row["codes_left"]) == (one.user.get_username(), 2)
    event = factories.last_event()
    assert (event.operation, event.outcome) == (Operation.EXPORT_ACCOUNTS, Outcome.COMPLETED)
    assert event.detail == {
        "report": "coverage",
        "filters": {"codes": "low"},
        "columns": COVERAGE.headers(),
        "format": "xlsx",
        "rows": 1,
        "sha256": hashlib.sha256(file.getvalue()).hexdigest(),
    }
    assert not Job.objects.exists()


@pytest.mark.requirement("A25")
def test_a_large_one_is_made_by_the_worker_and_each_step_is_on_record(actor):
    job = ask(actor)
    (begun,) = events(job, "asked")
    assert begun.detail["columns"] == COVERAGE.headers()

    assert jobs.run_due() == 1
    data = fetched(actor, job)

    job = again(job)
    count = Account.objects.count()
    assert (job.state, job.rows_total, job.rows_seen, job.rows_done) == (
        JobState.DONE,
        *[count] * 3,
    )
    assert len(read(data)) == count
    (made,), (handed_out,) = events(job, "made"), events(job, "fetched")
    for event in (made, handed_out):
        assert event.outcome == Outcome.COMPLETED
        assert event.actor_id == actor.key
        assert event.detail == {
            **begun.detail,
            "step": event.detail["step"],
            "rows": count,
            "sha256": hashlib.sha256(data).hexdigest(),
        } | ({"notices": 0} if event is handed_out else {})
    assert job.file_digest == made.detail["sha256"]
    assert made.trace == begun.trace == job.trace


def test_it_holds_what_was_asked_for_and_of_each_kind(actor):
    for left in range(4):
        factories.account(backup_codes_total=10, backup_codes_left=left)

    job = ask(actor, codes="low")
    jobs.run_due()

    rows = read(fetched(actor, job))
    assert sorted(row["codes_left"] for row in rows) == [1, 2, 3]
    assert all(row["frozen_at"] is None for row in rows)


@pytest.mark.requirement("A32")
def test_a_name_that_begins_with_a_dash_is_the_same_after_it_is_read_back(actor):
    names = ["-Robert", "=1+1", "\t+1", "'quoted", "'-dash", "\x1b[31mred", "\uffff"]
    for name in names:
        AccountText.objects.filter(account=factories.account()).update(display_name=name)

    job = ask(actor)
    jobs.run_due()

    read_back = {plain(row["name"]) for row in read(fetched(actor, job))}
    assert set(names[:5]) <= read_back
    assert not [name for name in read_back if "\x1b" in name or "\uffff" in name]


@pytest.mark.requirement("A25")
@pytest.mark.parametrize("report", REPORTS.values(), ids=lambda report: report.name)
def test_each_report_can_be_a_workbook_and_is_the_same_as_its_csv(report):
    lead = factories.staff(Role.LEAD)
    for _ in range(3):
        factories.account()
    actions.require_reenrolment(
        actor=lead, subject=factories.account(), grounds=factories.grounds()
    )
    table, file = report_jobs.table_for(lead, report, Asked()), io.BytesIO()

    assert report_jobs.write_workbook(table, file) > 0

    head, *rows = load_workbook(file).active.values
    assert list(head) == table.headers
    said = [["" if value is None else value for value in row] for row in rows]
    assert said == list(table.rows())


def lose_the_right(person):
    person.groups.clear()


def be_deactivated(person):
    type(person)._default_manager.filter(pk=person.pk).update(is_active=False)


def be_suspended(person):
    Account.objects.filter(user=person).update(power_suspended_at=timezone.now())


def be_gone(person):
    get_user_model()._default_manager.filter(pk=person.pk).delete()


GONE = [lose_the_right, be_deactivated, be_suspended, be_gone]


@pytest.mark.requirement("A30")
@pytest.mark.parametrize("happens", GONE)
def test_whoever_lost_the_right_since_they_asked_gets_no_file(actor, happens):
    job = ask(actor)
    happens(actor.user)

    assert jobs.run_due() == 1

    job = again(job)
    assert (job.state, job.has_file, job.file_digest) == (JobState.FAILED, False, "")
    assert job.failure in {"permission_missing", "power_suspended"}
    assert not JobChunk.objects.exists()
    assert events(job, "made") == []
    refused = AuditEvent.objects.filter(operation=job.operation, outcome=Outcome.REFUSED).get()
    assert refused.refusal == job.failure


@pytest.mark.requirement("A30")
@pytest.mark.parametrize("happens", GONE[:3])
def test_whoever_lost_the_right_since_it_was_made_does_not_get_it(actor, happens):
    job = ask(actor)
    jobs.run_due()
    happens(actor.user)
    actor = factories.actor(person=get_user_model()._default_manager.get(pk=actor.user.pk))

    with pytest.raises(errors.RecoveryError) as refusal:
        fetched(actor, job)

    assert refusal.value.code in {"permission_missing", "power_suspended"}
    assert factories.last_event(operation=job.operation).refusal == refusal.value.code
    assert events(job, "fetched") == []


@pytest.mark.requirement("A30")
def test_whoever_may_see_less_than_is_in_it_does_not_get_it(actor):
    person = factories.user(is_staff=True)
    may = ("export_events", "view_auditevent", "view_event_people", "view_event_sources")
    with factories.arranging():
        person.user_permissions.add(*factories.permissions(*may))
    actions.require_reenrolment(
        actor=actor, subject=factories.account(), grounds=factories.grounds()
    )
    job = ask(factories.actor(person=person), report=LEDGER)
    jobs.run_due()
    with factories.arranging():
        person.user_permissions.remove(*factories.permissions("view_event_sources"))

    with pytest.raises(errors.PermissionMissing):
        fetched(factories.actor(person=person), job)


@pytest.mark.requirement("A30")
def test_nobody_else_gets_it_whatever_their_role(actor):
    job = ask(actor)
    jobs.run_due()

    with pytest.raises(errors.PermissionMissing):
        fetched(factories.staff(Role.LEAD), job)

    assert factories.last_event(operation=job.operation).refusal == "permission_missing"


def test_a_session_that_was_not_stepped_up_gets_neither_the_job_nor_the_file(actor):
    job = ask(actor)
    jobs.run_due()
    stale = factories.actor(person=actor.user, verified_at=timezone.now() - timedelta(minutes=10))

    with pytest.raises(errors.StepUpRequired):
        fetched(stale, job)
    with pytest.raises(errors.StepUpRequired):
        ask(stale)

    assert Job.objects.count() == 1


def test_a_worker_that_comes_late_goes_by_the_step_up_as_it_was_asked(actor):
    job = ask(actor)
    Job.objects.update(
        asked_at=job.asked_at - timedelta(hours=3),
        authority=job.authority
        | {"verified_at": (job.asked_at - timedelta(hours=3, minutes=1)).isoformat()},
    )

    jobs.run_due()

    assert again(job).state == JobState.DONE


@pytest.mark.requirement("A25")
def test_it_is_there_for_a_day_and_then_it_is_not(actor):
    job = ask(actor)
    jobs.run_due()
    Job.objects.update(file_kept_until=timezone.now() + timedelta(seconds=30))
    assert fetched(actor, job)
    Job.objects.update(file_kept_until=timezone.now() - timedelta(seconds=1))

    with pytest.raises(errors.FileIsGone):
        fetched(actor, job)
    assert files.delete_expired() == 1

    with pytest.raises(errors.FileIsGone):
        fetched(actor, job)
    assert not JobChunk.objects.exists()
    assert factories.last_event(operation=Operation.DELETE_EXPORT).detail["job"] == job.pk


def test_one_that_is_not_made_yet_can_not_be_fetched(actor):
    with pytest.raises(errors.FileIsGone):
        fetched(actor, ask(actor))


def broken_at(monkeypatch, row, happens):
    """Let something happen as ``row`` is written."""
    written = report_jobs.write_workbook

    def write(table, file, *, taking, progress):
        def told(seen, total):
            progress(seen, total)
            if seen == row:
                happens()

        return written(table, file, taking=taking, progress=told)

    monkeypatch.setattr(report_jobs, "write_workbook", write)
    monkeypatch.setattr(report_jobs, "AT_ONCE", 1)
    monkeypatch.setattr(working, "BEAT", timedelta(0))


def test_it_can_be_taken_back_in_the_middle(actor, monkeypatch):
    job = ask(actor)
    broken_at(monkeypatch, 1, lambda: jobs.cancel(actor=actor, job=again(job)))

    assert jobs.run_due() == 1

    job = again(job)
    assert (job.state, job.rows_seen, job.has_file) == (JobState.CANCELLED, 2, False)
    assert not JobChunk.objects.exists()
    assert events(job, "made") == []


def test_a_worker_that_ends_in_the_middle_leaves_it_to_the_next(actor, monkeypatch):
    job, told = ask(actor), []
    with monkeypatch.context() as patch:
        broken_at(patch, 1, lambda: told.append(True))
        assert jobs.run_due(lambda: bool(told)) == 0
    assert not JobChunk.objects.exists()
    assert again(job).attempts == 0

    assert jobs.run_due() == 1

    assert len(events(job, "made")) == 1
    assert len(read(fetched(actor, job))) == Account.objects.count()


def test_a_worker_that_is_told_to_end_does_not_wait_for_the_database(actor):
    ask(actor)
    asked = chain([False, False], repeat(object()))

    assert jobs.run_due(lambda: bool(next(asked))) == 0

    assert not JobChunk.objects.exists()


@pytest.mark.requirement("A25")
def test_one_that_lost_its_job_as_it_stored_the_file_leaves_nothing(actor, monkeypatch):
    job = ask(actor)
    last = Account.objects.count() - 1
    broken_at(
        monkeypatch, last, lambda: Job.objects.filter(pk=job.pk).update(lease="somebody else's")
    )

    assert jobs.run_due() == 0

    assert not JobChunk.objects.exists()
    assert events(job, "made") == []


@pytest.mark.requirement("A25")
def test_one_that_was_made_and_not_ended_is_not_made_again(actor, monkeypatch):
    job = ask(actor)
    with monkeypatch.context() as patch:
        patch.setattr(working, "_end", lambda *_args, **_more: False)
        jobs.run_due()
    made = again(job)
    Job.objects.update(leased_until=timezone.now())
    factories.account()

    assert jobs.run_due() == 1

    job = again(job)
    assert (job.state, job.file_digest) == (JobState.DONE, made.file_digest)
    assert len(events(job, "made")) == 1


def test_how_far_it_is_can_be_seen(actor, monkeypatch):
    job, seen = ask(actor), []
    broken_at(monkeypatch, 2, lambda: seen.append((again(job).rows_seen, again(job).rows_total)))

    jobs.run_due()

    assert seen == [(2, Account.objects.count())]


def test_what_cannot_be_asked_for_is_refused_before_there_is_a_job(actor):
    with pytest.raises(errors.FilterUnknown):
        ask(actor, codes="all of them")

    assert not Job.objects.exists()
    assert factories.last_event(operation=Operation.EXPORT_ACCOUNTS).refusal == "filter_unknown"
