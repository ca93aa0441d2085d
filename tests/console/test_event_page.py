"""The page of one event: what it changed, who was told, what it hangs together with and on."""

from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone

from recovery import tasks
from recovery.audit import linking
from recovery.canonical import GENESIS
from recovery.enums import DayState, NoticeState, Operation, Outcome, Role
from recovery.models import AuditEvent, ChainEntry, Checkpoint, LedgerDay, Notice, SigningKey
from tests import factories
from tests.console import desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def auditor():
    return desk.as_role(Role.AUDITOR)


@pytest.fixture
def subject():
    return factories.account()


@pytest.fixture
def flagged(subject):
    """An event that changed an account and told its holder."""
    desk.operate(desk.as_role(Role.AGENT), subject, Operation.REQUIRE_REENROLMENT)
    linking.settle(connection)
    return factories.last_event(operation=Operation.REQUIRE_REENROLMENT)


def page(client, event):
    response = client.get(f"{desk.LEDGER}{event.pk}/change/")
    assert response.status_code == 200
    return response


def told(client, event):
    return page(client, event).context["event"]


def test_it_says_in_a_sentence_who_did_what_to_whom(auditor, flagged):
    said = told(auditor, flagged)["sentence"]

    expected = (
        f"{flagged.actor_name} carried out “Require re-enrolment” for {flagged.subject_name}."
    )
    assert said == expected


def test_a_refusal_says_why(auditor, subject):
    desk.as_role(Role.AUDITOR).post(desk.target_of(subject, Operation.ISSUE_PHONE_CODE), {})
    refused = factories.last_event(operation=Operation.ISSUE_PHONE_CODE)

    shown = told(auditor, refused)

    assert "was refused “Issue a phone code”" in shown["sentence"]
    assert shown["refusal_code"] == "permission_missing"
    assert str(shown["refusal"]) in desk.text(page(auditor, refused))


def test_it_says_what_changed_from_what_to_what_and_leads_to_the_version(auditor, flagged):
    version = told(auditor, flagged)["changes"][0]

    columns = {str(one["name"]): (one["old"], one["new"]) for one in version["columns"]}
    assert columns["enrolment"] == ("Not enrolled", "Re-enrolment required")
    assert auditor.get(version["url"]).status_code == 200


def test_the_history_of_an_account_leads_back_to_the_events(auditor, subject, flagged):
    history = auditor.get(f"{desk.ACCOUNTS}{subject.pk}/history/")

    assert f"{desk.LEDGER}{flagged.pk}/change/" in desk.text(history)


def test_the_history_costs_the_same_however_long_it_is(auditor, subject, flagged):
    address = f"{desk.ACCOUNTS}{subject.pk}/history/"
    before = [sql for sql in desk.statements(auditor, address) if '"trace" IN' in sql]
    agent = desk.as_role(Role.AGENT)
    desk.operate(agent, subject, Operation.LIFT_REENROLMENT)
    desk.operate(agent, subject, Operation.REQUIRE_REENROLMENT)

    after = [sql for sql in desk.statements(auditor, address) if '"trace" IN' in sql]
    assert len(after) == len(before) == 1


@pytest.mark.requirement("P10")
def test_versions_are_for_those_who_hold_their_permission(subject, flagged):
    person = desk.member()
    person.user_permissions.add(*factories.permissions("view_account", "view_auditevent"))
    client = desk.signed_in(person)
    version = subject.history.latest().pk

    assert client.get(f"{desk.ACCOUNTS}{subject.pk}/history/").status_code == 403
    assert client.get(f"{desk.ACCOUNTS}{subject.pk}/history/{version}/").status_code == 403
    assert told(client, flagged)["changes"] == []
    assert "/history/" not in desk.text(client.get(desk.page_of(subject)))


def test_a_reason_in_the_history_is_withheld_with_the_events_own(subject, flagged):
    person = desk.member()
    held = ("view_account", "view_auditevent", "view_historicalaccount")
    person.user_permissions.add(*factories.permissions(*held))

    response = page(desk.signed_in(person), flagged)

    assert "enrolment" in desk.text(response)
    assert "Lost the phone" not in desk.text(response)


