"""Tables of accounts: looked through, then done as by hand, once, and all on the ledger."""

import io
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from recovery import actions, codes, delivery, errors, importing, jobs
from recovery.actors import Grounds
from recovery.enums import FlagOrigin, JobState, Operation, Outcome, Role, RowState
from recovery.importing import working as rounds
from recovery.jobs import working
from recovery.models import (
    Account,
    AccountText,
    AuditEvent,
    ContactAddress,
    Job,
    JobChunk,
    JobRow,
    Notice,
)
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

FLAG, LIFT = Operation.REQUIRE_REENROLMENT, Operation.LIFT_REENROLMENT
ADDRESS = Operation.IMPORT_ADDRESS
WHY = Grounds(reason="A box of tokens was lost", ticket="HD-7")


@pytest.fixture
def lead():
    return factories.staff(Role.LEAD)


def login(account):
    return AccountText.objects.get(account=account).login_name


def number(account, staff_number):
    AccountText.objects.filter(account=account).update(staff_number=staff_number)
    return account


def table(*rows, heading="login name"):
    lines = [heading, *(row if isinstance(row, str) else login(row) for row in rows)]
    return "\n".join(lines).encode() + b"\n"


def bring_in(actor, data, operation=FLAG, **more):
    return importing.import_table(
        actor=actor,
        grounds=WHY,
        operation=operation,
        file=io.BytesIO(data),
        file_name="lost tokens.csv",
        **more,
    )


def checked(actor, data, operation=FLAG, **more):
    """Bring a table in and let the worker look through it."""
    job = bring_in(actor, data, operation, **more)
    jobs.run_due()
    return again(job)


def apply(actor, job, mode=rounds.GOOD, count=None):
    """Give the word, and let the worker do it."""
    waiting = job.rows.filter(state=RowState.WAITING).count()
    count = waiting if count is None else count
    importing.apply_import(actor=actor, job=job, mode=mode, count=count, form="")
    jobs.run_due()
    return again(job)


def again(job):
    return Job.objects.get(pk=job.pk)


def rows(job):
    return list(job.rows.order_by("number").values_list("number", "state", "refusal"))


def counts(job):
    return (job.rows_total, job.rows_done, job.rows_unchanged, job.rows_refused)


def about_people(operation=FLAG):
    return AuditEvent.objects.filter(operation=operation)


def test_it_is_kept_with_what_it_is_and_does_nothing_yet(lead):
    someone = factories.account()
    job = bring_in(lead, table(someone), due_at=timezone.now() + timedelta(days=3))

    event = factories.last_event()
    assert (event.operation, event.reason, event.ticket) == ("import_table", WHY.reason, "HD-7")
    assert event.detail["file"] == "lost tokens.csv"
    assert event.detail["sha256"] == job.file_digest
    assert event.detail["size"] == len(table(someone))
    assert event.detail["operation"] == FLAG
    assert not factories.fresh(someone).is_flagged


def test_looking_through_it_says_of_each_line_what_would_be_done(lead):
    fine, flagged, staff = factories.account(), factories.account(), factories.staff(Role.LEAD)
    factories.flag(flagged)
    data = table(
        fine,
        "",
        flagged,
        "nobody@example.org",
        login(fine).upper(),
        staff.user.recovery_account,
        lead.user.recovery_account,
        "anna,x",
    )
    job = checked(lead, data)

    assert (job.state, counts(job)) == (JobState.READY, (7, 0, 2, 4))
    assert rows(job) == [
        (2, "waiting", ""),
        (4, "unchanged", "already_flagged"),
        (5, "refused", "person_unknown"),
        (6, "unchanged", "named_before"),
        (7, "refused", "subject_outranks_actor"),
        (8, "refused", "actor_is_subject"),
        (9, "refused", "cells_dont_fit"),
    ]
    assert job.rows.get(number=6).value == "2"
    assert not about_people().exists()
    assert not JobChunk.objects.filter(job=job).exists()
    assert job.parameters["columns"] == ["login name"]


