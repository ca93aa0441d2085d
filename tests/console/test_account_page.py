"""One account: what can help this person now, for whoever may look, at a constant cost."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from recovery.enums import NoticeState, Operation, Role
from recovery.models import Account, Notice, TotpAuthenticator
from tests import factories
from tests.console import desk

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
    Role.REPORT_ADMINISTRATOR: set(),
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


def test_an_unconfirmed_address_is_not_offered(client):
    subject = factories.account(addresses=())
    factories.address(subject, confirmed=False)

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
    Notice.objects.create(
        operation=Operation.ISSUE_PHONE_CODE,
        account=subject,
        address="known@example.org",
        dedupe_key="test",
        state=NoticeState.DEAD,
        ended_at=timezone.now(),
    )
    return subject


BANNERS = {
    "frozen": lambda: factories.account(frozen_at=timezone.now()),
    "deactivated": deactivated,
    "last seven days": with_a_new_address,
    "overdue": overdue,
    "3 wrong codes": lambda: factories.account(failures=3),
    "could not be delivered": undelivered,
}


@pytest.mark.parametrize("warning", BANNERS)
def test_what_an_agent_has_to_know_is_said_on_top(client, warning):
    subject = BANNERS[warning]()

    assert warning in banners(client, subject)


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
