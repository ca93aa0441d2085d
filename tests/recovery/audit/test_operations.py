"""Authorised, run, recorded and announced: all four, or it did not happen."""

import threading
from unittest.mock import patch

import pytest
from django.db import DatabaseError, connection, transaction

from recovery import errors
from recovery.audit import audited
from recovery.audit.detail import ALWAYS, KEYS
from recovery.enums import DESK_OPERATIONS, Operation, Outcome, Role
from recovery.models import Account, AuditEvent, Notice, UsedForm
from tests.concurrency import at_once
from tests.factories import SOURCE, account, actor, address, fresh, grounds, last_event, staff

pytestmark = pytest.mark.django_db

OPERATION = Operation.REQUIRE_REENROLMENT
SPEND = {"backup_codes_total": 5, "backup_codes_left": 4}


def lead(**overrides):
    return staff(Role.LEAD, **overrides)


def spend(draft):
    Account.objects.filter(pk=draft.account.pk).update(**SPEND)


def do(subject, body=spend, *, operation=OPERATION, by=None, **said):
    with audited(operation, actor=by or lead(), subject=subject, grounds=grounds(**said)) as draft:
        body(draft)
    return draft


@pytest.mark.requirement("A25", "N1")
def test_an_event_says_who_did_what_to_whom_when_from_where_and_on_whose_proof():
    agent, subject = lead(), account()

    event = do(subject, by=agent).written

    assert event.operation == OPERATION
    assert event.outcome == Outcome.COMPLETED
    assert (event.actor_id, event.actor_name) == (str(agent.user.pk), agent.name)
    assert (event.subject_id, event.subject_name) == (str(subject.user_id), str(subject))
    assert (event.reason, event.ticket, event.proofing) == ("Lost the phone", "HD-1", "call_back")
    assert (event.source_address, event.user_agent) == (SOURCE.address, SOURCE.user_agent)
    assert (event.verified_by, event.authenticator) == ("totp", "recovery.totpauthenticator/7")
    assert event.session_digest == "5e55"
    assert event.at.utcoffset().total_seconds() == 0
    assert len(event.salt) == 32


def test_reason_and_ticket_are_kept_without_the_space_around_them():
    event = do(account(), reason="  lost it \n", ticket=" HD-1 ").written

    assert (event.reason, event.ticket) == ("lost it", "HD-1")


def test_the_body_works_on_the_account_as_it_is_now():
    subject = account()
    Account.objects.filter(pk=subject.pk).update(session_generation=7)

    seen = []
    do(subject, lambda draft: seen.append(draft.account.session_generation))

    assert seen == [7]


@pytest.mark.requirement("N6")
def test_every_confirmed_address_is_told_in_the_same_transaction():
    subject = account(addresses=("one@example.org", "two@example.org"))
    address(subject, "young@example.org", days=1)
    address(subject, "hearsay@example.org", confirmed=False)

    event = do(subject).written

    told = {notice.address for notice in Notice.objects.filter(event_id=event.pk)}
    assert told == {"one@example.org", "two@example.org", "young@example.org"}
    assert event.detail["notices"] == 3


def test_an_address_of_any_length_is_told():
    subject = account(addresses=("x" * 60 + "@" + "y" * 60 + "." + "z" * 60 + ".example.org",))

    do(subject)

    assert Notice.objects.count() == 1


@pytest.mark.requirement("A30")
@pytest.mark.django_db(transaction=True)
def test_the_record_of_a_refusal_outlives_the_rollback():
    subject = account()

    def refuse(draft):
        spend(draft)
        raise errors.AlreadyFlagged

    with pytest.raises(errors.AlreadyFlagged):
        do(subject, refuse)

    assert last_event().refusal == "already_flagged"
    assert fresh(subject).backup_codes_total == 0
    assert not Notice.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_bug_is_recorded_as_failed_by_its_kind_alone():
    subject = account()

    def break_down(draft):
        spend(draft)
        draft.detail["was"] = "half done"
        raise ZeroDivisionError("with a secret in its text")

    with pytest.raises(ZeroDivisionError):
        do(subject, break_down)

    event = last_event()
    assert event.outcome == Outcome.FAILED
    assert event.detail == {"error": "ZeroDivisionError"}
    assert fresh(subject).backup_codes_total == 0


