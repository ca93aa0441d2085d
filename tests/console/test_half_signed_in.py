"""Between the two pages nobody is signed in."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from console import staff_session
from recovery.enums import Role
from recovery.models import Account
from tests.console import desk

pytestmark = pytest.mark.django_db


def test_a_right_password_leads_to_the_second_page_and_signs_nobody_in():
    client = Client()

    response = desk.give_password(client, desk.member(Role.AGENT))

    assert response.headers["Location"] == desk.CODE_PAGE
    assert response.wsgi_request.user.is_anonymous
    assert client.get(desk.CODE_PAGE).wsgi_request.user.is_anonymous
    assert desk.whoever(client) == ""


@pytest.mark.parametrize("page", ["/console/", desk.ACCOUNTS, desk.LEDGER, "/console/jsi18n/"])
def test_half_signed_in_is_not_signed_in(page):
    client = desk.half_signed_in(desk.member(Role.LEAD))

    response = client.get(page)

    assert response.status_code == 302
    assert response.headers["Location"].startswith(desk.LOGIN)
    assert response.wsgi_request.user.is_anonymous


def after_six_minutes(client, person):
    session = client.session
    half = dict(session[staff_session.HALF_KEY])
    half["at"] = (timezone.now() - timedelta(minutes=6)).isoformat()
    session[staff_session.HALF_KEY] = half
    session.save()


def with_another_password(client, person):
    person.set_password("another long password 2")
    person.save()


def with_ended_sessions(client, person):
    Account.objects.filter(user=person).update(session_generation=7)


def deactivated(client, person):
    person.is_active = False
    person.save()


def no_longer_staff(client, person):
    person.is_staff = False
    person.save()


def deleted(client, person):
    person.delete()


@pytest.mark.parametrize(
    "change",
    [
        after_six_minutes,
        with_another_password,
        with_ended_sessions,
        deactivated,
        no_longer_staff,
        deleted,
    ],
)
def test_half_signed_in_is_looked_at_afresh_on_the_second_page(change):
    person = desk.member(Role.AGENT)
    client, code = desk.half_signed_in(person), desk.one_time_code(person)

    change(client, person)
    response = client.post(desk.CODE_PAGE, {"one_time_code": code})

    assert response.headers["Location"] == desk.LOGIN
    assert client.get(desk.FRONT).status_code == 302


def test_the_session_has_a_new_key_at_each_stage():
    person, client = desk.member(Role.AGENT), Client()
    client.session.save()
    keys = [client.session.session_key]

    desk.give_password(client, person)
    keys.append(client.session.session_key)
    client.post(desk.CODE_PAGE, {"one_time_code": desk.one_time_code(person)})
    keys.append(client.session.session_key)

    assert len(set(keys)) == 3
