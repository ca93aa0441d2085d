"""What a lead has to look into first: who, what, when, and what it froze."""

import pytest
from django.test import Client

from recovery import actions
from recovery.actors import Actor
from recovery.audit import Draft, append
from recovery.enums import AuthenticatorKind, Operation, Outcome, Role
from tests import factories
from tests.console import desk

pytestmark = pytest.mark.django_db


def vetoed(subject, operation=Operation.ADD_ADDRESS):
    """Let something happen that the account holder then says was not them."""
    draft = Draft(operation=operation, actor=Actor.worker(), subject=subject)
    event = append(draft, Outcome.COMPLETED)
    factories.address(subject, "thief@example.com", days=0)
    actions.veto(subject=subject, event=event)
    return event


def front(role):
    return desk.as_role(role).get(desk.FRONT)


def test_a_lead_sees_what_was_vetoed_and_what_it_froze():
    subject = factories.account()
    factories.saved_codes(subject)
    event = vetoed(subject)

    page = desk.text(front(Role.LEAD))

    assert subject.text.display_name in page
    assert str(Operation.ADD_ADDRESS.label) in page
    assert f"{event.at:%H:%M}" in page
    assert "1 address that was added since" in page


def test_it_leads_to_the_event_and_to_the_dialog_that_closes_it():
    subject = factories.account()
    event = vetoed(subject)

    page = desk.text(front(Role.LEAD))

    assert f"{desk.LEDGER}{event.pk}/change/" in page
    assert f"{desk.page_of(subject)}?dialog=close_incident" in page


def test_a_freeze_by_the_account_holder_says_that_nothing_else_was_stopped():
    subject = factories.account()
    holder = Actor.holder(subject.user, verified_by=AuthenticatorKind.TOTP)
    actions.freeze_recovery(actor=holder, subject=subject)

    page = desk.text(front(Role.LEAD))

    assert "froze their recovery" in page
    assert "that was added since" not in page


def test_nobody_else_sees_incidents():
    subject = factories.account()
    vetoed(subject)

    for role in (Role.AGENT, Role.AUDITOR, Role.REPORT_ADMINISTRATOR):
        assert "close_incident" not in desk.text(front(role))
    assert Client().get(desk.FRONT).status_code == 302


def test_more_of_them_cost_no_more_queries():
    vetoed(factories.account())
    client = desk.as_role(Role.LEAD)
    alone = len(desk.statements(client, desk.FRONT))
    for _ in range(4):
        vetoed(factories.account())

    assert len(desk.statements(client, desk.FRONT)) == alone
