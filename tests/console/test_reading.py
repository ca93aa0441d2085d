"""Whoever looks leaves a line: accounts, searches, and the ledger itself."""

from datetime import timedelta
from unittest.mock import patch

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from recovery import codes
from recovery.audit import linking
from recovery.enums import READ_OPERATIONS, CodeKind, Operation, Outcome, Role
from recovery.models import AuditEvent
from recovery.secret import MASK
from tests import factories
from tests.console import desk

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("P5")]


def lines(operation, outcome=Outcome.COMPLETED):
    return list(AuditEvent.objects.filter(operation=operation, outcome=outcome).order_by("pk"))


def details(operation):
    return [line.detail for line in lines(operation)]


def version_of(subject):
    return f"{desk.page_of(subject).removesuffix('change/')}history/{subject.history.first().pk}/"


def in_two_minutes():
    """Let the minute pass in which the same view is one event."""
    later = timezone.now() + timedelta(minutes=2)
    return patch("recovery.audit.reading.timezone.now", lambda: later)


@pytest.mark.parametrize(
    ("page", "address_of"),
    [
        ("account", desk.page_of),
        ("history", lambda subject: desk.page_of(subject).replace("change", "history")),
        ("version", version_of),
    ],
)
@pytest.mark.parametrize("method", ["get", "head"])
def test_opening_an_account_says_who_whom_and_what_of_it(person, client, page, address_of, method):
    subject = factories.account()
    factories.flag(subject)

    assert getattr(client, method)(address_of(subject)).status_code == 200

    [line] = lines(Operation.OPEN_ACCOUNT)
    assert (line.actor_id, line.subject_id) == (str(person.pk), str(subject.user_id))
    assert (line.verified_by, bool(line.session_digest)) == ("totp", True)
    assert line.detail == {"page": page}


def test_a_visit_is_one_line_a_minute_however_often_the_page_is_asked_for(client):
    subject = factories.account()
    desk.operate(client, subject, Operation.ISSUE_PHONE_CODE)
    client.get(desk.page_of(subject))
    assert len(lines(Operation.OPEN_ACCOUNT)) == 1

    with in_two_minutes():
        client.get(desk.page_of(subject))
    client.get(desk.page_of(factories.account()))
    desk.as_role(Role.AGENT).get(desk.page_of(subject))

    assert len(lines(Operation.OPEN_ACCOUNT)) == 4


def test_a_page_that_a_form_brings_back_was_opened_too(client):
    subject = factories.account()

    assert client.post(desk.target_of(subject, Operation.ISSUE_PHONE_CODE)).status_code == 422

    assert len(lines(Operation.OPEN_ACCOUNT)) == 1


def test_a_search_says_what_was_sought_how_narrowed_and_how_many_were_found(client):
    factories.account()

    client.get(f"{desk.ACCOUNTS}?q=no+such+person&codes=none&p=")
    client.get(desk.ACCOUNTS)

    narrow, everybody = details(Operation.SEARCH_ACCOUNTS)
    assert narrow == {"query": "no such person", "filters": {"codes": "none"}, "found": 0}
    assert everybody["query"] == ""
    assert everybody["found"] > 0


def test_the_same_search_is_one_line_and_another_is_another(client):
    many = [f"{desk.ACCOUNTS}?q=zoe", f"{desk.ACCOUNTS}?q=zoe&p=2", f"{desk.ACCOUNTS}?q=zo"]
    for address in many * 2:
        client.get(address, follow=True)

    assert [detail["query"] for detail in details(Operation.SEARCH_ACCOUNTS)] == ["zoe", "zo"]


@pytest.mark.requirement("A28")
def test_a_code_typed_into_the_wrong_field_is_not_on_the_ledger(client):
    code = "-".join(codes.groups(codes.generate(CodeKind.SAVED)))

    client.get(desk.ACCOUNTS, {"q": f"zoe {code}"})
    client.get(desk.LEDGER, {"subject_name": code})
    desk.take_out(client, desk.report_of(desk.ACCOUNTS), q=code)

    kept = " ".join(str(line.detail) for line in AuditEvent.objects.all())
    assert code not in kept
    assert kept.count(MASK) == 2  # no account has it: there was no file


def test_reading_and_narrowing_the_ledger_are_events(client):
    client.get(desk.LEDGER)
    client.get(f"{desk.LEDGER}?operation=sign_in")
    client.get(f"{desk.LEDGER}?operation=sign_in&before=20991231T000000.000000~1")

    assert details(Operation.READ_LEDGER) == [
        {"view": "timeline", "filters": {}},
        {"view": "timeline", "filters": {"operation": "sign_in"}},
    ]


def test_opening_an_event_says_which_and_where_it_stands(client):
    linking.settle(connection)
    event = AuditEvent.objects.select_related("entry").latest("pk")

    assert client.get(f"{desk.LEDGER}{event.pk}/change/").status_code == 200

    assert details(Operation.OPEN_EVENT) == [{"event": event.pk, "sequence": event.entry.sequence}]


@pytest.mark.parametrize("path", ["999999/change/", "abc/change/", "99999999999999999999/change/"])
def test_an_event_that_is_not_there_was_not_opened(client, path):
    client.get(f"{desk.LEDGER}{path}")

    assert lines(Operation.OPEN_EVENT) == []


@pytest.mark.requirement("A30")
@pytest.mark.parametrize(
    ("operation", "address_of"),
    [
        (Operation.READ_LEDGER, lambda _: desk.LEDGER),
        (
            Operation.OPEN_EVENT,
            lambda _: f"{desk.LEDGER}{AuditEvent.objects.latest('pk').pk}/change/",
        ),
        (Operation.SEARCH_ACCOUNTS, lambda _: desk.ACCOUNTS),
        (Operation.OPEN_ACCOUNT, desk.page_of),
    ],
)
def test_who_may_not_look_is_refused_and_recorded(operation, address_of):
    nobody, subject = desk.as_role(None), factories.account()

    assert nobody.get(address_of(subject)).status_code == 403

    [refused] = lines(operation, Outcome.REFUSED)
    assert refused.refusal == "permission_missing"
    assert lines(operation) == []
    about = str(subject.user_id) if operation is Operation.OPEN_ACCOUNT else ""
    assert refused.subject_id == about


@pytest.mark.requirement("A35")
@pytest.mark.parametrize(
    "address_of",
    [
        desk.page_of,
        lambda subject: desk.page_of(subject).replace("change", "history"),
        lambda _: desk.ACCOUNTS,
        lambda _: desk.LEDGER,
        lambda _: f"{desk.LEDGER}{AuditEvent.objects.latest('pk').pk}/change/",
    ],
)
def test_what_cannot_be_written_down_is_not_shown(client, address_of):
    address = address_of(factories.account())
    client.raise_request_exception = False

    with patch("recovery.audit.reading.append", side_effect=DatabaseError):
        response = client.get(address)

    assert response.status_code == 500


def test_who_looked_crowds_out_nothing_that_was_done(client):
    subject = factories.account()
    desk.operate(client, subject, Operation.REQUIRE_REENROLMENT)
    with in_two_minutes():
        opened = client.get(desk.page_of(subject)).context["card"]["events"]
        recent = client.get(desk.FRONT).context["recent"]

    looked = {operation.label for operation in READ_OPERATIONS}
    for shown in (opened, recent):
        assert [item["operation_label"] for item in shown] == ["Require re-enrolment"]
        assert not looked & {item["operation_label"] for item in shown}