def test_good_rows_are_done_as_by_hand_each_with_its_event(lead):
    one, two, three = factories.account(), factories.account(), factories.account()
    due_at = timezone.now() + timedelta(days=3)
    job = apply(lead, checked(lead, table(one, "nobody", two, three), due_at=due_at))

    assert (job.state, counts(job)) == (JobState.DONE, (4, 3, 0, 1))
    assert factories.fresh(one).reenrolment_due_at == due_at
    assert factories.fresh(two).reenrolment_reason == WHY.reason
    events = about_people().filter(outcome=Outcome.COMPLETED)
    assert {event.subject_id for event in events} == {
        str(account.user_id) for account in (one, two, three)
    }
    assert {(event.reason, event.ticket, event.actor_name) for event in events} == {
        (WHY.reason, "HD-7", lead.name)
    }
    done = job.rows.filter(state=RowState.DONE)
    assert set(done.values_list("event_id", flat=True)) == {event.pk for event in events}
    assert Notice.objects.filter(operation=FLAG).count() == 3


def test_the_word_is_on_the_ledger_with_its_mode_and_number(lead):
    job = apply(lead, checked(lead, table(factories.account(), "nobody")))

    event = AuditEvent.objects.filter(operation=Operation.IMPORT_TABLE).latest("pk")
    assert event.detail["mode"] == "good"
    assert (event.detail["rows"], event.detail["job"]) == (1, job.pk)


def test_all_or_nothing_is_offered_only_where_nothing_is_refused(lead):
    someone = factories.account()
    job = checked(lead, table(someone, "nobody"))

    with pytest.raises(errors.RowsRefused):
        apply(lead, job, rounds.ALL)
    assert not factories.fresh(someone).is_flagged


def test_all_of_it_is_done_in_one_go(lead):
    people = [factories.account() for _ in range(5)]
    job = apply(lead, checked(lead, table(*people)), rounds.ALL)

    assert (job.state, counts(job)) == (JobState.DONE, (5, 5, 0, 0))
    assert Account.objects.flagged().count() == 5


def test_nothing_is_done_where_one_changed_meanwhile(lead):
    one, two = factories.account(), factories.account()
    job = checked(lead, table(one, two))
    factories.flag(two)
    job = apply(lead, job, rounds.ALL)

    assert not factories.fresh(one).is_flagged
    assert (job.state, counts(job)) == (JobState.READY, (2, 0, 1, 0))
    assert job.parameters["undone"] is True
    assert rows(job) == [(2, "waiting", ""), (3, "unchanged", "already_flagged")]

    job = apply(lead, job, rounds.ALL)
    assert (job.state, counts(job)) == (JobState.DONE, (2, 1, 1, 0))
    assert job.parameters["undone"] is False


def test_a_repeated_file_does_nothing_twice(lead):
    people = [factories.account() for _ in range(3)]
    first = apply(lead, checked(lead, table(*people)))
    events = about_people().count()

    second = checked(lead, table(*people))

    assert importing.earlier(second) == first
    assert importing.earlier(first) is None
    assert (second.state, counts(second)) == (JobState.READY, (3, 0, 3, 0))
    with pytest.raises(errors.NothingToDo):
        apply(lead, second)
    assert about_people().count() == events


def test_flags_are_lifted_but_not_those_that_stay(lead):
    desk, lost, free = factories.account(), factories.account(), factories.account()
    factories.flag(desk)
    factories.flag(lost, origin=FlagOrigin.REDEEMED)
    job = checked(lead, table(desk, lost, free), LIFT)
    assert [row[2] for row in rows(job)] == ["", "flag_stays", "not_flagged"]

    apply(lead, job)

    assert not factories.fresh(desk).is_flagged
    assert factories.fresh(lost).is_flagged


def test_an_account_that_is_frozen_is_refused_where_by_hand_it_is(lead):
    frozen = factories.account(frozen_at=timezone.now())
    factories.flag(frozen)

    job = checked(lead, table(frozen), LIFT)

    assert rows(job) == [(2, "refused", "account_frozen")]


