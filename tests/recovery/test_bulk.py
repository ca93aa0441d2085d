"""Acting on many accounts: settled as it is asked for, done once, and refused row by row."""

from datetime import timedelta

import pytest
from django.utils import timezone

from recovery import actions, errors, jobs, tasks
from recovery.enums import JobState, LinkState, Operation, Outcome, RowState
from recovery.jobs import bulk, working
from recovery.jobs.selection import Selection
from recovery.models import Account, AuditEvent, Job, JobRow, RecoveryLink
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

FLAG, LIFT = Operation.REQUIRE_REENROLMENT, Operation.LIFT_REENROLMENT
SEND, WITHDRAW = Operation.SEND_RECOVERY_LINK, Operation.WITHDRAW_RECOVERY_LINK


@factories.arranging()
def accounts(count):
    return [factories.account() for _ in range(count)]


def selection(chosen, **overrides):
    pks = [account.pk for account in chosen]
    said = {"accounts": Account.objects.filter(pk__in=pks), "shown": len(pks)}
    return Selection(**said | overrides)


def ask(chosen, operation=FLAG, actor=None, **more):
    return actions.act_on_many(
        actor=actor or factories.actor(Operation.ACT_ON_MANY, operation),
        grounds=factories.grounds(),
        operation=operation,
        selection=selection(chosen),
        **more,
    )


def again(job):
    return Job.objects.get(pk=job.pk)


def states(job):
    return list(JobRow.objects.filter(job=job).order_by("number").values_list("state", "refusal"))


def counts(job):
    job = again(job)
    return (job.rows_total, job.rows_seen, job.rows_done, job.rows_unchanged, job.rows_refused)


def events(operation, **filters):
    return AuditEvent.objects.filter(operation=operation, **filters)


class TestAsking:
    def test_the_selection_is_settled_then_and_on_the_ledger(self):
        one, two = accounts(2)
        due_at = timezone.now() + timedelta(days=3)
        job = ask([two, one], due_at=due_at)
        rows = JobRow.objects.filter(job=job).order_by("number")

        assert list(rows.values_list("number", "account_id", "state", "event_id")) == [
            (1, one.pk, RowState.WAITING, None),
            (2, two.pk, RowState.WAITING, None),
        ]
        (event,) = events(Operation.ACT_ON_MANY)
        assert event.detail == {
            "job": job.pk,
            "operation": FLAG,
            "filters": {},
            "rows": 2,
            "due_at": due_at.isoformat(),
            "notices": 0,
        }
        assert (event.outcome, event.reason, event.ticket) == (
            Outcome.COMPLETED,
            "Lost the phone",
            "HD-1",
        )

    def test_who_joins_later_is_not_meant(self):
        (one,) = accounts(1)
        newest = Account.objects.filter(pk__gte=one.pk)
        actor = factories.actor(Operation.ACT_ON_MANY, FLAG)
        meant = newest.exclude(user=actor.user)
        job = confirm([], actor=actor, accounts=meant, shown=1)
        accounts(1)
        jobs.run_due()

        assert meant.count() == 2
        assert counts(job) == (1, 1, 1, 0, 0)

    @pytest.mark.parametrize("held", [(Operation.ACT_ON_MANY,), (FLAG,)])
    def test_it_takes_both_rights(self, held):
        chosen = accounts(1)
        with pytest.raises(errors.PermissionMissing):
            ask(chosen, actor=factories.actor(*held))

        assert not Job.objects.exists()
        (event,) = events(Operation.ACT_ON_MANY)
        assert (event.outcome, event.refusal) == (Outcome.REFUSED, "permission_missing")

    @pytest.mark.parametrize("typed", [None, 2, 4])
    def test_many_have_to_be_counted_by_whoever_asks(self, settings, typed):
        settings.RECOVERY_TYPED_COUNT_ABOVE = 2
        with pytest.raises(errors.CountNotConfirmed):
            confirm(accounts(3), typed=typed)
        assert not JobRow.objects.exists()

        assert confirm(accounts(3), typed=3).rows_total == 3
        assert confirm(accounts(2)).rows_total == 2

    def test_what_was_shown_has_to_be_what_there_is(self):
        with pytest.raises(errors.SelectionChanged) as refusal:
            confirm(accounts(2), shown=1)
        assert refusal.value.values == {"now": 2}
        assert not Job.objects.exists()

        with pytest.raises(errors.NothingSelected):
            confirm([])
        with pytest.raises(errors.SelectionChanged):
            confirm([], shown=1)

    def test_a_due_date_has_to_come(self):
        with pytest.raises(errors.DueDateInPast):
            ask(accounts(1), due_at=timezone.now())


def confirm(chosen, actor=None, **overrides):
    return actions.act_on_many(
        actor=actor or factories.actor(Operation.ACT_ON_MANY, FLAG),
        grounds=factories.grounds(),
        operation=FLAG,
        selection=selection(chosen, **overrides),
    )