@pytest.mark.requirement("A35")
@pytest.mark.django_db(transaction=True)
def test_what_cannot_be_recorded_did_not_happen():
    subject, by = account(), lead()

    with _ledger_closed(), pytest.raises(DatabaseError, match="closed"):
        do(subject, by=by)

    assert fresh(subject).backup_codes_total == 0
    assert not Notice.objects.exists()
    assert not AuditEvent.objects.exists()


@pytest.mark.requirement("A35")
@pytest.mark.django_db(transaction=True)
def test_a_refusal_that_cannot_be_recorded_is_not_shown_as_one():
    with _ledger_closed(), pytest.raises(DatabaseError, match="closed"):
        do(account(), by=lead(verified_at=None))


@pytest.mark.django_db(transaction=True)
def test_a_notice_that_cannot_be_queued_undoes_the_operation():
    subject = account()

    with patch("recovery.notices.queue", side_effect=DatabaseError), pytest.raises(DatabaseError):
        do(subject)

    assert fresh(subject).backup_codes_total == 0
    assert last_event().outcome == Outcome.FAILED


@pytest.mark.django_db(transaction=True)
def test_an_operation_inside_another_transaction_is_a_bug():
    subject = account()

    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        do(subject)

    assert fresh(subject).backup_codes_total == 0


def test_an_operation_without_rules_cannot_run():
    with pytest.raises(KeyError):
        do(account(), operation=Operation.SIGN_IN)

    assert last_event().outcome == Outcome.FAILED


@pytest.mark.parametrize("operation", KEYS, ids=str)
def test_the_detail_of_an_event_is_a_closed_list(operation):
    assert not KEYS[operation] & {"code", "codes_clear", "token", "key", "secret", "password"}
    assert "notices" in ALWAYS


def test_a_detail_that_is_not_on_the_list_undoes_the_operation():
    subject = account()

    def leak(draft):
        spend(draft)
        draft.detail["code"] = "7K3MQ9TD0ZVHPX4R"

    with pytest.raises(ValueError, match="no detail"):
        do(subject, leak)

    assert fresh(subject).backup_codes_total == 0
    assert last_event().detail == {"error": "ValueError"}


class TestForm:
    def test_a_form_is_spent_with_the_operation(self):
        do(account(), form="once")

        assert UsedForm.objects.count() == 1

    def test_a_form_is_used_once(self):
        subject = account()
        do(subject, form="once")

        with pytest.raises(errors.FormAlreadyUsed):
            do(subject, lambda _: pytest.fail("done twice"), form="once")

        assert last_event().refusal == "form_already_used"

    def test_a_form_that_was_refused_can_be_corrected_and_sent_again(self):
        subject = account()
        with pytest.raises(errors.ReasonMissing):
            do(subject, form="once", reason="")
        with pytest.raises(errors.AlreadyFlagged):
            do(subject, _raise_already_flagged, form="once")

        do(subject, form="once")

        assert last_event().outcome == Outcome.COMPLETED

    def test_its_mark_is_kept_as_a_digest(self):
        do(account(), form="once")

        assert "once" not in UsedForm.objects.get().digest

    def test_operations_without_a_form_are_not_counted_as_one(self):
        subject = account()

        do(subject)
        do(subject)

        assert not UsedForm.objects.exists()

    @pytest.mark.concurrency
    @pytest.mark.django_db(transaction=True)
    def test_two_submissions_at_once_are_one_operation(self):
        subject, by = account(), lead()
        done = []

        outcomes = at_once(
            4,
            lambda _: do(subject, lambda _: done.append(threading.get_ident()), by=by, form="once"),
        )

        assert len(done) == 1
        refusals = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        assert [type(refusal) for refusal in refusals] == [errors.FormAlreadyUsed] * 3


@pytest.mark.requirement("N6")
@pytest.mark.parametrize("operation", DESK_OPERATIONS, ids=str)
def test_every_operation_of_the_desk_is_announced(operation):
    subject = account()

    do(subject, operation=operation, by=actor(operation))

    assert Notice.objects.get().operation == operation


def _raise_already_flagged(_draft):
    raise errors.AlreadyFlagged


def _ledger_closed():
    def refuse(execute, sql, params, many, context):
        if sql.startswith("INSERT") and AuditEvent._meta.db_table in sql:
            raise DatabaseError("The ledger is closed.")
        return execute(sql, params, many, context)

    return connection.execute_wrapper(refuse)