@pytest.mark.parametrize(
    ("heading", "cells", "refusal"),
    [
        ("staff number", "s7", ""),
        ("staff number", "S7", ""),
        ("staff number", "s8", "person_unknown"),
        ("staff number,address", "s7,known@example.org", ""),
        ("staff number,address", ",KNOWN@example.org", ""),
        ("staff number,address", "s7,other@example.org", "people_differ"),
        ("staff number,address", ",", "nobody_named"),
        ("staff number,note", ",x", "nobody_named"),
        ("address", "shared@example.org", "person_ambiguous"),
        ("address", "claimed@example.org", "person_unknown"),
    ],
)
def test_people_are_found_by_what_is_theirs(lead, heading, cells, refusal):
    someone = number(factories.account(addresses=["known@example.org", "shared@example.org"]), "s7")
    factories.address(someone, "claimed@example.org", confirmed=False)
    factories.account(addresses=["other@example.org", "shared@example.org"])

    data = f"{heading}\n{cells}\n".encode()
    if cells == ",":
        data += b"s9,x@example.org\n"
    job = checked(lead, data)
    if cells == ",":
        assert job.rows_total == 1  # a line without anything on it is no row
        return

    row = job.rows.get()
    assert row.refusal == refusal
    assert (row.account_id == someone.pk) == (not refusal)


def test_what_is_no_name_but_reads_like_a_code_is_blotted_out(lead):
    owner = factories.account()
    _, (code, *_) = factories.saved_codes(owner)

    job = checked(lead, f"login name\n{code}\n".encode())

    assert job.rows.get().refusal == "person_unknown"
    assert code not in job.rows.get().given


class TestAddresses:
    HEADING = "login name,new address"

    def bring(self, lead, *pairs):
        lines = [f"{login(owner)},{address}" for owner, address in pairs]
        return checked(lead, table(*lines, heading=self.HEADING), ADDRESS)

    def test_each_comes_unconfirmed_with_a_mail_that_confirms_it(self, lead):
        someone = factories.account()
        job = apply(lead, self.bring(lead, (someone, "new@example.org")))

        added = ContactAddress.objects.get(account=someone, address="new@example.org")
        assert added.confirmed_at is None
        event = about_people(ADDRESS).get()
        assert event.detail == {"address": "n…@ex….org", "notices": 1}
        confirming, telling = Notice.objects.order_by("pk")
        assert (confirming.address, confirming.context) == (
            "new@example.org",
            {"confirms": added.pk},
        ) or (telling.address, telling.context) == ("new@example.org", {"confirms": added.pk})
        told = Notice.objects.get(operation=ADDRESS)
        assert told.address == "known@example.org"
        assert "new@example.org" not in str(told.context)
        assert counts(job) == (1, 1, 0, 0)

    def test_its_owner_confirms_it_with_the_code_of_the_mail(self, lead, mailoutbox):
        someone = factories.account()
        apply(lead, self.bring(lead, (someone, "new@example.org")))
        for pk in delivery.due():
            delivery.deliver(pk)
        (mail,) = [one for one in mailoutbox if one.to == ["new@example.org"]]
        code = next(line.strip() for line in mail.body.splitlines() if _is_code(line.strip()))

        added = ContactAddress.objects.get(address="new@example.org")
        actions.confirm_address(
            actor=factories.actor(person=someone.user),
            subject=someone,
            address_id=added.pk,
            typed=code,
        )

        assert factories.fresh(added).confirmed_at is not None

    def test_what_is_wrong_with_one_is_said(self, lead):
        full = factories.account(addresses=[f"{n}@example.org" for n in range(5)])
        there, bad, fine = factories.account(), factories.account(), factories.account()
        gone = factories.account()
        type(gone.user)._default_manager.filter(pk=gone.user_id).update(is_active=False)

        job = self.bring(
            lead,
            (full, "new@example.org"),
            (there, "KNOWN@example.org"),
            (bad, "no address"),
            (bad, ""),
            (gone, "new@example.org"),
            (fine, "new@example.org"),
            (fine, "newer@example.org"),
        )

        assert [refusal for _, _, refusal in rows(job)] == [
            "no_room_for_address",
            "address_there",
            "address_malformed",
            "address_malformed",
            "subject_inactive",
            "",
            "named_before",
        ]

    def test_all_or_nothing_holds_for_them_too(self, lead):
        one, two = factories.account(), factories.account()
        job = self.bring(lead, (one, "a@example.org"), (two, "b@example.org"))
        factories.address(two, "b@example.org")

        job = apply(lead, job, rounds.ALL)

        assert (job.state, job.parameters["undone"]) == (JobState.READY, True)
        assert not ContactAddress.objects.filter(address="a@example.org").exists()


def _is_code(text):
    return codes.read(text) is not None


