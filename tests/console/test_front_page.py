"""The front page: what somebody did last, and the way back to it."""

import pytest

from recovery.enums import Operation, Role
from tests import factories
from tests.console import desk

pytestmark = pytest.mark.django_db


def recent(client):
    return client.get(desk.FRONT).context["recent"]


def test_what_was_done_last_leads_to_the_account(client_of_a_lead):
    subject = factories.account()
    desk.operate(client_of_a_lead, subject, Operation.REQUIRE_REENROLMENT)

    response = client_of_a_lead.get(desk.FRONT)

    assert response.context["recent"][0]["url"] == desk.page_of(subject)
    assert f'href="{desk.page_of(subject)}"' in desk.text(response)


def test_an_account_that_is_gone_is_named_and_leads_nowhere(client_of_a_lead):
    subject = factories.account()
    desk.operate(client_of_a_lead, subject, Operation.REQUIRE_REENROLMENT)
    name = subject.user.get_username()
    subject.user.delete()

    shown = recent(client_of_a_lead)[0]

    assert (shown["url"], shown["subject_name"]) == ("", name)


def test_who_may_not_look_at_accounts_is_led_to_none():
    client = desk.signed_in(desk.member())
    client.post(desk.target_of(factories.account(), Operation.ISSUE_PHONE_CODE))

    [shown] = recent(client)

    assert shown["url"] == ""


def test_more_that_was_done_costs_no_more(client_of_a_lead):
    desk.operate(client_of_a_lead, factories.account(), Operation.REQUIRE_REENROLMENT)
    one = desk.statements(client_of_a_lead, desk.FRONT)
    for _ in range(4):
        desk.operate(client_of_a_lead, factories.account(), Operation.REQUIRE_REENROLMENT)

    assert len(desk.statements(client_of_a_lead, desk.FRONT)) == len(one)


@pytest.fixture
def client_of_a_lead():
    return desk.as_role(Role.LEAD)