class TestDoing:
    def test_each_account_once_with_its_event_and_what_is_so_already_is_said_apart(self):
        one, two, gone = accounts(3)
        factories.flag(two)
        job = ask([one, two, gone])
        with factories.arranging():
            gone.user.delete()

        assert jobs.run_due() == 1
        assert counts(job) == (3, 3, 1, 1, 1)
        assert states(job) == [
            ("done", ""),
            ("unchanged", "already_flagged"),
            ("refused", "account_gone"),
        ]
        event = events(FLAG, outcome=Outcome.COMPLETED).get()
        assert JobRow.objects.get(account_id=one.pk).event_id == event.pk
        assert factories.fresh(one).is_flagged
        assert again(job).state == JobState.DONE

    def test_each_operation_does_what_it_does_by_hand(self):
        one, two = accounts(2)
        jobs_done = []
        for operation in (FLAG, LIFT, SEND, WITHDRAW):
            jobs_done.append(ask([one, two], operation))
            jobs.run_due()
        assert [counts(job)[2] for job in jobs_done] == [2, 2, 2, 2]
        assert set(RecoveryLink.objects.values_list("state", flat=True)) == {LinkState.WITHDRAWN}

    def test_many_are_done_in_batches(self, monkeypatch):
        monkeypatch.setattr(bulk, "AT_ONCE", 2)
        job = ask(accounts(5))
        jobs.run_due()

        assert counts(job) == (5, 5, 5, 0, 0)
        assert events(FLAG).count() == 5

    def test_rights_that_were_lost_meanwhile_are_lost(self):
        actor = factories.actor(Operation.ACT_ON_MANY, FLAG)
        job = ask(accounts(2), actor=actor)
        with factories.arranging():
            actor.user.user_permissions.clear()

        assert jobs.run_due() == 1
        assert (again(job).state, again(job).failure) == (JobState.FAILED, "permission_missing")
        assert counts(job) == (2, 0, 0, 0, 0)

    @pytest.mark.parametrize("leaving", ["deactivated", "deleted"])
    def test_nobody_acts_after_they_left(self, leaving):
        actor = factories.actor(Operation.ACT_ON_MANY, FLAG)
        job = ask(accounts(1), actor=actor)
        with factories.arranging():
            if leaving == "deleted":
                actor.user.delete()
            else:
                type(actor.user).objects.filter(pk=actor.user.pk).update(is_active=False)

        assert jobs.run_due() == 1
        assert (again(job).state, again(job).failure) == (JobState.FAILED, "permission_missing")
        assert again(job).owner_name == actor.name
        assert not events(FLAG, outcome=Outcome.COMPLETED).exists()


class TestBreakingOff:
    def test_a_worker_that_lost_the_job_has_done_nothing_of_its_batch(self, monkeypatch):
        monkeypatch.setattr(bulk, "AT_ONCE", 2)
        job = ask(accounts(4))
        work = working.Work(working._claim())
        settle = bulk.settle
        seen = []

        def lose(work, rows, outcome):
            seen.append(outcome)
            if len(seen) == 2:
                Job.objects.filter(pk=job.pk).update(lease="somebody else's")
            settle(work, rows, outcome)

        monkeypatch.setattr(bulk, "settle", lose)
        assert working.run(work) is False
        assert [state for state, _ in states(job)] == ["done", "done", "waiting", "waiting"]
        assert events(FLAG, outcome=Outcome.COMPLETED).count() == 2

        Job.objects.update(leased_until=timezone.now())
        assert jobs.run_due() == 1
        assert counts(job) == (4, 4, 4, 0, 0)
        assert events(FLAG, outcome=Outcome.COMPLETED).count() == 4

    def test_a_cancelled_one_ends_between_two_batches_and_what_is_done_stays(self, monkeypatch):
        monkeypatch.setattr(bulk, "AT_ONCE", 2)
        actor = factories.actor(Operation.ACT_ON_MANY, FLAG)
        job = ask(accounts(4), actor=actor)
        settle = bulk.settle

        def cancel(work, rows, outcome):
            settle(work, rows, outcome)
            Job.objects.filter(pk=job.pk).update(cancel_asked_at=timezone.now())

        monkeypatch.setattr(bulk, "settle", cancel)
        assert jobs.run_due() == 1
        assert again(job).state == JobState.CANCELLED
        assert counts(job) == (4, 2, 2, 0, 0)
        assert events(FLAG).count() == 2


class TestLinks:
    @pytest.fixture(autouse=True)
    def _rate(self, settings):
        settings.RECOVERY_BULK_LINKS_PER_MINUTE = 12

    def test_a_minute_has_no_more_than_is_allowed(self):
        job = ask(accounts(5), SEND)
        for sent in (2, 4):
            assert jobs.run_due() == 0
            assert RecoveryLink.objects.count() == sent
            wait = again(job).leased_until - timezone.now()
            assert timedelta(seconds=8) < wait <= timedelta(seconds=10)
            assert jobs.run_due() == 0
            Job.objects.update(leased_until=timezone.now())

        assert jobs.run_due() == 1
        assert counts(job) == (5, 5, 5, 0, 0)

    def test_who_gets_none_takes_no_time(self):
        with factories.arranging():
            nobody = [factories.account(addresses=()) for _ in range(4)]
        job = ask(nobody, SEND)

        assert jobs.run_due() == 1
        assert counts(job) == (4, 4, 0, 0, 4)

    def test_two_at_once_share_it(self):
        for _ in range(2):
            ask(accounts(6), SEND)
        Job.objects.update(state=JobState.RUNNING)

        assert jobs.run_due() == 0
        assert RecoveryLink.objects.count() == 2


class TestForgetting:
    def test_names_go_when_nobody_looks_any_more_and_the_ledger_stays(self):
        old, young = ask(accounts(2)), ask(accounts(1))
        jobs.run_due()
        before = AuditEvent.objects.count()
        Job.objects.filter(pk=old.pk).update(ended_at=timezone.now() - timedelta(days=31))

        assert tasks.forget_old_jobs() == 1
        assert list(Job.objects.all()) == [young]
        assert JobRow.objects.count() == 1
        assert AuditEvent.objects.count() == before

    def test_what_still_waits_is_kept(self):
        job = ask(accounts(1))
        Job.objects.update(asked_at=timezone.now() - timedelta(days=400))

        assert tasks.forget_old_jobs() == 0
        assert again(job).state == JobState.WAITING
