"""Two plain pages: what they tell nobody, whom they keep out, and what they record."""

import re
from unittest.mock import patch

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from console import staff_session
from recovery.enums import AuthenticatorKind, Operation, Outcome, Role
from recovery.models import BackupCode, TotpAuthenticator
from tests import factories
from tests.console import desk

pytestmark = pytest.mark.django_db


def with_password(**fields):
    person = factories.user(**fields)
    person.set_password(desk.PASSWORD)
    person.save()
    return person


def nobody():
    return "nobody@example.org", desk.PASSWORD


def staff_with_a_wrong_password():
    return desk.member(Role.AGENT).get_username(), "wrong"


def holder_with_the_right_password():
    return with_password().get_username(), desk.PASSWORD


def holder_with_a_wrong_password():
    return with_password().get_username(), "wrong"


def holder_without_a_password():
    return factories.user().get_username(), "wrong"


def deactivated_staff_with_the_right_password():
    return with_password(is_staff=True, is_active=False).get_username(), desk.PASSWORD


KEPT_OUT = [
    nobody,
    staff_with_a_wrong_password,
    holder_with_the_right_password,
    holder_with_a_wrong_password,
    holder_without_a_password,
    deactivated_staff_with_the_right_password,
]


def attempt(name, password, *, source):
    """Try from a source of its own; return the answer, its statements and its count of hashes."""
    client = Client(REMOTE_ADDR=source)
    hashing = patch.object(
        MD5PasswordHasher, "encode", autospec=True, side_effect=MD5PasswordHasher.encode
    )
    with (
        CaptureQueriesContext(
            connection,
        ) as ran,
        hashing as encode,
    ):
        response = client.post(desk.LOGIN, {"name": name, "password": password})
    return response, [shape(query["sql"]) for query in ran], encode.call_count


def shape(sql):
    """Reduce a statement to what it does, without its values."""
    words = re.sub(r"'[^']*'|\b\d[\d.:+-]*\b|\"s\d+_x\d+\"", "?", sql)
    return " ".join(words.split())[:60]


def words(response):
    """Return the page without what differs from visit to visit, and without the typed name."""
    page = re.sub(
        r'(name="csrfmiddlewaretoken"|name="name") value="[^"]*"', "", desk.text(response)
    )
    return re.sub(r'nonce="[^"]*"|value="[^"]*@example.org"', "", page)


@pytest.mark.parametrize("who", KEPT_OUT, ids=lambda who: who.__name__)
def test_everybody_who_is_kept_out_gets_the_same_answer(who):
    expected, statements, hashes = attempt(*nobody(), source="192.0.2.1")

    response, ran, hashed = attempt(*who(), source="192.0.2.2")

    assert response.status_code == expected.status_code == 422
    assert words(response) == words(expected)
    assert ran == statements
    assert hashed == hashes == 1


def test_a_password_is_never_written_back_into_the_page():
    response = Client().post(desk.LOGIN, {"name": "somebody", "password": "a-very-own-word"})

    assert "a-very-own-word" not in desk.text(response)


def test_both_pages_together_sign_in():
    client = desk.as_role(Role.AGENT)

    assert client.get(desk.FRONT).status_code == 200


@pytest.mark.requirement("A28")
def test_a_backup_code_opens_nothing_and_is_not_used_up():
    person = desk.member(Role.AGENT)
    code_set, codes = factories.saved_codes(person.recovery_account)
    client = desk.half_signed_in(person)

    response = client.post(desk.CODE_PAGE, {"one_time_code": codes[0]})

    assert response.status_code == 422
    assert response.context["refusal"].code == "code_gives_no_power"
    assert codes[0] not in desk.text(response)
    assert desk.whoever(client) == ""
    assert BackupCode.objects.filter(set=code_set, used_at=None).count() == len(codes)
    assert factories.last_event().refusal == "code_gives_no_power"


def test_a_one_time_code_is_never_written_back_into_the_page():
    client = desk.half_signed_in(desk.member(Role.AGENT))

    response = client.post(desk.CODE_PAGE, {"one_time_code": "918273"})

    assert response.status_code == 422
    assert "918273" not in desk.text(response)


def test_a_one_time_code_is_taken_once():
    person = desk.member(Role.AGENT)
    client, code = desk.half_signed_in(person), desk.one_time_code(person)
    client.post(desk.CODE_PAGE, {"one_time_code": code})

    other = desk.half_signed_in(person)
    response = other.post(desk.CODE_PAGE, {"one_time_code": code})

    assert response.status_code == 422
    assert desk.whoever(other) == ""


def test_somebody_elses_one_time_code_is_not_taken():
    client, other = desk.half_signed_in(desk.member(Role.AGENT)), desk.member(Role.AGENT)

    response = client.post(desk.CODE_PAGE, {"one_time_code": desk.one_time_code(other)})

    assert response.status_code == 422
    assert desk.whoever(client) == ""


def test_a_revoked_authenticator_signs_nobody_in():
    person = desk.member(Role.AGENT)
    client, code = desk.half_signed_in(person), desk.one_time_code(person)
    TotpAuthenticator.objects.filter(user=person).update(
        confirmed=False, revoked_at=timezone.now(), revoked_because="revoked"
    )

    assert client.post(desk.CODE_PAGE, {"one_time_code": code}).status_code == 422


