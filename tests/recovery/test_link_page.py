"""Where a recovery link leads: looking uses nothing up, and nothing tells a stranger anything."""

import re

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from recovery import actions, tasks
from recovery.enums import LinkState, Role
from recovery.models import AuditEvent, RecoveryLink
from tests.factories import account, fresh, grounds, last_event, open_link, staff
from tests.holder.visitor import PASSWORD, set_password

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("W1")]


def page(token):
    return reverse("recovery:link", args=[token.reveal() if hasattr(token, "reveal") else token])


def words(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


@pytest.mark.parametrize("method", ["get", "head"])
def test_looking_uses_nothing_up(client, method):
    link, token = open_link(account())

    for _ in range(3):
        assert getattr(client, method)(page(token)).status_code == 200

    assert fresh(link).state == LinkState.LIVE
    assert not AuditEvent.objects.exists()


def test_posting_uses_it_up_once(client):
    owner = account()
    set_password(owner.user, PASSWORD)
    link, token = open_link(owner)

    first, second = (client.post(page(token), {"password": PASSWORD}) for _ in range(2))

    assert (first.status_code, second.status_code) == (302, 410)
    assert fresh(link).state == LinkState.USED
    assert last_event().refusal == "link_replayed"


def test_posting_needs_the_form_of_the_page():
    link, token = open_link(account())

    response = Client(enforce_csrf_checks=True).post(page(token))

    assert response.status_code == 403
    assert fresh(link).state == LinkState.LIVE


@pytest.mark.parametrize("method", ["put", "patch", "delete", "trace"])
def test_nothing_else_is_answered(client, method):
    link, token = open_link(account())

    assert getattr(client, method)(page(token)).status_code == 405
    assert fresh(link).state == LinkState.LIVE


def test_it_signs_nobody_in(client):
    _, token = open_link(account())

    response = client.post(page(token))

    assert not response.wsgi_request.user.is_authenticated
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("method", ["get", "head", "post"])
@pytest.mark.parametrize("known", [True, False], ids=["live", "made up"])
def test_it_is_kept_nowhere_and_tells_no_other_site(client, method, known):
    _, token = open_link(account())

    response = getattr(client, method)(page(token if known else "made-up"))

    assert "no-store" in response["Cache-Control"]
    assert response["Referrer-Policy"] == "no-referrer"
    assert response["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("method", ["get", "post"])
def test_made_up_used_and_expired_links_are_answered_alike(client, method):
    _, used = open_link(account())
    actions.open_recovery_link(token=used)
    expired_link, expired = open_link(account())
    RecoveryLink.objects.filter(pk=expired_link.pk).update(expires_at=timezone.now())

    answers = [
        getattr(client, method)(page(token)) for token in ("made-up", "x" * 2000, used, expired)
    ]

    assert {answer.status_code for answer in answers} == {410}
    assert len({words(answer) for answer in answers}) == 1


@pytest.mark.requirement("N7")
def test_the_page_does_not_repeat_the_token(client):
    _, token = open_link(account())

    for response in (client.get(page(token)), client.post(page(token))):
        assert token.reveal() not in response.content.decode()


QUIET = {"origin": "null", "sec-fetch-site": "same-origin"}
"""What a browser says on a POST from a page that gives no referrer."""


@pytest.mark.parametrize(
    ("headers", "answer"),
    [
        (QUIET, 422),
        (QUIET | {"sec-fetch-site": "cross-site"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "https://elsewhere.example.org"}, 403),
    ],
    ids=["our own page", "another site", "an old browser", "another origin"],
)
def test_a_page_without_referrer_can_still_be_posted_from(headers, answer):
    _, token = open_link(account())
    strict = Client(enforce_csrf_checks=True)
    form_token = strict.get(page(token)).context["csrf_token"]

    posted = {"csrfmiddlewaretoken": str(form_token)}

    assert strict.post(page(token), posted, headers=headers).status_code == answer


def test_the_host_header_never_comes_into_a_mail(client, settings):
    settings.ALLOWED_HOSTS = ["*"]
    settings.RECOVERY_BASE_URL = "https://desk.example.org"
    actions.send_recovery_link(actor=staff(Role.LEAD), subject=account(), grounds=grounds())
    client.get("/account/link/made-up/", headers={"host": "evil.example.net"})

    tasks.deliver_due()

    written = "".join(message.body + message.alternatives[0].content for message in mail.outbox)
    assert "https://desk.example.org/account/link/" in written
    assert "evil.example.net" not in written
