"""Whoever fails has to wait: at that source, and never everybody else."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from recovery.audit.tallies import SINGLY_A_MINUTE
from recovery.enums import Operation, Outcome, Role
from recovery.models import AuditEvent, Throttle
from recovery.tasks import flush_tallies
from tests import factories
from tests.console import desk

pytestmark = pytest.mark.django_db


def fail(client, name, *, times):
    """Fail so often, each time as soon as one may try again."""
    for _ in range(times):
        Throttle.objects.update(retry_at=timezone.now() - timedelta(seconds=1))
        client.post(desk.LOGIN, {"name": name, "password": "wrong"})


def test_after_some_failures_a_name_has_to_wait_at_that_source():
    person, client = desk.member(Role.AGENT), Client()
    fail(client, person.get_username(), times=9)

    response = desk.give_password(client, person)

    assert response.status_code == 422
    assert response.context["refusal"].code == "too_many_attempts"


def test_the_wait_grows():
    client, waits = Client(), []

    for _ in range(3):
        fail(client, "somebody", times=5)
        response = client.post(desk.LOGIN, {"name": "somebody", "password": "wrong"})
        waits.append(int(response.context["refusal"].values["seconds"]))

    assert waits[0] < waits[1] < waits[2]


def test_a_stranger_cannot_keep_a_name_from_signing_in_elsewhere():
    person = desk.member(Role.AGENT)
    fail(Client(), person.get_username(), times=9)

    assert desk.give_password(Client(REMOTE_ADDR=desk.ELSEWHERE), person).status_code == 302


def test_one_source_that_tries_many_names_has_to_wait_with_every_name():
    person, client = desk.member(Role.AGENT), Client()
    for number in range(28):
        fail(client, f"guess{number}", times=1)

    assert desk.give_password(client, person).status_code == 422
    assert desk.give_password(Client(REMOTE_ADDR=desk.ELSEWHERE), person).status_code == 302


def test_strangers_at_the_account_holders_pages_keep_no_desk_at_their_address_shut():
    person, stranger = desk.member(Role.AGENT), Client()
    for number in range(32):
        name = person.get_username() if number % 4 == 0 else f"guess{number}"
        Throttle.objects.update(retry_at=timezone.now() - timedelta(seconds=1))
        stranger.post(reverse("recovery:sign_in"), {"name": name, "password": "wrong"})
    answer = stranger.post(reverse("recovery:sign_in"), {"name": "somebody", "password": "wrong"})

    assert answer.context["refusal"].code == "too_many_attempts"
    assert desk.signed_in(person)


def test_strangers_at_the_sign_in_stop_nobody_who_is_signed_in_already():
    person, subject = desk.member(Role.AGENT), factories.account()
    client = desk.signed_in(person)
    desk.let_the_step_up_go_stale(client)
    for number in range(32):
        fail(Client(), f"guess{number}", times=1)

    code = desk.one_time_code(person)
    answer = desk.operate(client, subject, Operation.ISSUE_PHONE_CODE, one_time_code=code)

    assert answer.status_code == 200


def test_wrong_one_time_codes_make_the_source_wait():
    person = desk.member(Role.AGENT)
    client = desk.half_signed_in(person)
    for _ in range(9):
        Throttle.objects.update(retry_at=timezone.now() - timedelta(seconds=1))
        client.post(desk.CODE_PAGE, {"one_time_code": "000000"})

    response = client.post(desk.CODE_PAGE, {"one_time_code": desk.one_time_code(person)})

    assert response.context["refusal"].code == "too_many_attempts"
    assert desk.whoever(client) == ""


@pytest.mark.requirement("A30")
def test_a_stranger_cannot_flood_the_ledger():
    tried = 3 * SINGLY_A_MINUTE  # more than two minutes' worth: a minute may end in between
    for number in range(tried):
        Client().post(desk.LOGIN, {"name": f"guess{number}", "password": "wrong"})
    flush_tallies(now=timezone.now() + timedelta(minutes=2))

    refused = AuditEvent.objects.filter(operation=Operation.SIGN_IN, outcome=Outcome.REFUSED)
    assert refused.count() < tried
    assert sum(event.detail.get("count", 1) for event in refused) == tried