@pytest.mark.parametrize(
    "onward",
    [
        "https://evil.example/",
        "//evil.example/console/",
        "/\\evil.example",
        "javascript:alert(1)",
        "http://testserver.evil.example/console/",
        "/account/link/x/",
        "console/",
    ],
)
def test_next_stays_in_the_console(onward):
    person, client = desk.member(Role.AGENT), Client()

    first = desk.give_password(client, person, next=onward)
    values = {"one_time_code": desk.one_time_code(person), "next": onward}
    second = client.post(desk.CODE_PAGE, values)

    assert first.headers["Location"] == desk.CODE_PAGE
    assert second.headers["Location"] == desk.FRONT


def test_next_is_kept_from_the_first_refused_page_to_the_end():
    person, client = desk.member(Role.AGENT), Client()
    sent = client.get(f"{desk.ACCOUNTS}?codes=none").headers["Location"]

    first = client.post(sent, {"name": person.get_username(), "password": desk.PASSWORD})
    code = desk.one_time_code(person)
    second = client.post(first.headers["Location"], {"one_time_code": code})

    assert second.headers["Location"] == f"{desk.ACCOUNTS}?codes=none"


@pytest.mark.requirement("N1")
@pytest.mark.requirement("A25")
def test_a_sign_in_says_who_from_where_and_by_what():
    person = desk.member(Role.AGENT)
    client = desk.signed_in(person, REMOTE_ADDR=desk.ELSEWHERE, HTTP_USER_AGENT="Firefox")

    event = factories.last_event(operation=Operation.SIGN_IN)

    assert event.outcome == Outcome.COMPLETED
    assert (event.actor_id, event.actor_name) == (str(person.pk), person.get_username())
    assert (event.source_address, event.user_agent) == (desk.ELSEWHERE, "Firefox")
    assert event.verified_by == AuthenticatorKind.TOTP
    assert event.authenticator == TotpAuthenticator.objects.get(user=person).persistent_id
    assert event.session_digest == staff_session.digest(client.get(desk.FRONT).wsgi_request)


@pytest.mark.requirement("A30")
def test_a_refused_password_is_recorded_about_the_person_and_by_nobody():
    person = desk.member(Role.AGENT)

    desk.give_password(Client(REMOTE_ADDR=desk.ELSEWHERE), person, password="wrong")

    event = factories.last_event()
    assert (event.operation, event.outcome) == (Operation.SIGN_IN, Outcome.REFUSED)
    assert (event.refusal, event.actor_id) == ("wrong_password", "")
    assert (event.subject_id, event.source_address) == (str(person.pk), desk.ELSEWHERE)


@pytest.mark.requirement("A30")
def test_a_name_that_does_not_exist_is_not_written_down():
    """People type their password into the wrong field."""
    Client().post(desk.LOGIN, {"name": "my-own-password", "password": "wrong"})

    event = factories.last_event()
    assert event.refusal == "wrong_password"
    assert "my-own-password" not in str(vars(event))


@pytest.mark.requirement("A30")
def test_a_refused_one_time_code_is_recorded():
    person = desk.member(Role.AGENT)

    desk.half_signed_in(person).post(desk.CODE_PAGE, {"one_time_code": "000000"})

    event = factories.last_event()
    assert (event.operation, event.refusal) == (Operation.SIGN_IN, "wrong_code")
    assert event.actor_id == str(person.pk)


def test_signing_out_ends_the_session_and_is_recorded():
    client = desk.as_role(Role.AGENT)

    client.post("/console/logout/")

    assert client.get(desk.FRONT).status_code == 302
    assert factories.last_event().operation == Operation.SIGN_OUT


def test_who_is_signed_in_does_not_see_the_sign_in_page():
    assert desk.as_role(Role.AGENT).get(desk.LOGIN).headers["Location"] == desk.FRONT


@pytest.mark.parametrize("name", ["", "\0", "a" * 300, "a\nb", "' OR 1=1 --", "Ünïcode…"])
def test_no_name_breaks_the_page(name):
    response = Client().post(desk.LOGIN, {"name": name, "password": "wrong"})

    assert response.status_code == 422


@pytest.mark.parametrize(
    "code", ["", "\0", "1" * 5000, "１２３４５６", "12 34 56", "abcdef", "-12345"]
)
def test_no_one_time_code_breaks_the_page(code):
    client = desk.half_signed_in(desk.member(Role.AGENT))

    assert client.post(desk.CODE_PAGE, {"one_time_code": code}).status_code == 422


@pytest.mark.parametrize(
    "page", [desk.LOGIN, desk.CODE_PAGE, "/console/logout/", desk.report_of(desk.ACCOUNTS)]
)
def test_nothing_is_posted_without_a_csrf_token(page):
    client = Client(enforce_csrf_checks=True)
    person = desk.member(Role.LEAD)
    client.cookies = (
        desk.half_signed_in(person) if page == desk.CODE_PAGE else desk.signed_in(person)
    ).cookies
    values = {"name": person.get_username(), "password": desk.PASSWORD, "format": "csv"}

    response = client.post(page, values | {"one_time_code": desk.one_time_code(person)})

    assert response.status_code == 403
