"""What stops a deployment: one finding for each mistake, and none where there is none."""

import pytest
from cryptography.fernet import Fernet
from django.core.checks import registry

from project.checks import MIDDLEWARE_ANYWHERE, MIDDLEWARE_ORDER, check_deployment
from tests.project.production import GOOD


@pytest.fixture(autouse=True)
def _in_order(settings):
    """Start from a site that has everything right."""
    settings.DEBUG = False
    settings.SECRET_KEY = GOOD["SECRET_KEY"]
    settings.RECOVERY_ENCRYPTION_KEYS = [GOOD["RECOVERY_ENCRYPTION_KEYS"]]
    settings.RECOVERY_SIGNING_KEYS = [GOOD["RECOVERY_SIGNING_KEYS"]]
    settings.RECOVERY_BASE_URL = GOOD["BASE_URL"]
    settings.ALLOWED_HOSTS = ["desk.example.org"]
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"


def found() -> list[str]:
    return [finding.id for finding in check_deployment()]


def test_a_site_in_order_has_no_findings():
    assert found() == []


def test_the_checks_are_registered_for_a_deployment():
    assert check_deployment in registry.registry.deployment_checks


def test_debug_is_refused(settings):
    settings.DEBUG = True

    assert found() == ["project.E001"]


@pytest.mark.parametrize("key", ["", "short", "django-insecure-" + "x1" * 40])
def test_a_weak_secret_key_is_refused(settings, key):
    settings.SECRET_KEY = key

    assert found() == ["project.E002"]


def test_a_secret_key_made_for_this_checkout_is_refused(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    (tmp_path / "local.env").write_text(f"SECRET_KEY={settings.SECRET_KEY}\n")

    assert found() == ["project.E002"]


@pytest.mark.parametrize("keys", [[], ["no key"], [Fernet.generate_key().decode(), ""]])
def test_missing_and_broken_encryption_keys_are_refused(settings, keys):
    settings.RECOVERY_ENCRYPTION_KEYS = keys

    assert found() == ["project.E003"]


def test_an_encryption_key_made_for_this_checkout_is_refused(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    [key] = settings.RECOVERY_ENCRYPTION_KEYS
    (tmp_path / "local.env").write_text(f"RECOVERY_ENCRYPTION_KEYS={key}\n")

    assert found() == ["project.E003"]


def test_a_missing_signing_key_is_refused(settings):
    settings.RECOVERY_SIGNING_KEYS = []

    assert found() == ["project.E011"]


def test_a_signing_key_made_for_this_checkout_is_refused(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    [key] = settings.RECOVERY_SIGNING_KEYS
    (tmp_path / "local.env").write_text(f"RECOVERY_SIGNING_KEYS={key}\n")

    assert found() == ["project.E011"]


@pytest.mark.parametrize("url", ["", "http://desk.example.org", "https://", "desk.example.org"])
def test_a_base_url_without_https_is_refused(settings, url):
    settings.RECOVERY_BASE_URL = url

    assert found() == ["project.E004"]


def test_showing_otp_secrets_is_refused(settings):
    settings.OTP_ADMIN_HIDE_SENSITIVE_DATA = False

    assert found() == ["project.E005"]


def test_atomic_requests_are_refused(settings, monkeypatch):
    monkeypatch.setitem(settings.DATABASES["default"], "ATOMIC_REQUESTS", value=True)

    assert found() == ["project.E006"]


@pytest.mark.parametrize("path", [*MIDDLEWARE_ORDER, *MIDDLEWARE_ANYWHERE])
def test_a_missing_middleware_is_refused(settings, path):
    settings.MIDDLEWARE = [one for one in settings.MIDDLEWARE if one != path]

    assert found() == ["project.E007"]


@pytest.mark.parametrize("path", MIDDLEWARE_ORDER[1:])
def test_a_middleware_that_runs_too_early_is_refused(settings, path):
    settings.MIDDLEWARE = [path, *(one for one in settings.MIDDLEWARE if one != path)]

    assert found() == ["project.E008"]


GATE = "recovery.middleware.ReenrolmentMiddleware"


def test_without_the_gate_nothing_is_served(settings):
    settings.MIDDLEWARE = [one for one in settings.MIDDLEWARE if one != GATE]

    [finding] = check_deployment()

    assert GATE in finding.msg
    assert finding.hint


@pytest.mark.parametrize(
    "before",
    [
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django_otp.middleware.OTPMiddleware",
        "recovery.middleware.SourceMiddleware",
        "console.middleware.StaffSessionMiddleware",
    ],
)
def test_the_gate_comes_after_whatever_it_asks(settings, before):
    """Earlier, it would gate nobody: no user, no device, a session that is about to end."""
    others = [one for one in settings.MIDDLEWARE if one != GATE]
    place = others.index(before)
    settings.MIDDLEWARE = [*others[:place], GATE, *others[place:]]

    assert set(found()) == {"project.E008"}


@pytest.mark.parametrize("hosts", [[], ["*"], ["desk.example.org", "*"]])
def test_open_hosts_are_refused(settings, hosts):
    settings.ALLOWED_HOSTS = hosts

    assert found() == ["project.E009"]


@pytest.mark.parametrize("name", ["console", "dummy", "filebased", "locmem"])
def test_mail_that_reaches_nobody_is_refused(settings, name):
    settings.EMAIL_BACKEND = f"django.core.mail.backends.{name}.EmailBackend"

    assert found() == ["project.E010"]


def test_every_finding_says_what_to_do(settings, monkeypatch):
    monkeypatch.setitem(settings.DATABASES["default"], "ATOMIC_REQUESTS", value=True)
    settings.DEBUG = True
    settings.SECRET_KEY = ""
    settings.RECOVERY_ENCRYPTION_KEYS = []
    settings.RECOVERY_BASE_URL = ""
    settings.OTP_ADMIN_HIDE_SENSITIVE_DATA = False
    settings.MIDDLEWARE = []
    settings.ALLOWED_HOSTS = []
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"

    findings = check_deployment()
    assert {finding.id for finding in findings} >= {"project.E001", "project.E006", "project.E010"}
    assert all(finding.hint for finding in findings)
