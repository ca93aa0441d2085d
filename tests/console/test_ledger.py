"""The ledger as auditors read it: what it finds, what it costs, what breaks nothing."""

from datetime import timedelta
from urllib.parse import quote

import pytest

from recovery.enums import Operation, Role
from recovery.models import AuditEvent
from tests import factories
from tests.console import desk

pytestmark = pytest.mark.django_db


def test_the_ledger_costs_the_same_however_long_it_is():
    client = desk.as_role(Role.AUDITOR)
    client.get(desk.LEDGER)
    one = desk.statements(client, desk.LEDGER)
    for _ in range(20):
        desk.half_signed_in(desk.member(Role.AGENT)).post(desk.CODE_PAGE, {"one_time_code": "1"})

    # One of them asks whether this view is on the ledger yet, one counts what waits for review.
    assert len(desk.statements(client, desk.LEDGER)) == len(one) <= 10


@pytest.mark.parametrize(
    "query",
    [
        "operation__exact=sign_in",
        "outcome__exact=refused",
        "subject_name__icontains=person",
        "actor_name__icontains=person",
        "ticket__icontains=HD",
        "at_from_0=2026-01-01&at_from_1=00:00:00",
        "at_from_0=abc&at_from_1=abc",
        "at_to_0=9999-99-99&at_to_1=99:99",
        "at_from_0=0001-01-01&at_to_0=9999-12-31",
        "p=99999",
    ],
)
def test_nothing_in_the_address_breaks_the_ledger(query):
    response = desk.as_role(Role.AUDITOR).get(f"{desk.LEDGER}?{query}", follow=True)

    assert response.status_code == 200


@pytest.mark.parametrize("query", ["ticket__icontains=%00", "operation__exact=%00"])
def test_no_nul_byte_gets_to_the_database(query):
    assert desk.as_role(Role.AUDITOR).get(f"{desk.LEDGER}?{query}").status_code == 400


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("operation__exact=require_reenrolment", {"require_reenrolment"}),
        ("outcome__exact=refused", {"sign_in"}),
        ("ticket__icontains=hd-77", {"require_reenrolment"}),
    ],
)
def test_the_ledger_filters(query, expected):
    agent, client = desk.as_role(Role.AGENT), desk.as_role(Role.AUDITOR)
    desk.operate(agent, factories.account(), Operation.REQUIRE_REENROLMENT, ticket="HD-77")
    desk.half_signed_in(desk.member(Role.AGENT)).post(desk.CODE_PAGE, {"one_time_code": "1"})

    shown = client.get(f"{desk.LEDGER}?{query}").context["cl"].result_list

    assert {event.operation for event in shown} == expected


def test_the_ledger_filters_by_people_and_time():
    agent, client = desk.as_role(Role.AGENT), desk.as_role(Role.AUDITOR)
    subject = factories.account()
    desk.operate(agent, subject, Operation.REQUIRE_REENROLMENT)
    name, event = subject.user.get_username(), AuditEvent.objects.latest("pk")
    day = event.at.strftime("%Y-%m-%d")

    by_subject = client.get(f"{desk.LEDGER}?subject_name={quote(name)}").context["cl"]
    by_actor = client.get(f"{desk.LEDGER}?actor_name={quote(event.actor_name)}").context["cl"]
    by_time = client.get(f"{desk.LEDGER}?at_from_0={day}&at_from_1=00:00:00").context["cl"]
    in_future = client.get(f"{desk.LEDGER}?at_from_0=2999-01-01&at_from_1=00:00:00").context["cl"]

    assert {found.subject_name for found in by_subject.result_list} == {name}
    assert {found.actor_name for found in by_actor.result_list} == {event.actor_name}
    assert by_time.result_count > 0
    assert in_future.result_count == 0


@pytest.mark.parametrize(("zone", "found"), [("UTC", 1), ("Asia/Tokyo", 0)])
def test_the_ledger_takes_a_time_as_the_viewers_clock_says_it(zone, found):
    client = desk.as_role(Role.AUDITOR)
    event = AuditEvent.objects.latest("pk")
    client.cookies["timezone"] = zone
    soon = event.at + timedelta(minutes=1)

    query = f"at_to_0={soon:%Y-%m-%d}&at_to_1={soon:%H:%M:%S}"
    shown = client.get(f"{desk.LEDGER}?{query}").context["cl"]

    assert shown.result_count == found