class TestWhoMay:
    @pytest.mark.parametrize(
        ("role", "may"),
        [
            (Role.AGENT, False),
            (Role.AUDITOR, False),
            (Role.LEAD, True),
            (Role.REPORT_ADMINISTRATOR, True),
        ],
    )
    def test_the_roles_that_bring_tables_in(self, role, may):
        someone = factories.account()
        actor = factories.staff(role)
        for operation in (FLAG, ADDRESS):
            if may:
                assert bring_in(actor, table(someone), operation).pk
            else:
                with pytest.raises(errors.PermissionMissing):
                    bring_in(actor, table(someone), operation)
                assert factories.last_event().refusal == "permission_missing"

    def test_what_a_table_asks_for_needs_its_own_right(self):
        actor = factories.actor(Operation.IMPORT_TABLE, FLAG)
        with pytest.raises(errors.PermissionMissing):
            bring_in(actor, table(factories.account()), LIFT)

    def test_nothing_else_can_be_done_by_a_table(self, lead):
        with pytest.raises(errors.PermissionMissing):
            bring_in(lead, table(factories.account()), Operation.REGENERATE_BACKUP_CODES)

    def test_somebody_elses_word_does_not_count(self, lead):
        job = checked(lead, table(factories.account()))
        with pytest.raises(errors.PermissionMissing):
            apply(factories.staff(Role.LEAD), job)
        assert again(job).state == JobState.READY

    def test_a_step_up_is_asked_for_again_as_the_word_is_given(self, lead):
        job = checked(lead, table(factories.account()))
        stale = factories.actor(person=lead.user, verified_at=timezone.now() - timedelta(hours=1))
        with pytest.raises(errors.StepUpRequired):
            apply(stale, job)

    def test_whoever_lost_the_right_meanwhile_does_nothing(self, lead):
        someone = factories.account()
        job = checked(lead, table(someone))
        importing.apply_import(actor=lead, job=job, mode="good", count=1, form="")
        with factories.arranging():
            lead.user.groups.clear()
        jobs.run_due()

        assert (again(job).state, again(job).failure) == (JobState.FAILED, "permission_missing")
        assert not factories.fresh(someone).is_flagged

    def test_the_number_has_to_be_the_one_that_it_is(self, lead):
        job = checked(lead, table(factories.account()))
        with pytest.raises(errors.CountDiffers) as raised:
            apply(lead, job, count=100)
        assert "1" in str(raised.value)

    def test_a_word_is_given_once(self, lead):
        job = apply(lead, checked(lead, table(factories.account())))
        with pytest.raises(errors.JobHasEnded):
            importing.apply_import(actor=lead, job=job, mode="good", count=1, form="")


class TestLimits:
    def test_a_file_beyond_the_limit_is_not_kept(self, lead, settings):
        settings.RECOVERY_IMPORT_SIZE_LIMIT = 20
        with pytest.raises(errors.FileTooLarge):
            bring_in(lead, b"login name\n" + b"x" * 20)
        assert not Job.objects.exists()

    def test_a_table_of_too_many_rows_is_refused_whole(self, lead, settings):
        settings.RECOVERY_IMPORT_ROW_LIMIT = 2
        job = checked(lead, table("a", "b", "c"))

        assert (job.state, job.failure) == (JobState.FAILED, "too_many_lines")
        assert job.parameters["problem"] == {"limit": 2}
        assert not JobChunk.objects.filter(job=job).exists()

    @pytest.mark.parametrize("data", [b"login name\n", b"login name\n\n \n"])
    def test_headings_alone_are_no_table(self, lead, data):
        assert checked(lead, data).failure == "no_rows"

    def test_what_is_wrong_with_the_file_is_said_with_its_line(self, lead):
        job = checked(lead, b"login name\nZo\xeb\n")

        assert (job.state, job.failure) == (JobState.FAILED, "not_in_its_encoding")
        assert job.parameters["problem"] == {"line": 2, "byte": 14, "encoding": "UTF-8"}

    def test_queries_go_by_batches_and_not_by_rows(self, lead):
        people = [factories.account() for _ in range(12)]
        few, many = table(*people[:3]), table(*people)

        assert self.queries(lead, many) == self.queries(lead, few)

    def queries(self, lead, data):
        job = bring_in(lead, data)
        with CaptureQueriesContext(
            connection,
        ) as looked:
            jobs.run_due()
        jobs.cancel(actor=lead, job=again(job))
        return len(looked)


