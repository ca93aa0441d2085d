import re
from base64 import b32decode

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from recovery import totp
from recovery.actions.staff import roles_of
from recovery.enums import Enrolment, IncidentKind, Operation, Outcome, Role
from recovery.models import Account, AuditEvent, Incident, Notice, TotpAuthenticator
from recovery.secret import Secret

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_user_model]

AGENT = Role.AGENT.value


@pytest.fixture
def admin(make_account):
    return make_account("root.admin", is_staff=True)


@pytest.fixture
def app(monkeypatch):
    """An authenticator app beside the terminal: it types what it makes of the key it is shown."""
    asked = []

    def answer(prompt):
        asked.append(prompt)
        return app.answers.pop(0)()

    app.answers = []
    app.asked = asked
    monkeypatch.setattr("builtins.input", answer)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr(totp, "new_key", lambda: Secret("ab" * 20))
    return app


def app_code():
    from django_otp.oath import totp as one_time_code  # noqa: PLC0415 - a reference to check with

    return f"{one_time_code(bytes.fromhex('ab' * 20)):06d}"


def test_without_a_terminal_the_key_is_bound_and_printed(run, admin):
    printed = run("enrol_staff", admin.user.get_username())

    bound = TotpAuthenticator.objects.get(user=admin.user)
    key = re.search(r"into the app: ([A-Z2-7]+)", printed.out)[1]
    assert totp.typeable(Secret(b32decode(key).hex())).reveal() == key
    assert totp.verify(bound, typed=totp.current_code(bound).reveal())
    assert "█" in printed.out
    admin.refresh_from_db()
    assert admin.enrolment == Enrolment.ENROLLED


@pytest.mark.requirement("N1")
def test_it_is_an_event_and_its_owner_is_told(run, admin, give_address):
    give_address(admin, "root@example.org", timezone.now())

    run("enrol_staff", admin.user.get_username())

    event = AuditEvent.objects.get()
    assert (event.operation, event.outcome) == (Operation.ENROL_STAFF, Outcome.COMPLETED)
    assert event.actor_name.startswith("enrol_staff (")
    assert Notice.objects.get().address == "root@example.org"


def test_an_app_is_bound_once_it_has_shown_the_right_code(run, admin, app):
    app.answers = [lambda: "000000x", app_code]

    printed = run("enrol_staff", admin.user.get_username())

    bound = TotpAuthenticator.objects.get(user=admin.user)
    assert printed.code == 0
    assert len(app.asked) == 2
    assert not totp.verify(bound, typed=app_code()), "the code that proved it was used by that"


def test_nothing_is_bound_to_an_app_that_never_shows_the_right_code(run, admin, app):
    app.answers = [lambda: "12"] * 3

    printed = run("enrol_staff", admin.user.get_username())

    assert printed.code == 1
    assert "not accepted" in printed.err
    assert not TotpAuthenticator.objects.exists()


def test_nothing_is_bound_when_nobody_answers(run, admin, app):
    def hang_up():
        raise EOFError

    app.answers = [hang_up]

    printed = run("enrol_staff", admin.user.get_username())

    assert "Nothing was bound." in printed.err
    assert not TotpAuthenticator.objects.exists()


def test_an_enrolled_person_is_refused_before_a_key_is_shown(run, admin, app):
    totp.bind(admin.user, totp.new_key(), name="Phone")

    printed = run("enrol_staff", admin.user.get_username())

    assert printed.code == 1
    assert "--replace" in printed.err
    assert "█" not in printed.out
    assert app.asked == []
    assert TotpAuthenticator.objects.filter(confirmed=True).count() == 1
    assert AuditEvent.objects.get().refusal == "already_enrolled"


def test_replacing_revokes_what_was_bound_and_ends_sessions(run, admin):
    old = totp.bind(admin.user, totp.new_key(), name="Old phone")

    run("enrol_staff", admin.user.get_username(), replace=True)

    old.refresh_from_db()
    admin.refresh_from_db()
    assert not old.confirmed
    assert TotpAuthenticator.objects.filter(user=admin.user, confirmed=True).count() == 1
    assert admin.session_generation == 1


def test_somebody_without_a_role_is_refused(run, make_account):
    account = make_account()

    printed = run("enrol_staff", account.user.get_username())

    assert "--role" in printed.err
    assert not TotpAuthenticator.objects.exists()
    assert AuditEvent.objects.get().refusal == "role_needed"


def test_the_first_member_of_staff_gets_a_role_with_it(run, make_account):
    account = make_account()

    printed = run("enrol_staff", account.user.get_username(), role=AGENT)

    account.user.refresh_from_db()
    assert printed.code == 0
    assert account.user.is_staff
    assert roles_of(account) == [AGENT]
    assert AuditEvent.objects.get().detail["role"] == AGENT


def test_without_roles_it_says_how_to_load_them(run, make_account):
    Group.objects.all().delete()

    printed = run("enrol_staff", make_account().user.get_username(), role=AGENT)

    assert "loaddata roles" in printed.err
    assert not TotpAuthenticator.objects.exists()


def test_it_makes_nobody(run):
    printed = run("enrol_staff", "no.body@example.org")

    assert printed.code == 1
    assert "There is no user no.body@example.org" in printed.err


def test_it_gives_a_recovered_or_frozen_superuser_their_power_back(run, admin):
    Incident.objects.create(account=admin, kind=IncidentKind.VETO)
    Account.objects.filter(pk=admin.pk).update(
        power_suspended_at=timezone.now(), frozen_at=timezone.now()
    )

    run("enrol_staff", admin.user.get_username(), "--replace")

    admin.refresh_from_db()
    assert (admin.power_suspended_at, admin.frozen_at) == (None, None)
    assert Incident.objects.get().closed_at is not None
    assert AuditEvent.objects.get(operation=Operation.ENROL_STAFF).detail["incidents"] == 1
