"""Each form is one agent's, for one operation on one account, and is used once."""

import pytest
from django.core import signing
from django.test import Client

from console import forms
from recovery.enums import (
    Operation,
    Role,
)
from recovery.models import BackupCodeSet
from tests import factories
from tests.console import desk

pytestmark = pytest.mark.django_db


def test_a_form_that_is_handed_back_can_be_sent_once_completed(client):
    subject = factories.account()
    back = desk.operate(client, subject, Operation.ISSUE_PHONE_CODE, reason="")

    values = {"reason": "Lost", "proofing": "call_back", "form_mark": desk.form_mark(back)}
    response = client.post(desk.target_of(subject, Operation.ISSUE_PHONE_CODE), values)

    assert response.status_code == 200


def tampered(client, subject, person):
    return "forged:mark"


def of_another_operation(client, subject, person):
    return desk.form_mark(client.get(desk.dialog_of(subject, Operation.REGENERATE_BACKUP_CODES)))


def of_another_account(client, subject, person):
    page = desk.dialog_of(factories.account(), Operation.ISSUE_PHONE_CODE)
    return desk.form_mark(client.get(page))


def of_another_agent(client, subject, person):
    other = desk.as_role(Role.AGENT)
    return desk.form_mark(other.get(desk.dialog_of(subject, Operation.ISSUE_PHONE_CODE)))


def too_old(client, subject, person):
    signer = signing.TimestampSigner(salt=forms.SALT)
    whose = [Operation.ISSUE_PHONE_CODE.value, str(subject.pk), str(person.pk), "mark"]
    signer.timestamp = lambda: signing.b62_encode(1_700_000_000)
    return signer.sign_object(whose)


@pytest.mark.requirement("A30")
@pytest.mark.parametrize(
    "mark", [tampered, of_another_operation, of_another_account, of_another_agent, too_old]
)
def test_a_form_that_is_not_this_agents_own_does_nothing_and_is_recorded(client, person, mark):
    subject = factories.account()
    foreign = mark(client, subject, person)

    response = desk.operate(client, subject, Operation.ISSUE_PHONE_CODE, form_mark=foreign)

    assert response.status_code == 409
    assert desk.refusal_on(response) == "form_invalid"
    assert not BackupCodeSet.objects.exists()
    event = factories.last_event()
    assert (event.operation, event.refusal) == (Operation.ISSUE_PHONE_CODE, "form_invalid")
    assert event.subject_id == str(subject.user_id)


def test_the_mark_of_a_form_that_is_not_too_old_is_made_as_ours_are(client, person):
    """Otherwise the test above would refuse for another reason than age."""
    subject = factories.account()
    whose = [Operation.ISSUE_PHONE_CODE.value, str(subject.pk), str(person.pk), "mark"]
    mark = signing.TimestampSigner(salt=forms.SALT).sign_object(whose)

    response = desk.operate(client, subject, Operation.ISSUE_PHONE_CODE, form_mark=mark)

    assert response.status_code == 200


@pytest.mark.parametrize("operation", desk.SHOWS_CODES, ids=str)
def test_the_same_form_sent_twice_makes_no_second_set(client, operation):
    subject = factories.account()
    values = desk.filled(client, subject, operation)
    client.post(desk.target_of(subject, operation), values)
    before = factories.snapshot()

    response = client.post(desk.target_of(subject, operation), values)

    assert response.status_code == 409
    assert "Already shown" in desk.text(response)
    assert factories.snapshot() == before
    assert factories.last_event().refusal == "form_already_used"


def test_any_other_form_sent_twice_says_so_in_its_dialog(client):
    subject = factories.account()
    values = desk.filled(client, subject, Operation.REQUIRE_REENROLMENT, due="7")
    client.post(desk.target_of(subject, Operation.REQUIRE_REENROLMENT), values)

    response = client.post(
        desk.target_of(subject, Operation.REQUIRE_REENROLMENT), values | {"due": "1"}
    )

    assert desk.refusal_on(response) == "form_already_used"


def test_an_operation_needs_a_csrf_token(person):
    signed = desk.signed_in(person)
    subject = factories.account()
    values = desk.filled(signed, subject, Operation.ISSUE_PHONE_CODE)
    client = Client(enforce_csrf_checks=True)
    client.cookies = signed.cookies

    response = client.post(desk.target_of(subject, Operation.ISSUE_PHONE_CODE), values)

    assert response.status_code == 403
    assert not BackupCodeSet.objects.exists()
