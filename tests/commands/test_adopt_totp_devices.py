import time
from datetime import timedelta

import pytest
from django.apps import apps
from django.utils import timezone
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from recovery import encryption, totp
from recovery.actors import Actor
from recovery.checks import check_clear_secrets
from recovery.enums import Enrolment, FlagOrigin, Operation, Outcome
from recovery.flags import raise_flag
from recovery.models import AuditEvent, Notice, TotpAuthenticator

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_user_model]


def code_of(device, *, steps=0):
    generator = TOTP(device.bin_key, device.step, device.t0, device.digits, device.drift + steps)
    generator.time = time.time()
    return f"{generator.token():0{device.digits}d}"


@pytest.fixture
def device(make_account):
    return TOTPDevice.objects.create(user=make_account().user, name="Old phone")


@pytest.mark.requirement("N1")
def test_a_device_goes_on_working_and_its_clear_key_is_gone(run, device):
    printed = run("adopt_totp_devices")

    adopted = TotpAuthenticator.objects.get(user=device.user)
    assert adopted.name == "Old phone"
    assert encryption.decrypt(adopted.encrypted_key, owner=device.user_id).reveal() == device.key
    assert device.key not in adopted.encrypted_key
    assert totp.verify(adopted, typed=code_of(device))
    assert not TOTPDevice.objects.exists()
    assert (printed.code, printed.out) == (0, "1 authenticators adopted.\n")
    event = AuditEvent.objects.get(operation=Operation.ADOPT_AUTHENTICATOR)
    assert event.detail["bound"] == adopted.persistent_id


def test_a_code_that_the_stock_device_took_is_not_taken_again(run, device):
    code = code_of(device)
    assert device.verify_token(code)

    run("adopt_totp_devices")

    adopted = TotpAuthenticator.objects.get()
    assert adopted.last_used_at == device.last_used_at
    assert not totp.verify(adopted, typed=code)


def test_its_own_counting_is_kept(run, device):
    TOTPDevice.objects.update(digits=8, step=60, tolerance=2, drift=-3)
    device.refresh_from_db()

    run("adopt_totp_devices")

    adopted = TotpAuthenticator.objects.get()
    assert (adopted.digits, adopted.step_seconds, adopted.tolerance) == (8, 60, 5)
    assert totp.verify(adopted, typed=code_of(device))


def test_failures_go_along(run, device):
    TOTPDevice.objects.update(throttling_failure_count=40)

    run("adopt_totp_devices")

    assert TotpAuthenticator.objects.get().failures == 40


def test_the_account_is_enrolled_and_its_owner_told(run, device, give_address):
    account = device.user.recovery_account
    give_address(account, "amelie@example.org", timezone.now() - timedelta(days=30))

    run("adopt_totp_devices")

    account.refresh_from_db()
    assert account.enrolment == Enrolment.ENROLLED
    assert account.enrolled_at is not None
    assert Notice.objects.get().operation == Operation.ADOPT_AUTHENTICATOR


def test_a_flag_stays(run, device):
    account = device.user.recovery_account
    raise_flag(account, origin=FlagOrigin.DESK, actor=Actor.command("test"), reason="Lost badge")

    run("adopt_totp_devices")

    account.refresh_from_db()
    assert account.enrolment == Enrolment.REENROLMENT_REQUIRED
    assert account.enrolled_at is not None


@pytest.mark.parametrize("odd", [{"t0": 17}, {"drift": 40}, {"step": 0}])
def test_a_device_that_cannot_be_honoured_is_reported_and_left(run, device, odd):
    TOTPDevice.objects.update(**odd)

    printed = run("adopt_totp_devices")

    assert printed.code == 1
    assert "Old phone: It counts its steps" in printed.out
    assert TOTPDevice.objects.filter(confirmed=True).count() == 1
    assert not TotpAuthenticator.objects.exists()
    assert AuditEvent.objects.get().outcome == Outcome.REFUSED


def test_an_unconfirmed_device_is_not_taken(run, device):
    TOTPDevice.objects.update(confirmed=False)

    printed = run("adopt_totp_devices")

    assert not TotpAuthenticator.objects.exists()
    assert "1 were never confirmed" in printed.out


def test_a_second_run_adopts_nothing(run, device):
    run("adopt_totp_devices")

    assert run("adopt_totp_devices").out == "0 authenticators adopted.\n"
    assert TotpAuthenticator.objects.count() == 1


def test_without_the_plugin_it_says_so(run, monkeypatch):
    monkeypatch.setattr(apps, "is_installed", lambda _: False)

    printed = run("adopt_totp_devices")

    assert printed.code == 1
    assert "django_otp.plugins.otp_totp is not in INSTALLED_APPS" in printed.err


def test_a_check_warns_until_the_clear_keys_are_gone(run, device):
    assert [found.id for found in check_clear_secrets(databases=["default"])] == ["recovery.W001"]

    run("adopt_totp_devices")

    assert check_clear_secrets(databases=["default"]) == []
