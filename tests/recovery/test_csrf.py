"""A form that came from no page of ours is refused, and on the ledger (ASVS 16.3.3)."""

from unittest.mock import patch

import pytest
from django.test import Client, RequestFactory
from django.urls import NoReverseMatch, resolve, reverse
from django.utils import timezone

from recovery import csrf
from recovery.audit.tallies import SINGLY_A_MINUTE
from recovery.enums import Operation, Outcome
from recovery.models import AuditEvent, FailureTally
from tests import factories
from tests.console import desk

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("A31")]


def forged(path, times=1):
    """Send a form without the token of any page; return what is on the ledger of it."""
    client = Client(enforce_csrf_checks=True, REMOTE_ADDR=desk.ELSEWHERE)
    for _ in range(times):
        assert client.post(path, {"name": "x"}).status_code == 403
    return list(AuditEvent.objects.filter(refusal="form_invalid"))


@pytest.mark.parametrize(
    ("view", "arguments", "operation"),
    [
        ("admin:login", (), Operation.SIGN_IN),
        ("admin:logout", (), Operation.SIGN_OUT),
        ("admin:recovery_account_operation", (1, "issue_phone_code"), Operation.ISSUE_PHONE_CODE),
        ("admin:recovery_account_operation", (1, "made_up"), Operation.SIGN_IN),
        ("recovery:sign_in", (), Operation.HOLDER_SIGN_IN),
        ("recovery:freeze", (), Operation.FREEZE_RECOVERY),
        ("recovery:link", ("made-up",), Operation.OPEN_RECOVERY_LINK),
        ("recovery:veto", ("made-up",), Operation.VETO),
    ],
)
def test_a_form_from_elsewhere_is_recorded_as_what_it_would_have_done(view, arguments, operation):
    [event] = forged(reverse(view, args=arguments))

    assert (event.operation, event.outcome) == (operation, Outcome.REFUSED)
    assert event.source_address == desk.ELSEWHERE


def test_nobody_is_named_for_a_form_that_may_have_been_forged_in_their_session():
    person = desk.member()
    client = desk.signed_in(person)
    forging = Client(enforce_csrf_checks=True)
    forging.cookies = client.cookies

    assert forging.post(reverse("admin:logout")).status_code == 403

    assert factories.last_event().refusal == "form_invalid"
    assert factories.last_event().actor_id == ""


def test_a_flood_of_them_is_counted():
    now = timezone.now()
    with patch("recovery.audit.tallies.timezone.now", lambda: now):
        singly = forged(reverse("admin:login"), times=SINGLY_A_MINUTE + 3)

    assert len(singly) == SINGLY_A_MINUTE
    assert FailureTally.objects.get().count == SINGLY_A_MINUTE + 3


def test_a_page_of_the_host_project_is_its_own_affair():
    request = RequestFactory().post("/somewhere/")
    request.resolver_match = None

    assert csrf.failed(request).status_code == 403
    assert not AuditEvent.objects.filter(refusal="form_invalid").exists()


@pytest.mark.parametrize("view", csrf.MEANT)
def test_each_page_that_is_named_is_there(view):
    for arguments in ((), ("1",)):
        try:
            path = reverse(view, args=arguments)
        except NoReverseMatch:
            continue
        assert resolve(path).view_name == view
        return
    pytest.fail(f"{view} is no page")
