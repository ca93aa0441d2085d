"""A fresh one-time code before an operation: asked in place, proven by no redirect."""

import re
from datetime import timedelta

import pytest

from recovery.enums import (
    DESK_OPERATIONS,
    CodeKind,
    Operation,
    Outcome,
)
from recovery.models import AuditEvent, BackupCodeSet, Throttle
from tests import factories
from tests.console import desk

pytestmark = pytest.mark.django_db


def test_a_refused_dialog_can_be_sent_again_as_it_stands(client, person):
    subject = factories.account()
    desk.let_the_step_up_go_stale(client)
    refused = desk.operate(client, subject, Operation.ISSUE_PHONE_CODE, one_time_code="000000")

    again = {
        "reason": "Lost the phone",
        "ticket": "HD-1",
        "proofing": "call_back",
        "form_mark": desk.form_mark(refused),
        "one_time_code": desk.one_time_code(person),
    }
    Throttle.objects.all().delete()
    response = client.post(desk.target_of(subject, Operation.ISSUE_PHONE_CODE), again)

    assert response.status_code == 200
    assert BackupCodeSet.objects.filter(kind=CodeKind.PHONE).count() == 1


def test_a_fresh_one_time_code_is_not_asked_for_again(client):
    page = desk.text(client.get(desk.dialog_of(factories.account(), Operation.ISSUE_PHONE_CODE)))

    assert 'name="one_time_code"' not in page


@pytest.mark.parametrize("operation", DESK_OPERATIONS, ids=str)
def test_a_stale_step_up_is_asked_for_in_the_dialog(client, person, operation):
    subject = desk.subject_of(operation)
    desk.let_the_step_up_go_stale(client)
    page = desk.text(client.get(desk.dialog_of(subject, operation)))

    response = desk.operate(client, subject, operation, one_time_code=desk.one_time_code(person))

    assert 'name="one_time_code"' in page
    assert response.status_code in {200, 302}
    assert AuditEvent.objects.filter(operation=Operation.STEP_UP, outcome="completed").exists()
    assert factories.last_event(operation=operation).outcome == Outcome.COMPLETED


def test_a_step_up_lasts_for_the_next_dialog(client, person):
    subject = factories.account()
    desk.let_the_step_up_go_stale(client)
    code = desk.one_time_code(person)
    desk.operate(client, subject, Operation.ISSUE_PHONE_CODE, one_time_code=code)

    response = desk.operate(client, subject, Operation.REGENERATE_BACKUP_CODES)

    assert response.status_code == 200


def test_a_dialog_that_grew_stale_while_open_asks_for_the_code_and_keeps_the_form(client):
    subject = factories.account()
    values = desk.filled(client, subject, Operation.ISSUE_PHONE_CODE)
    desk.let_the_step_up_go_stale(client)

    response = client.post(desk.target_of(subject, Operation.ISSUE_PHONE_CODE), values)

    assert response.status_code == 409
    assert 'name="one_time_code"' in desk.text(response)
    assert desk.still_filled(response)
    assert not BackupCodeSet.objects.exists()


@pytest.mark.requirement("A30")
@pytest.mark.parametrize("typed", ["", "  "])
@pytest.mark.parametrize("operation", DESK_OPERATIONS, ids=str)
def test_a_one_time_code_that_is_due_and_missing_is_refused_and_recorded(
    client, person, operation, typed
):
    subject = desk.subject_of(operation)
    desk.let_the_step_up_go_stale(client)
    values = desk.filled(client, subject, operation, one_time_code=typed)
    before = factories.snapshot()

    response = client.post(desk.target_of(subject, operation), values)

    assert desk.refusal_on(response) == "step_up_required"
    assert desk.still_filled(response)
    assert factories.snapshot() == before
    event = factories.last_event()
    assert (event.operation, event.refusal) == (operation, "step_up_required")
    assert (event.actor_id, event.ticket) == (str(person.pk), "HD-1")


def test_a_code_that_is_due_is_said_to_be_so_by_the_setting(client, settings):
    settings.RECOVERY_STEP_UP_MAX_AGE = timedelta(minutes=2)
    desk.let_the_step_up_go_stale(client)

    page = desk.text(client.get(desk.dialog_of(factories.account(), Operation.ISSUE_PHONE_CODE)))

    assert "Your last one is more than 2 minutes old." in page


def test_the_field_of_a_code_that_is_due_says_that_it_is_needed(client):
    desk.let_the_step_up_go_stale(client)
    page = desk.text(client.get(desk.dialog_of(factories.account(), Operation.ISSUE_PHONE_CODE)))

    assert re.search(r'<input[^>]*name="one_time_code"[^>]* required', page)


@pytest.mark.requirement("A30")
@pytest.mark.parametrize("typed", ["000000", "abc", "１２３４５６"])
def test_a_wrong_one_time_code_keeps_the_form_and_is_recorded(client, person, typed):
    subject = factories.account()
    desk.let_the_step_up_go_stale(client)

    response = desk.operate(client, subject, Operation.ISSUE_PHONE_CODE, one_time_code=typed)

    assert response.status_code == 409
    assert desk.refusal_on(response) == "wrong_code"
    assert desk.still_filled(response)
    assert typed not in desk.text(response)
    assert not BackupCodeSet.objects.exists()
    event = factories.last_event()
    assert (event.operation, event.refusal) == (Operation.STEP_UP, "wrong_code")
    assert event.actor_id == str(person.pk)


def test_a_backup_code_is_no_step_up_and_is_not_used_up(client, person):
    code_set, codes = factories.saved_codes(person.recovery_account)
    subject = factories.account()
    desk.let_the_step_up_go_stale(client)

    response = desk.operate(client, subject, Operation.ISSUE_PHONE_CODE, one_time_code=codes[0])

    assert desk.refusal_on(response) == "code_gives_no_power"
    assert codes[0] not in desk.text(response)
    assert code_set.codes.filter(used_at=None).count() == 10


def test_a_used_one_time_code_is_no_step_up(client, person):
    subject = factories.account()
    desk.let_the_step_up_go_stale(client)
    code = desk.one_time_code(person)
    desk.operate(client, subject, Operation.ISSUE_PHONE_CODE, one_time_code=code)
    desk.let_the_step_up_go_stale(client)

    response = desk.operate(client, subject, Operation.ISSUE_PHONE_CODE, one_time_code=code)

    assert desk.refusal_on(response) == "wrong_code"


def test_the_step_up_is_done_by_no_redirect(client, person):
    """A GET with a code in it proves nothing and does nothing."""
    subject = factories.account()
    desk.let_the_step_up_go_stale(client)

    client.get(
        desk.dialog_of(subject, Operation.ISSUE_PHONE_CODE),
        {"one_time_code": desk.one_time_code(person)},
    )

    assert 'name="one_time_code"' in desk.text(
        client.get(desk.dialog_of(subject, Operation.ISSUE_PHONE_CODE))
    )
