"""One account: what can help this person now, for whoever may look, at a constant cost."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.html import escape
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from recovery import enrolment, totp
from recovery.enums import EndReason, NoticeState, Operation, Role
from recovery.errors import text_of
from recovery.models import Account, AuditEvent, TotpAuthenticator
from tests import factories
from tests.console import desk
from tests.plumbing.undone import undone

pytestmark = pytest.mark.django_db

OFFERED = {
    Role.AGENT: {
        "issue_phone_code",
        "regenerate_backup_codes",
        "report_authenticator_lost",
        "require_reenrolment",
        "send_recovery_link",
    },
    Role.LEAD: {
        "invite_staff",
        "issue_phone_code",
        "regenerate_backup_codes",
        "report_authenticator_lost",
        "require_reenrolment",
        "send_recovery_link",
    },
    Role.AUDITOR: set(),
    Role.REPORT_ADMINISTRATOR: {"require_reenrolment"},
}


@pytest.fixture
def client():
    return desk.as_role(Role.AGENT)


def card(client, subject):
    return client.get(desk.page_of(subject)).context["card"]


def offered(client, subject):
    return {item["operation"] for item in card(client, subject)["operations"]}


def banners(client, subject):
    return " ".join(str(banner["text"]) for banner in card(client, subject)["banners"])


def cost(client, subject):
    return len(desk.statements(client, desk.page_of(subject)))


def test_an_account_costs_the_same_however_much_has_happened(client):
    subject, busy = factories.account(), factories.account()
    factories.saved_codes(busy)
    for number in range(12):
        factories.app(busy)
        factories.address(busy, f"address{number}@example.org")
        desk.operate(client, busy, Operation.REGENERATE_BACKUP_CODES)
    client.get(desk.page_of(subject))

    assert cost(client, busy) == cost(client, subject)


def test_an_account_says_how_many_codes_are_left_and_since_when(client):
    subject = factories.account()
    _, codes = factories.saved_codes(subject)
    factories.live_set(subject).verify_token(codes[0])

    shown = card(client, factories.fresh(subject))["codes"]

    assert (shown["left"], shown["total"], shown["level"]) == (9, 10, "fine")
    assert shown["issued_at"] is not None


def test_addresses_are_masked_with_their_age(client):
    subject = factories.account(addresses=("amelie.roth@example.org",))

    response = client.get(desk.page_of(subject))

    [address] = response.context["card"]["addresses"]
    assert address["masked"] == "a…h@ex….org"
    assert address["age_days"] == 30
    assert "amelie.roth@example.org" not in desk.text(response)


def test_an_unconfirmed_address_waits_masked_and_gets_no_link(client):
    subject = factories.account(addresses=())
    factories.address(subject, "amelie.roth@example.org", confirmed=False)

    response = client.get(desk.page_of(subject))

    [address] = response.context["card"]["addresses"]
    assert (address["masked"], address["may_receive_links"]) == ("a…h@ex….org", False)
    assert "Waiting for confirmation" in desk.text(response)
    assert "amelie.roth@example.org" not in desk.text(response)
    assert banners(client, subject) == ""
    assert "7 days" in why_not(client, subject, Operation.SEND_RECOVERY_LINK)


def test_a_removed_address_is_gone(client):
    subject = factories.account(addresses=())
    for confirmed in (True, False):
        address = factories.address(subject, confirmed=confirmed)
        type(address).objects.filter(pk=address.pk).update(removed_at=timezone.now())

    assert card(client, subject)["addresses"] == []


def test_authenticators_are_shown_alive_and_dead(client):
    subject = factories.account()
    factories.app(subject)
    dead = factories.app(subject)
    TotpAuthenticator.objects.filter(pk=dead.pk).update(
        confirmed=False, revoked_at=timezone.now(), revoked_because="reported_lost"
    )

    shown = card(client, subject)["authenticators"]

    assert [item["state"] for item in shown] == ["live", "revoked"]
    assert str(shown[1]["revoked_because"]) == "Reported lost"


def test_an_enrolment_that_was_only_begun_is_no_authenticator(client):
    subject = factories.account()
    enrolment.start(subject)

    assert card(client, subject)["authenticators"] == []


def test_an_app_that_wrong_codes_have_killed_is_not_said_to_work(client, settings):
    settings.RECOVERY_FAILURE_LIMIT = 3
    subject = factories.account()
    app = factories.app(subject)
    TotpAuthenticator.objects.filter(pk=app.pk).update(failures=2)
    assert "Works" in desk.text(client.get(desk.page_of(subject)))

    totp.verify(factories.fresh(app), typed="000000")
    TotpAuthenticator.objects.filter(pk=app.pk).update(retry_at=None)
    page = desk.text(client.get(desk.page_of(subject)))

    assert not totp.verify(factories.fresh(app), typed=totp.current_code(app).reveal())
    assert "Works" not in page
    assert "Blocked after too many wrong codes" in page
    assert "a phone code or a recovery link" in page


def test_those_of_the_host_project_are_shown_while_they_work(client):
    subject = factories.account()
    StaticDevice.objects.create(user=subject.user, name="Printed", confirmed=False)
    TOTPDevice.objects.create(user=subject.user, name="Old phone")

    page = client.get(desk.page_of(subject))

    [shown] = page.context["card"]["authenticators"]
    assert (shown["name"], shown["state"]) == ("Old phone (TOTP device)", "live")
    assert "Bound outside the desk" in desk.text(page)


@pytest.mark.parametrize("role", Role, ids=lambda role: role.name.lower())
def test_each_role_is_offered_what_it_may_do(role):
    subject = factories.account()

    assert offered(desk.as_role(role), subject) == OFFERED[role]


def test_what_makes_no_sense_is_not_offered(client):
    subject = factories.account()
    assert "withdraw_recovery_link" not in offered(client, subject)

    factories.open_link(subject)
    factories.flag(subject)

    assert {"withdraw_recovery_link", "lift_reenrolment"} <= offered(client, subject)


def test_a_lead_is_offered_to_change_or_remove_who_is_at_the_desk():
    subject = desk.member(Role.AGENT).recovery_account

    found = offered(desk.as_role(Role.LEAD), subject)

    assert {"change_role", "remove_staff"} <= found
    assert "invite_staff" not in found


CERTAIN = {
    "actor_is_subject": lambda person: person.recovery_account,
    "subject_outranks_actor": lambda _: desk.member(Role.LEAD).recovery_account,
    "subject_is_superuser": lambda _: desk.member(is_superuser=True).recovery_account,
    "account_frozen": lambda _: factories.account(frozen_at=timezone.now()),
    "subject_inactive": lambda _: deactivated(),
}


@pytest.mark.parametrize("role", [Role.AGENT, Role.LEAD], ids=lambda role: role.name.lower())
@pytest.mark.parametrize("refusal", CERTAIN)
def test_what_would_be_refused_is_shown_as_that_and_what_would_not_is_open(role, refusal):
    person = desk.member(role)
    client, subject = desk.signed_in(person), CERTAIN[refusal](person)
    if not subject.addresses.exists():
        factories.address(subject)
    shown = {item["operation"]: item for item in card(client, subject)["operations"]}

    for operation, item in shown.items():
        with undone():
            answer = desk.operate(client, subject, Operation(operation))
        done = answer.status_code in {200, 302}
        told = "" if done else str(answer.context["card"]["dialog"]["refusal"])
        assert (item["enabled"], item["why_not"]) == (done, told), operation
    assert any(item["why_not"] == text_of(refusal) for item in shown.values())


def test_a_reason_why_not_is_read_out_with_what_it_is_about(client):
    page = desk.text(client.get(desk.page_of(desk.member(is_superuser=True).recovery_account)))

    assert 'tabindex="0" aria-describedby="why-not-issue_phone_code"' in page
    assert f'id="why-not-issue_phone_code">{escape(text_of("subject_is_superuser"))}<' in page
    assert 'data-opens-operation="issue_phone_code"' not in page


def why_not(client, subject, operation):
    shown = {item["operation"]: item for item in card(client, subject)["operations"]}
    return shown[operation.value]["why_not"]


def test_without_an_old_enough_address_no_link_is_offered(client):
    subject = factories.account(addresses=())
    factories.address(subject, days=2)

    assert "7 days" in why_not(client, subject, Operation.SEND_RECOVERY_LINK)
    factories.address(subject, "old@example.org")
    assert why_not(client, subject, Operation.SEND_RECOVERY_LINK) == ""


def test_what_is_lost_was_bound(client):
    subject, with_codes = factories.account(), factories.account()
    factories.saved_codes(with_codes)

    not_bound = text_of("nothing_to_report")
    assert why_not(client, subject, Operation.REPORT_AUTHENTICATOR_LOST) == not_bound
    assert why_not(client, with_codes, Operation.REPORT_AUTHENTICATOR_LOST) == ""


def test_what_the_host_project_bound_can_be_reported_from_the_page(client):
    subject = factories.account()
    TOTPDevice.objects.create(user=subject.user, name="Old phone")

    assert why_not(client, subject, Operation.REPORT_AUTHENTICATOR_LOST) == ""


def test_an_app_that_wrong_codes_have_killed_matters_less_where_another_device_works(client):
    subject = factories.account()
    app = factories.app(subject)
    TotpAuthenticator.objects.filter(pk=app.pk).update(
        confirmed=False, revoked_at=timezone.now(), revoked_because=EndReason.TOO_MANY_FAILURES
    )
    TOTPDevice.objects.create(user=subject.user, name="Old phone")

    states = [shown["state"] for shown in card(client, subject)["authenticators"]]

    assert states == ["live", "revoked"]


def test_a_flag_that_is_due_at_once_cannot_be_brought_forward(client):
    at_once, later = factories.account(), factories.account()
    factories.flag(at_once)
    factories.flag(later, due_at=desk.in_an_hour())

    already = text_of("already_flagged")
    assert why_not(client, at_once, Operation.REQUIRE_REENROLMENT) == already
    assert why_not(client, later, Operation.REQUIRE_REENROLMENT) == ""


def test_whoever_never_enrolled_needs_an_address_to_be_invited_at():
    client, subject = desk.as_role(Role.LEAD), factories.account(addresses=())

    assert "7 days" in why_not(client, subject, Operation.INVITE_STAFF)
    factories.app(subject)
    assert why_not(client, subject, Operation.INVITE_STAFF) == ""


def test_who_is_staff_of_the_host_project_alone_can_be_invited():
    subject = factories.user(is_staff=True).recovery_account

    found = offered(desk.as_role(Role.LEAD), subject)

    assert "invite_staff" in found
    assert not {"change_role", "remove_staff"} & found


def test_saying_what_would_be_refused_records_nothing(client):
    subject = desk.member(is_superuser=True).recovery_account
    before = AuditEvent.objects.latest("pk").pk

    card(client, subject)

    [event] = AuditEvent.objects.filter(pk__gt=before)
    assert event.operation == Operation.OPEN_ACCOUNT


def deactivated():
    subject = factories.account()
    subject.user.is_active = False
    subject.user.save()
    return subject


def with_a_new_address():
    subject = factories.account()
    factories.address(subject, days=2)
    return subject


def overdue():
    subject = factories.account()
    factories.flag(subject, due_at=desk.in_an_hour())
    Account.objects.filter(pk=subject.pk).update(
        reenrolment_due_at=timezone.now() - timedelta(hours=1)
    )
    return factories.fresh(subject)


def undelivered():
    subject = factories.account()
    factories.notice(subject, state=NoticeState.DEAD)
    for _ in range(6):
        factories.notice(subject, "second@example.org", state=NoticeState.SENT)
    return subject


BANNERS = {
    "frozen": lambda: factories.account(frozen_at=timezone.now()),
    "deactivated": deactivated,
    "last 7 days": with_a_new_address,
    "overdue": overdue,
    "3 wrong codes": lambda: factories.account(failures=3),
    "could not be delivered": undelivered,
}


@pytest.mark.parametrize("warning", BANNERS)
def test_what_an_agent_has_to_know_is_said_on_top(client, warning):
    subject = BANNERS[warning]()

    assert warning in banners(client, subject)


def test_a_banner_about_a_new_address_follows_the_setting(client, settings):
    settings.RECOVERY_ADDRESS_MIN_AGE = timedelta(days=10)
    subject = factories.account()
    factories.address(subject, "new@example.org", days=9)

    assert "last 10 days" in banners(client, subject)


def test_an_account_in_order_has_no_banner(client):
    assert banners(client, factories.account()) == ""


def test_the_last_events_link_to_the_ledger_for_those_who_read_it(client):
    subject = factories.account()
    desk.operate(client, subject, Operation.REQUIRE_REENROLMENT)

    for_agent = card(client, subject)["events"][0]
    for_auditor = card(desk.as_role(Role.AUDITOR), subject)["events"][0]

    assert for_agent["url"] == ""
    assert for_auditor["url"].startswith(desk.LEDGER)
    assert for_agent["ticket"] == "HD-1"


def test_a_time_is_shown_by_the_viewers_clock(client):
    subject = factories.account(last_recovered_at=timezone.now().replace(hour=23, minute=30))
    client.cookies["timezone"] = "Asia/Tokyo"

    assert "08:30" in desk.text(client.get(desk.page_of(subject)))


def test_the_history_says_who_changed_what_and_why():
    person = desk.member(Role.LEAD)
    client, subject = desk.signed_in(person), factories.account()
    desk.operate(client, subject, Operation.REQUIRE_REENROLMENT, reason="Fell for a mail")

    page = desk.text(client.get(f"{desk.ACCOUNTS}{subject.pk}/history/"))

    assert "Fell for a mail" in page
    assert person.get_username() in page


@pytest.mark.parametrize("role", ["lead", "superuser"])
def test_a_post_to_a_version_changes_nothing(role):
    person = desk.member(Role.LEAD) if role == "lead" else desk.member(is_superuser=True)
    client, subject = desk.signed_in(person), factories.account()
    factories.flag(subject)
    first = subject.history.earliest()
    before = factories.snapshot()

    response = client.post(
        f"{desk.ACCOUNTS}{subject.pk}/history/{first.pk}/",
        {"enrolment": "not_enrolled", "tier": "standard", "_save": "1", "_change_history": "1"},
    )

    assert response.status_code == 403
    assert factories.snapshot() == before


def test_a_post_to_the_history_changes_nothing():
    client, subject = desk.as_role(Role.LEAD), factories.account()
    before = factories.snapshot()

    assert client.post(f"{desk.ACCOUNTS}{subject.pk}/history/", {"_save": "1"}).status_code == 405
    assert factories.snapshot() == before


def test_no_event_can_be_changed_from_its_page():
    client = desk.signed_in(desk.member(is_superuser=True))
    event = factories.last_event()

    response = client.post(f"{desk.LEDGER}{event.pk}/change/", {"reason": "nothing happened"})

    assert response.status_code == 403
    assert factories.fresh(event).reason == event.reason


def test_an_event_is_read_with_all_that_is_known_of_it(client):
    subject = factories.account()
    desk.operate(client, subject, Operation.REQUIRE_REENROLMENT, reason="Fell for a mail")
    event = factories.last_event(operation=Operation.REQUIRE_REENROLMENT)

    page = desk.text(desk.as_role(Role.AUDITOR).get(f"{desk.LEDGER}{event.pk}/change/"))

    for told in ("Fell for a mail", "HD-1", event.actor_name, event.subject_name, "127.0.0.1"):
        assert told in page
