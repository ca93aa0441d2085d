"""How long a staff session lasts, and what ends it before its time."""

from datetime import timedelta

import django_otp
import pytest
from django.test import Client
from django.utils import timezone

from console.staff_session import MARK_KEY
from recovery import actions
from recovery.enums import Operation, Role
from recovery.models import Account, BackupCodeSet, TotpAuthenticator
from tests import factories
from tests.console import desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def person():
    return desk.member(Role.AGENT)


def is_in(client):
    return client.get(desk.FRONT).status_code == 200


@pytest.mark.requirement("N29")
def test_a_session_ends_after_an_idle_hour(client):
    desk.travel(client, "last_seen_at", back=timedelta(minutes=61))

    assert not is_in(client)
    assert MARK_KEY not in client.session


@pytest.mark.requirement("N29")
def test_a_session_lives_for_less_than_an_idle_hour(client):
    desk.travel(client, "last_seen_at", back=timedelta(minutes=58))

    assert is_in(client)


@pytest.mark.requirement("N29")
def test_use_keeps_a_session_from_being_idle(client):
    desk.travel(client, "last_seen_at", back=timedelta(minutes=50))
    client.get(desk.FRONT)
    desk.travel(client, "last_seen_at", back=timedelta(minutes=50))

    assert is_in(client)


@pytest.mark.requirement("N29")
def test_a_session_ends_after_a_day_however_busy_it_is(client):
    desk.travel(client, "signed_in_at", back=timedelta(hours=24, minutes=1))

    assert not is_in(client)


@pytest.mark.requirement("N29")
def test_a_fresh_step_up_does_not_prolong_the_day(client, person):
    desk.travel(client, "signed_in_at", "verified_at", back=timedelta(hours=23, minutes=50))
    desk.operate(
        client,
        factories.account(),
        Operation.REQUIRE_REENROLMENT,
        one_time_code=desk.one_time_code(person),
    )
    desk.travel(client, "signed_in_at", back=timedelta(minutes=11))

    assert not is_in(client)


def test_a_session_that_ran_out_is_recorded(client, person):
    desk.travel(client, "last_seen_at", back=timedelta(minutes=61))
    client.get(desk.FRONT)

    event = factories.last_event()
    assert (event.operation, event.actor_id) == (Operation.SIGN_OUT, str(person.pk))


def test_a_session_that_ran_out_cannot_act(client):
    subject = factories.account()
    values = desk.filled(client, subject, Operation.REQUIRE_REENROLMENT)
    desk.travel(client, "last_seen_at", back=timedelta(minutes=61))

    response = client.post(desk.target_of(subject, Operation.REQUIRE_REENROLMENT), values)

    assert response.status_code == 302
    assert response.headers["Location"].startswith(desk.LOGIN)
    assert not factories.fresh(subject).is_flagged


def test_a_new_generation_ends_the_session(client, person):
    Account.objects.filter(user=person).update(session_generation=1)

    assert not is_in(client)


def test_an_authenticator_reported_lost_ends_its_session(client, person):
    actions.report_authenticator_lost(
        actor=factories.staff(Role.LEAD),
        subject=person.recovery_account,
        grounds=factories.grounds(),
    )

    assert not is_in(client)


def test_a_revoked_authenticator_gives_no_power_from_the_next_request_on(client, person):
    TotpAuthenticator.objects.filter(user=person).update(
        confirmed=False, revoked_at=timezone.now(), revoked_because="revoked"
    )

    assert not is_in(client)


def test_a_deleted_authenticator_gives_no_power_from_the_next_request_on(client, person):
    TotpAuthenticator.objects.filter(user=person).delete()

    assert not is_in(client)


def test_a_new_password_ends_other_sessions(client, person):
    person.set_password("another long password 2")
    person.save()

    assert not is_in(client)


def test_a_deactivated_person_is_out_at_the_next_request(client, person):
    person.is_active = False
    person.save()

    assert not is_in(client)


def test_who_is_no_longer_staff_is_out_at_the_next_request(client, person):
    person.is_staff = False
    person.save()

    assert not is_in(client)


def test_a_role_taken_away_is_gone_at_the_next_request(client, person):
    subject = factories.account()
    assert client.get(desk.page_of(subject)).status_code == 200

    person.groups.clear()

    assert client.get(desk.page_of(subject)).status_code == 403


def test_a_permission_taken_away_before_the_dialog_is_sent_refuses_it(client, person):
    subject = factories.account()
    values = desk.filled(client, subject, Operation.ISSUE_PHONE_CODE)
    person.groups.set([factories.Group.objects.get(name=Role.AUDITOR)])

    response = client.post(desk.target_of(subject, Operation.ISSUE_PHONE_CODE), values)

    assert response.status_code == 403
    assert not BackupCodeSet.objects.exists()
    assert factories.last_event().refusal == "permission_missing"


def test_a_session_verified_by_a_backup_code_has_no_access(person):
    client = desk.verified_by_a_backup_code(person)

    response = client.get(desk.FRONT)

    assert response.wsgi_request.user.is_verified()
    assert response.status_code == 302


def test_an_authenticators_mark_does_not_vouch_for_a_code(client, person):
    """Whoever swaps the device of a verified session gets nowhere with a dead authenticator."""
    code_set, _ = factories.saved_codes(person.recovery_account)
    TotpAuthenticator.objects.filter(user=person).update(
        confirmed=False, revoked_at=timezone.now(), revoked_because="revoked"
    )
    session = client.session
    session[django_otp.DEVICE_ID_SESSION_KEY] = code_set.persistent_id
    session.save()

    assert not is_in(client)


def test_a_mark_of_another_session_is_worth_nothing_without_a_sign_in(client):
    stolen = client.session[MARK_KEY]
    stranger = Client()
    session = stranger.session
    session[MARK_KEY] = stolen
    session.save()

    assert not is_in(stranger)


def test_a_host_sign_in_over_a_staff_session_gets_none_of_its_power(client):
    client.force_login(desk.member(Role.LEAD))

    assert not is_in(client)


def test_a_request_without_a_session_touches_no_account(django_assert_num_queries):
    with django_assert_num_queries(0):
        Client().get(desk.LOGIN)


def test_a_used_session_is_not_written_at_every_request(client, django_assert_max_num_queries):
    client.get(desk.FRONT)

    with django_assert_max_num_queries(30) as ran:
        client.get(desk.FRONT)

    assert not [query for query in ran if query["sql"].startswith("UPDATE")]
