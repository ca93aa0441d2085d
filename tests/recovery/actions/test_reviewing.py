"""Signing off and escalating: by somebody else, once, and on the ledger."""

import pytest
from django.db import connection

from recovery import actions, errors
from recovery.audit import Draft, append, linking
from recovery.enums import IncidentKind, Operation, Outcome, ReviewCause, ReviewVerdict, Role
from recovery.models import Incident, Notice, ReviewItem
from tests import factories
from tests.factories import fresh, last_event

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("P14")]


def item(*, actor=None, subject=None, operation=Operation.ISSUE_PHONE_CODE):
    """An event in the queue, done by some agent to some account holder."""
    draft = Draft(operation=operation, actor=actor or factories.staff(Role.AGENT), subject=subject)
    event = append(draft, Outcome.COMPLETED)
    linking.settle(connection)
    return ReviewItem.objects.create(
        event=event, sequence=event.entry.sequence, cause=ReviewCause.SAMPLED
    )


def refused(refusal, verb, waiting, *, actor, comment="Looks odd"):
    with pytest.raises(refusal):
        verb(actor=actor, item=waiting, comment=comment)
    assert last_event().refusal == refusal.code
    assert not Incident.objects.exists()


@pytest.fixture
def auditor():
    return factories.staff(Role.AUDITOR)


def test_a_sign_off_says_who_and_when_and_is_an_event(auditor):
    waiting = item()

    actions.sign_off_event(actor=auditor, item=waiting, comment=" The ticket fits. ")

    said = fresh(waiting)
    assert (said.verdict, said.reviewer_id) == (ReviewVerdict.SIGNED_OFF, auditor.key)
    assert (said.reviewer_name, said.comment) == (auditor.name, "The ticket fits.")
    event = last_event()
    assert (event.operation, event.outcome) == (Operation.SIGN_OFF_EVENT, Outcome.COMPLETED)
    assert event.reason == "The ticket fits."
    assert event.detail["sequence"] == waiting.sequence
    assert event.detail["event"] == waiting.event_id
    assert said.reviewed_at == event.at


@pytest.mark.parametrize("verb", [actions.sign_off_event, actions.escalate_event])
class TestRules:
    def test_nobody_reviews_what_they_did(self, verb, auditor):
        waiting = item(actor=auditor)

        refused(errors.ReviewsTheirOwn, verb, waiting, actor=auditor)
        assert fresh(waiting).verdict == ""

    def test_nobody_reviews_what_was_done_to_them(self, verb, auditor):
        waiting = item(subject=auditor.user.recovery_account)

        refused(errors.ReviewsTheirOwn, verb, waiting, actor=auditor)

    def test_an_event_is_reviewed_once(self, verb, auditor):
        waiting = item()
        actions.sign_off_event(actor=factories.staff(Role.LEAD), item=waiting, comment="")

        refused(errors.AlreadyReviewed, verb, waiting, actor=auditor)
        assert fresh(waiting).reviewer_id != auditor.key

    def test_an_agent_reviews_nothing(self, verb, auditor):  # noqa: ARG002 - the fixture is the class's
        refused(errors.PermissionMissing, verb, item(), actor=factories.staff(Role.AGENT))

    def test_it_takes_a_fresh_one_time_code(self, verb, auditor):  # noqa: ARG002 - as above
        stale = factories.staff(Role.AUDITOR, verified_at=None)

        refused(errors.StepUpRequired, verb, item(), actor=stale)


class TestEscalation:
    def test_it_raises_an_incident_on_the_account_and_tells_the_leads(self, auditor):
        lead = factories.staff(Role.LEAD)
        factories.address(lead.user.recovery_account, "lead@example.org")
        subject = factories.account()
        waiting = item(subject=subject)

        incident = actions.escalate_event(actor=auditor, item=waiting, comment="Twice a day?")

        assert (incident.kind, incident.account) == (IncidentKind.ESCALATED, subject)
        assert incident.finding == "Twice a day?"
        assert fresh(waiting).verdict == ReviewVerdict.ESCALATED
        event = last_event()
        assert event.detail["incident"] == incident.pk
        assert event.detail["event"] == waiting.event_id
        assert [told.address for told in Notice.objects.all()] == ["lead@example.org"]
        assert fresh(subject).frozen_at is None

    def test_a_comment_of_any_length_is_kept_whole(self, auditor):
        waiting = item()

        incident = actions.escalate_event(actor=auditor, item=waiting, comment="x" * 500)

        assert fresh(waiting).comment == "x" * 500
        assert incident.finding.endswith("…")

    def test_it_takes_a_comment(self, auditor):
        refused(errors.ReasonMissing, actions.escalate_event, item(), actor=auditor, comment=" ")

    def test_an_account_that_is_gone_takes_its_name_from_no_incident(self, auditor):
        subject = factories.account()
        waiting = item(subject=subject)
        subject.user.delete()

        incident = actions.escalate_event(actor=auditor, item=waiting, comment="Who was that?")

        assert incident.account is None

    def test_it_takes_nothing_from_the_account_holder(self, auditor):
        """Neither the escalation nor its end stands in the way of "that was not me"."""
        subject = factories.account()
        waiting = item(subject=subject)
        actions.escalate_event(actor=auditor, item=waiting, comment="Odd")
        lead = factories.staff(Role.LEAD)
        actions.close_incident(actor=lead, subject=subject, grounds=factories.grounds())

        incident = actions.veto(subject=subject, event=waiting.event)

        assert incident.kind == IncidentKind.VETO


def test_one_of_two_at_once_wins(auditor):
    """The second reads its item before the first has written, as a second page would."""
    waiting, twin = item(), None
    twin = fresh(waiting)
    actions.sign_off_event(actor=auditor, item=waiting, comment="")

    refused(errors.AlreadyReviewed, actions.sign_off_event, twin, actor=factories.staff(Role.LEAD))
