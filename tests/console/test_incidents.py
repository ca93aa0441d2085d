"""What a lead has to look into first: who, what, when, and what it froze."""

import pytest
from django.test import Client

from recovery import actions
from recovery.actors import Actor
from recovery.audit import Draft, alarms, append
from recovery.audit.verifier import Finding
from recovery.enums import AuthenticatorKind, IncidentKind, Operation, Outcome, Role
from recovery.models import Incident
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


class TestLedger:
    """An incident that is about no account has a page of its own."""

    def alarm(self):
        return alarms.raise_alarm(Finding.CUT_OFF, 17)

    def page_of(self, incident):
        return f"{desk.FRONT}incidents/{incident.pk}/"

    def send(self, client, incident, **changes):
        opened = client.get(self.page_of(incident))
        said = {"form_mark": desk.form_mark(opened), "reason": "Restored from a backup"}
        return client.post(self.page_of(incident), said | changes)

    def test_a_lead_sees_what_was_found_and_where(self):
        incident, client = self.alarm(), desk.as_role(Role.LEAD)

        front = desk.text(client.get(desk.FRONT))
        page = desk.text(client.get(self.page_of(incident)))

        assert "The last events were cut off." in front
        assert self.page_of(incident) in front
        assert "17" in page

    def test_a_lead_closes_it_with_a_reason(self):
        incident, client = self.alarm(), desk.as_role(Role.LEAD)

        assert self.send(client, incident).status_code == 302

        incident.refresh_from_db()
        event = factories.last_event(operation=Operation.CLOSE_INCIDENT)
        assert incident.closed_at is not None
        assert incident.note == "Restored from a backup"
        assert event.outcome == Outcome.COMPLETED
        assert event.detail == {"incident": incident.pk, "incidents": 1, "notices": 0}

    def test_it_stays_open_for_whoever_may_not_close_it_and_that_is_recorded(self):
        incident, client = self.alarm(), desk.as_role(Role.AUDITOR)

        response = client.post(self.page_of(incident), {"reason": "I will take care"})

        assert response.status_code == 403
        assert factories.last_event().refusal == "permission_missing"
        assert Incident.objects.get(closed_at=None) == incident

    def test_an_old_step_up_is_refused_where_it_was_asked(self):
        incident, client = self.alarm(), desk.as_role(Role.LEAD)
        desk.let_the_step_up_go_stale(client)

        response = self.send(client, incident)

        assert response.status_code == 409
        assert "Restored from a backup" in desk.text(response)
        assert Incident.objects.get(closed_at=None) == incident

    def test_once_closed_it_is_gone(self):
        incident, client = self.alarm(), desk.as_role(Role.LEAD)
        opened = client.get(self.page_of(incident))
        said = {"form_mark": desk.form_mark(opened), "reason": "Two tabs"}
        self.send(client, incident)

        assert client.post(self.page_of(incident), said).status_code == 409
        assert client.get(self.page_of(incident)).status_code == 404

    def test_a_form_of_another_incident_closes_none(self):
        first, client = self.alarm(), desk.as_role(Role.LEAD)
        second = alarms.raise_alarm(Finding.WRONG_KEY, None)
        mark = desk.form_mark(client.get(self.page_of(first)))

        response = client.post(self.page_of(second), {"form_mark": mark, "reason": "Mixed up"})

        assert response.status_code == 409
        assert factories.last_event().refusal == "form_invalid"
        assert Incident.objects.filter(closed_at=None, kind=IncidentKind.LEDGER).count() == 2