class TestDying:
    def test_looking_through_begins_anew(self, lead, monkeypatch):
        monkeypatch.setattr(rounds, "AT_ONCE", 1)
        people = [factories.account() for _ in range(3)]
        job = bring_in(lead, table(*people))
        self.die_in(monkeypatch, "judged", at=3)
        assert JobRow.objects.filter(job=job).count() == 2

        job = self.next_worker(job)

        assert (job.state, counts(job)) == (JobState.READY, (3, 0, 0, 0))
        assert [row[0] for row in rows(job)] == [2, 3, 4]

    @pytest.mark.parametrize("mode", [rounds.GOOD, rounds.ALL])
    def test_doing_goes_on_and_does_nothing_twice(self, lead, monkeypatch, mode):
        monkeypatch.setattr(rounds, "AT_ONCE", 1)
        monkeypatch.setattr("recovery.audit.batches.AT_ONCE", 1)
        people = [factories.account() for _ in range(3)]
        job = checked(lead, table(*people))
        importing.apply_import(actor=lead, job=job, mode=mode, count=3, form="")
        self.die_in(monkeypatch, "_write_down", at=2)
        done_before = {rounds.GOOD: 1, rounds.ALL: 0}[mode]
        assert Account.objects.flagged().count() == done_before
        assert again(job).rows_done == done_before

        job = self.next_worker(job)

        assert (job.state, counts(job)) == (JobState.DONE, (3, 3, 0, 0))
        assert about_people().filter(outcome=Outcome.COMPLETED).count() == 3
        assert Notice.objects.filter(operation=FLAG).count() == 3

    def die_in(self, monkeypatch, name, *, at):
        whole, calls = getattr(rounds, name), []

        def dying(*args):
            calls.append(args)
            if len(calls) == at:
                raise KeyboardInterrupt
            return whole(*args)

        monkeypatch.setattr(rounds, name, dying)
        with pytest.raises(KeyboardInterrupt):
            jobs.run_due()
        monkeypatch.setattr(rounds, name, whole)

    def next_worker(self, job):
        Job.objects.filter(pk=job.pk).update(leased_until=timezone.now())
        jobs.run_due()
        return again(job)


class TestCancelling:
    def test_one_that_waits_for_a_word_is_taken_back(self, lead):
        job = checked(lead, table(factories.account()))
        jobs.cancel(actor=lead, job=job)

        assert again(job).state == JobState.CANCELLED
        with pytest.raises(errors.JobHasEnded):
            apply(lead, again(job))

    def test_all_in_one_go_is_taken_back_whole(self, lead, monkeypatch):
        monkeypatch.setattr("recovery.audit.batches.AT_ONCE", 1)
        people = [factories.account() for _ in range(3)]
        job = checked(lead, table(*people))
        importing.apply_import(actor=lead, job=job, mode=rounds.ALL, count=3, form="")
        whole = rounds._write_down

        def then_cancel(work, result):
            Job.objects.filter(pk=job.pk).update(cancel_asked_at=timezone.now())
            whole(work, result)

        monkeypatch.setattr(rounds, "_write_down", then_cancel)
        jobs.run_due()

        assert not Account.objects.flagged().exists()
        assert again(job).rows_done == 0
        assert not about_people().filter(outcome=Outcome.COMPLETED).exists()

    def test_one_under_way_stops_between_two_batches(self, lead, monkeypatch):
        monkeypatch.setattr(rounds, "AT_ONCE", 1)
        people = [factories.account() for _ in range(3)]
        job = checked(lead, table(*people))
        importing.apply_import(actor=lead, job=job, mode="good", count=3, form="")
        whole = rounds._carry_out

        def then_cancel(work, some):
            result = whole(work, some)
            jobs.cancel(actor=lead, job=again(job))
            return result

        monkeypatch.setattr(rounds, "_carry_out", then_cancel)
        jobs.run_due()

        assert (again(job).state, again(job).rows_done) == (JobState.CANCELLED, 1)
        assert Account.objects.flagged().count() == 1
        assert not AuditEvent.objects.filter(outcome=Outcome.FAILED).exists()


def test_a_worker_that_lost_the_job_does_not_hand_it_back(lead):
    job = bring_in(lead, table(factories.account()))
    work = working.Work(working._claim())
    Job.objects.filter(pk=job.pk).update(lease="somebody else's")

    assert working.run(work) is False
    assert again(job).state == JobState.RUNNING
