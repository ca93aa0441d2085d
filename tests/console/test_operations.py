"""Each operation through its dialog: done, or refused in place with all that was typed."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django_otp.plugins.otp_totp.models import TOTPDevice

from recovery.enums import (
    DESK_OPERATIONS,
    STAFF_OPERATIONS,
    LinkState,
    Operation,
    Outcome,
    Role,
)
from recovery.models import AuditEvent, BackupCodeSet, RecoveryLink
from tests import factories
from tests.console import desk

pytestmark = pytest.mark.django_db

OPERATIONS = [*DESK_OPERATIONS, *STAFF_OPERATIONS]


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_an_operation_is_done_through_its_dialog_and_recorded(client, person, operation):
    subject = desk.subject_of(operation)

    response = desk.operate(client, subject, operation)

    assert response.status_code == (200 if operation in desk.SHOWS_CODES else 302)
    event = factories.last_event(operation=operation)
    assert (event.outcome, event.actor_id) == (Outcome.COMPLETED, str(person.pk))
    assert event.subject_id == str(subject.user_id)
    assert (event.reason, event.ticket, event.proofing) == ("Lost the phone", "HD-1", "call_back")


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_afterwards_the_account_says_that_it_is_done(client, operation):
    subject = desk.subject_of(operation)
    response = desk.operate(client, subject, operation)

    if operation not in desk.SHOWS_CODES:
        assert response.headers["Location"] == desk.page_of(subject)
    page = desk.text(client.get(desk.page_of(subject)))

    assert str(operation.label) in page


@pytest.mark.parametrize(
    ("operation", "setting"),
    [
        (Operation.ISSUE_PHONE_CODE, "PHONE_CODE_LIFETIME"),
        (Operation.SEND_RECOVERY_LINK, "LINK_LIFETIME"),
    ],
)
def test_a_dialog_says_how_long_by_the_settings(client, settings, operation, setting):
    setattr(settings, f"RECOVERY_{setting}", timedelta(minutes=8))

    opened = client.get(desk.dialog_of(factories.account(), operation))

    assert "8 minutes" in str(opened.context["card"]["dialog"]["description"])


def test_an_invitation_is_promised_to_nobody_who_has_no_use_for_one(client):
    subject = desk.subject_of(Operation.INVITE_STAFF)
    words = desk.text(client.get(desk.dialog_of(subject, Operation.INVITE_STAFF)))
    desk.operate(client, subject, Operation.INVITE_STAFF)

    said = words + desk.text(client.get(desk.page_of(subject)))

    assert not RecoveryLink.objects.exists()
    assert "Whoever never had an authenticator is mailed an invitation" in said
    assert "and an invitation by mail" not in said
    assert "The invitation is queued." not in said


def test_regenerating_ends_the_old_set(client):
    subject = factories.account()
    old, _ = factories.saved_codes(subject)

    desk.operate(client, subject, Operation.REGENERATE_BACKUP_CODES)

    assert not factories.fresh(old).confirmed
    assert factories.fresh(subject).backup_codes_left == 10


def test_a_link_goes_to_the_address_that_was_chosen(client):
    subject = factories.account(addresses=("first@example.org",))
    second = factories.address(subject, "second@example.org")

    desk.operate(client, subject, Operation.SEND_RECOVERY_LINK, address=str(second.pk))

    assert RecoveryLink.objects.get(account=subject).address == second


def test_a_link_cannot_be_sent_to_an_address_that_is_too_young(client):
    subject = factories.account()
    young = factories.address(subject, "young@example.org", days=2)

    response = desk.operate(client, subject, Operation.SEND_RECOVERY_LINK, address=str(young.pk))

    assert response.status_code == 422
    assert not RecoveryLink.objects.exists()


def test_a_link_cannot_be_sent_to_somebody_elses_address(client):
    other = factories.account(addresses=("other@example.org",)).addresses.get()

    response = desk.operate(
        client, factories.account(), Operation.SEND_RECOVERY_LINK, address=str(other.pk)
    )

    assert response.status_code == 422
    assert not RecoveryLink.objects.exists()


def test_without_an_address_a_link_is_refused_with_what_to_do_instead(client):
    subject = factories.account(addresses=())

    values = desk.filled(client, subject, Operation.REQUIRE_REENROLMENT, address="")
    mark = desk.form_mark(client.get(desk.dialog_of(subject, Operation.SEND_RECOVERY_LINK)))
    response = client.post(
        desk.target_of(subject, Operation.SEND_RECOVERY_LINK), values | {"form_mark": mark}
    )

    assert desk.refusal_on(response) == "no_suitable_address"
    assert "phone code" in desk.text(response)


def report_lost(client, subject, device):
    operation = Operation.REPORT_AUTHENTICATOR_LOST
    return desk.operate(client, subject, operation, authenticator=device.persistent_id)


def test_one_named_authenticator_can_be_reported_and_the_other_stays(client):
    subject = factories.account()
    lost, kept = factories.app(subject), factories.app(subject)

    report_lost(client, subject, lost)

    assert not factories.fresh(lost).confirmed
    assert factories.fresh(kept).confirmed


@pytest.mark.requirement("N17")
def test_so_can_one_that_the_host_project_bound(client):
    subject = factories.account()
    kept = factories.app(subject)
    lost = TOTPDevice.objects.create(user=subject.user, name="Old phone")
    dialog = client.get(desk.dialog_of(subject, Operation.REPORT_AUTHENTICATOR_LOST))
    assert "Old phone (TOTP device)" in desk.text(dialog)

    report_lost(client, subject, lost)

    assert not factories.fresh(lost).confirmed
    assert factories.fresh(kept).confirmed


REFUSED = {
    "subject_outranks_actor": lambda _: desk.member(Role.LEAD).recovery_account,
    "subject_is_superuser": lambda _: desk.member(is_superuser=True).recovery_account,
    "actor_is_subject": lambda person: person.recovery_account,
    "account_frozen": lambda _: factories.account(frozen_at=desk.in_an_hour()),
    "subject_inactive": lambda _: inactive(),
}


def inactive():
    subject = factories.account()
    subject.user.is_active = False
    subject.user.save()
    return subject


@pytest.mark.requirement("A30")
@pytest.mark.parametrize("refusal", REFUSED)
@pytest.mark.parametrize("operation", desk.SHOWS_CODES, ids=str)
def test_a_refusal_is_told_where_it_happened(client, person, operation, refusal):
    subject = REFUSED[refusal](person)
    values = desk.filled(client, subject, operation)
    before = factories.snapshot()

    response = client.post(desk.target_of(subject, operation), values)

    assert response.status_code == 409
    assert desk.refusal_on(response) == refusal
    assert desk.still_filled(response)
    assert factories.snapshot() == before
    event = factories.last_event()
    assert (event.operation, event.outcome, event.refusal) == (
        operation,
        Outcome.REFUSED,
        refusal,
    )


@pytest.mark.parametrize(
    ("missing", "text"),
    [("reason", "This field is required"), ("proofing", "This field is required")],
)
@pytest.mark.parametrize("operation", DESK_OPERATIONS, ids=str)
def test_a_form_without_grounds_is_handed_back(client, operation, missing, text):
    subject = desk.subject_of(operation)
    values = desk.filled(client, subject, operation)
    before = factories.snapshot()
    del values[missing]

    response = client.post(desk.target_of(subject, operation), values)

    assert response.status_code == 422
    assert text in desk.text(response)
    assert '<dialog open id="dialog"' in desk.text(response)
    assert factories.snapshot() == before


@pytest.mark.parametrize("reason", [" ", "\t\n", "a" * 501, "a\0b"])
def test_an_empty_or_endless_reason_is_handed_back(client, reason):
    subject = factories.account()

    response = desk.operate(client, subject, Operation.ISSUE_PHONE_CODE, reason=reason)

    assert response.status_code == 422
    assert not BackupCodeSet.objects.exists()


@pytest.mark.requirement("A30")
@pytest.mark.parametrize(
    ("ticket", "refusal"),
    [
        ("", "ticket_missing"),
        (" ", "ticket_missing"),
        ("1234", "ticket_malformed"),
        ("HD-1x", "ticket_malformed"),
        ("9" * 65, "ticket_malformed"),
    ],
)
def test_a_ticket_that_the_desk_does_not_know_is_refused_and_recorded(
    client, settings, ticket, refusal
):
    settings.RECOVERY_TICKET_REQUIRED, settings.RECOVERY_TICKET_PATTERN = True, r"HD-\d+"
    subject = factories.account()

    response = desk.operate(client, subject, Operation.ISSUE_PHONE_CODE, ticket=ticket)

    assert response.status_code == 409
    assert desk.refusal_on(response) == refusal
    assert "Lost the phone" in desk.text(response)
    assert not BackupCodeSet.objects.exists()
    event = factories.last_event()
    assert (event.operation, event.refusal) == (Operation.ISSUE_PHONE_CODE, refusal)
    assert event.ticket == ticket.strip()[:64]


def test_a_ticket_of_the_desks_own_form_is_taken(client, settings):
    settings.RECOVERY_TICKET_REQUIRED, settings.RECOVERY_TICKET_PATTERN = True, r"HD-\d+"

    response = desk.operate(client, factories.account(), Operation.ISSUE_PHONE_CODE, ticket="HD-1 ")

    assert response.status_code == 200


def test_the_field_of_a_ticket_that_is_required_says_so(client, settings):
    settings.RECOVERY_TICKET_REQUIRED = True

    page = desk.text(client.get(desk.dialog_of(factories.account(), Operation.ISSUE_PHONE_CODE)))

    assert re.search(r'<input[^>]*name="ticket"[^>]* required', page)


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_looking_at_an_operation_does_nothing(client, operation):
    subject = desk.subject_of(operation)
    before = factories.snapshot()

    assert client.get(desk.target_of(subject, operation)).status_code == 405
    assert client.get(desk.dialog_of(subject, operation)).status_code == 200
    assert factories.snapshot() == before


@pytest.mark.parametrize(
    "path",
    [
        "9999999/operations/issue_phone_code/",
        "99999999999999999999999/operations/issue_phone_code/",
        "{pk}/operations/no_such_thing/",
        "{pk}/operations/sign_in/",
        "{pk}/operations/export_accounts/",
        "{pk}/operations/enrol_staff/",
    ],
)
def test_what_does_not_exist_is_not_found(client, path):
    subject = factories.account()

    response = client.post(f"{desk.ACCOUNTS}{path.format(pk=subject.pk)}", {"reason": "x"})

    assert response.status_code == 404


@pytest.mark.parametrize("path", ["9999999", "9" * 30, "abc", "1%00", "-1", "a/b"])
@pytest.mark.parametrize("page", ["change", "history"])
def test_an_account_that_does_not_exist_has_no_page(client, path, page):
    assert client.get(f"{desk.ACCOUNTS}{path}/{page}/").status_code == 404


@pytest.mark.parametrize("version", ["9999999", "9" * 30, "abc", "²"])
def test_a_version_that_does_not_exist_has_no_page(client, version):
    subject = factories.account()

    response = client.get(f"{desk.ACCOUNTS}{subject.pk}/history/{version}/")

    assert response.status_code == 404


def test_an_unknown_dialog_opens_none(client):
    page = desk.text(client.get(f"{desk.page_of(factories.account())}?dialog=no_such_thing"))

    assert 'id="dialog"' not in page


@pytest.mark.requirement("A30")
@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_a_role_without_the_permission_is_refused_and_recorded(operation):
    person = desk.member(Role.AUDITOR)
    client, subject = desk.signed_in(person), desk.subject_of(operation)
    values = desk.filled(client, subject, operation)
    before = factories.snapshot()

    response = client.post(desk.target_of(subject, operation), values)

    assert response.status_code == 403
    assert desk.refusal_on(response) == "permission_missing"
    assert factories.snapshot() == before
    event = factories.last_event()
    assert (event.operation, event.refusal) == (operation, "permission_missing")
    assert event.actor_id == str(person.pk)


@pytest.mark.requirement("A30")
@pytest.mark.parametrize("role", [Role.AUDITOR, None])
@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_who_lacks_the_permission_is_recorded_whatever_else_is_wrong(operation, role):
    person = desk.member(role)
    client, subject = desk.signed_in(person), desk.subject_of(operation)
    desk.let_the_step_up_go_stale(client)
    before = factories.snapshot()

    response = client.post(
        desk.target_of(subject, operation), {"ticket": "HD-1", "one_time_code": "000000"}
    )

    assert response.status_code == 403
    assert factories.snapshot() == before
    event = factories.last_event()
    assert (event.operation, event.refusal) == (operation, "permission_missing")
    assert (event.actor_id, event.subject_id) == (str(person.pk), str(subject.user_id))
    assert event.ticket == "HD-1"


def test_who_may_not_look_at_accounts_is_shown_none_by_a_refusal():
    client, subject = desk.signed_in(desk.member()), factories.account()

    response = client.post(desk.target_of(subject, Operation.ISSUE_PHONE_CODE))

    assert subject.text.display_name not in desk.text(response)


def test_who_may_act_and_not_look_does_nothing():
    person = desk.member()
    person.user_permissions.add(*factories.permissions("issue_phone_code"))
    client, subject = desk.signed_in(person), factories.account()

    response = client.post(
        desk.target_of(subject, Operation.ISSUE_PHONE_CODE), {"reason": "Curious"}
    )

    assert response.status_code == 403
    assert subject.text.display_name not in desk.text(response)


@pytest.mark.parametrize("role", ["Lead", "Superuser", ""])
def test_nobody_gives_a_role_as_high_as_their_own(client, role):
    subject = factories.account()

    desk.operate(client, subject, Operation.INVITE_STAFF, role=role)

    assert not Group.objects.filter(user=subject.user).exists()


@pytest.mark.requirement("A35")
@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_what_cannot_be_recorded_does_not_happen(client, operation, monkeypatch):
    subject = desk.subject_of(operation)
    values = desk.filled(client, subject, operation)
    before = factories.snapshot()
    client.raise_request_exception = False

    def full(*args, **kwargs):
        raise OSError("no room")

    monkeypatch.setattr(AuditEvent.objects, "create", full)
    response = client.post(desk.target_of(subject, operation), values)

    assert response.status_code == 500
    assert factories.snapshot() == before


@pytest.mark.requirement("N6")
@pytest.mark.parametrize("operation", DESK_OPERATIONS, ids=str)
def test_the_account_holder_is_told(client, operation):
    subject = desk.subject_of(operation)
    factories.address(subject, "young@example.org", days=1)

    desk.operate(client, subject, operation)

    told = subject.notices.filter(operation=operation, link=None)
    assert {notice.address for notice in told} == {"known@example.org", "young@example.org"}


def test_a_withdrawn_link_is_told_to_the_agent(client):
    subject = desk.subject_of(Operation.WITHDRAW_RECOVERY_LINK)

    desk.operate(client, subject, Operation.WITHDRAW_RECOVERY_LINK)

    assert RecoveryLink.objects.get(account=subject).state == LinkState.WITHDRAWN
    assert "Withdrawn" in desk.text(client.get(desk.page_of(subject)))