def test_it_says_who_was_told_and_what_became_of_the_mail(auditor, flagged):
    tasks.deliver_due()
    assert mail.outbox

    shown = told(auditor, flagged)

    assert [notice["state"] for notice in shown["notices"]] == ["Handed to the mail server"]
    assert shown["notices"][0]["address"] == "k…n@ex….org"
    assert "known@example.org" not in desk.text(page(auditor, flagged))
    assert [str(other["operation"]) for other in shown["others"]] == ["Deliver a notice"]


def test_a_dead_letter_is_seen(auditor, flagged):
    Notice.objects.filter(event_id=flagged.pk).update(
        state=NoticeState.DEAD, ended_at=timezone.now(), last_error="SMTPServerDisconnected"
    )

    shown = told(auditor, flagged)["notices"][0]

    assert shown["is_dead"]
    assert "SMTPServerDisconnected" in desk.text(page(auditor, flagged))


def test_what_was_recorded_together_is_shown_together(auditor):
    first, second = (
        AuditEvent.objects.create(
            operation=operation, outcome=Outcome.COMPLETED, trace="feedfacefeedface"
        )
        for operation in (Operation.VETO, Operation.FREEZE_RECOVERY)
    )

    assert numbers(told(auditor, first)["others"]) == [second.pk]
    assert numbers(told(auditor, second)["others"]) == [first.pk]


def test_it_leads_to_its_neighbours_in_the_chain(auditor, flagged):
    sequence = flagged.entry.sequence
    chain = told(auditor, flagged)["chain"]
    before = ChainEntry.objects.get(sequence=sequence - 1)

    assert (chain["sequence"], chain["hash"]) == (sequence, flagged.entry.hash)
    assert chain["previous_hash"] == before.hash
    assert numbers(chain["neighbours"][:1]) == [before.event_id]


def test_the_first_event_stands_on_nothing(auditor, flagged):
    first = ChainEntry.objects.get(sequence=1).event

    assert told(auditor, first)["chain"]["previous_hash"] == GENESIS


@pytest.mark.requirement("P13")
class TestMark:
    """What is known of the chain as far as an event."""

    def mark(self, client, event):
        return told(client, event)["chain"]["mark"]["state"]

    def day(self, state, last, **more):
        LedgerDay.objects.create(
            day=timezone.now().date() - timedelta(days=LedgerDay.objects.count()),
            first_sequence=1,
            last_sequence=last,
            state=state,
            **more,
        )

    def test_nothing_is_said_of_what_was_not_checked(self, auditor, flagged):
        self.day(DayState.VERIFIED, flagged.entry.sequence - 1)

        assert self.mark(auditor, flagged) == "waiting"

    def test_what_was_checked_is_verified(self, auditor, flagged):
        self.day(DayState.VERIFIED, flagged.entry.sequence)

        assert self.mark(auditor, flagged) == "verified"

    def test_a_break_before_it_takes_its_mark_away(self, auditor, flagged):
        self.day(DayState.VERIFIED, flagged.entry.sequence)
        self.day(DayState.BROKEN, flagged.entry.sequence, finding="changed", found_at_sequence=1)

        assert self.mark(auditor, flagged) == "broken"
        assert "at sequence 1" in desk.text(page(auditor, flagged))

    def test_the_first_signature_over_it_is_named(self, auditor, flagged):
        sequence = flagged.entry.sequence
        key = SigningKey.objects.create(fingerprint="f" * 64, public_key="0" * 64)
        for at in (sequence - 1, sequence + 1, sequence + 9):
            Checkpoint.objects.create(sequence=at, head="0" * 64, count=at, key=key)

        assert told(auditor, flagged)["chain"]["checkpoint"].sequence == sequence + 1


def test_a_session_is_told_apart_and_not_shown_whole(auditor, flagged):
    text = desk.text(page(auditor, flagged))

    assert flagged.session_digest[:10] in text
    assert flagged.session_digest not in text


@pytest.mark.parametrize("number", ["0", "999999999999999999999", "abc", "%00"])
def test_an_event_that_is_not_there_is_not_found(auditor, number):
    assert auditor.get(f"{desk.LEDGER}{number}/change/").status_code == 404


def numbers(linked):
    return [int(one["url"].split("/")[-3]) for one in linked]
