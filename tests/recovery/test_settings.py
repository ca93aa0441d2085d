"""A setting beyond what the standards allow is refused at start."""

from datetime import timedelta

import pytest
from django.core.checks import Error
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from recovery.checks import check_settings
from recovery.conf import RecoverySettings, conf


@pytest.fixture(autouse=True)
def real_cost(settings):
    """Take the suite's cheap hashing away: here the defaults are what is asked about."""
    del settings.RECOVERY_ARGON2_MEMORY_KIB, settings.RECOVERY_ARGON2_PASSES


BEYOND = {
    "BACKUP_CODE_COUNT": [9, 0, 21],
    "PHONE_CODE_LIFETIME": [timedelta(minutes=10, seconds=1), timedelta(days=1)],
    "LINK_LIFETIME": [timedelta(hours=24, seconds=1)],
    "STAFF_IDLE_LIFETIME": [timedelta(hours=1, seconds=1)],
    "STAFF_SESSION_LIFETIME": [timedelta(hours=24, seconds=1)],
    "STEP_UP_MAX_AGE": [timedelta(minutes=16)],
    "FAILURE_LIMIT": [101, 0],
    "ARGON2_MEMORY_KIB": [19 * 1024 - 1],
    "ARGON2_PASSES": [1],
    "ENCRYPTION_KEYS": [[], ["too short"], [""]],
    "SIGNING_KEYS": [[], ["too short"], [""], ["A" * 42 + "=="], ["A" * 43 + "=", "ü" * 44]],
    "RETENTION_MONTHS": [11, 0],
    "CHECKPOINT_EVENTS": [0],
    "CHECKPOINT_INTERVAL": [timedelta(0), timedelta(days=1, seconds=1)],
    "TICKET_PATTERN": ["("],
    "ADDRESS_MIN_AGE": [timedelta(days=6, hours=23)],
    "TRUSTED_PROXIES": [
        ["10.0.0.1/8"],
        ["10.0.0.0/8", "proxy"],
        [""],
        ["fd00::/129"],
        "10.0.0.0/8",
    ],
    "OCSF_VERSION": ["1.6.0", "1.9.0-dev", ""],
    "EXPORT_LIFETIME": [timedelta(0), timedelta(days=7, seconds=1)],
    "EXPORT_ROW_LIMIT": [-1],
    "IMPORT_SIZE_LIMIT": [9_999, 0, (200 << 20) + 1],
    "IMPORT_ROW_LIMIT": [0, 1_000_001],
    "RESTORED_WITHIN": [timedelta(0), timedelta(days=7, seconds=1)],
}
ALLOWED = {
    "BACKUP_CODE_COUNT": [10, 20],
    "PHONE_CODE_LIFETIME": [timedelta(minutes=10), timedelta(minutes=1)],
    "LINK_LIFETIME": [timedelta(hours=24)],
    "STAFF_IDLE_LIFETIME": [timedelta(hours=1)],
    "STAFF_SESSION_LIFETIME": [timedelta(hours=24)],
    "FAILURE_LIMIT": [1, 100],
    "SIGNING_KEYS": [["A" * 43 + "="], ["-_" * 21 + "8="]],
    "RETENTION_MONTHS": [12, 120],
    "CHECKPOINT_EVENTS": [1],
    "CHECKPOINT_INTERVAL": [timedelta(seconds=1), timedelta(days=1)],
    "TICKET_PATTERN": ["", r"HD-\d+"],
    "ADDRESS_MIN_AGE": [timedelta(days=7)],
    "TRUSTED_PROXIES": [[], ["10.0.0.0/8", "192.0.2.7"], ("fd00::/8", "192.0.2.7/32")],
    "OCSF_VERSION": ["1.7.0", "1.8.0"],
    "EXPORT_LIFETIME": [timedelta(hours=1), timedelta(days=7)],
    "EXPORT_ROW_LIMIT": [0, 50_000],
    "IMPORT_SIZE_LIMIT": [10_000, 200 << 20],
    "IMPORT_ROW_LIMIT": [1, 1_000_000],
    "RESTORED_WITHIN": [timedelta(minutes=1), timedelta(days=7)],
}


def cases(table):
    return [(name, value) for name, values in table.items() for value in values]


@pytest.mark.requirement("N11")
@pytest.mark.parametrize(("name", "value"), cases(BEYOND), ids=str)
def test_a_value_beyond_its_limit_is_an_error(settings, name, value):
    setattr(settings, f"RECOVERY_{name}", value)

    (found,) = check_settings()

    assert isinstance(found, Error)
    assert name in found.msg or name.startswith(("ARGON2", "CHECKPOINT"))


@pytest.mark.requirement("N11")
@pytest.mark.parametrize(("name", "value"), cases(ALLOWED), ids=str)
def test_the_limit_itself_is_allowed(settings, name, value):
    setattr(settings, f"RECOVERY_{name}", value)

    assert check_settings() == []


@pytest.mark.parametrize(
    ("mistyped", "meant"),
    [
        ("10.0.0.1/8", "Write 10.0.0.0/8 for '10.0.0.1/8'."),
        (" 10.0.0.0/8", "Write 10.0.0.0/8 for ' 10.0.0.0/8'."),
        ("fd00::1/8", "Write fd00::/8 for 'fd00::1/8'."),
        ("proxy", "'proxy' is no network: write its address, like 192.0.2.7/32."),
    ],
)
def test_a_mistyped_proxy_is_told_with_what_to_write_instead(settings, mistyped, meant):
    settings.RECOVERY_TRUSTED_PROXIES = ["192.0.2.7/32", mistyped]

    (found,) = check_settings()

    assert (found.id, found.hint) == ("recovery.E012", f"{meant} Then start again.")


@pytest.mark.django_db
@pytest.mark.requirement("N11")
def test_nothing_starts_with_such_a_setting(settings):
    settings.RECOVERY_PHONE_CODE_LIFETIME = timedelta(minutes=11)

    with pytest.raises(SystemCheckError, match="PHONE_CODE_LIFETIME"):
        call_command("check")


@pytest.mark.requirement("N11")
def test_the_defaults_are_what_the_standards_ask_for():
    assert timedelta(minutes=10) == conf.PHONE_CODE_LIFETIME
    assert timedelta(minutes=10) == conf.LINK_LIFETIME
    assert timedelta(minutes=30) == conf.LINK_HAND_OVER_WITHIN
    assert timedelta(days=7) == conf.ADDRESS_MIN_AGE
    assert timedelta(minutes=5) == conf.STEP_UP_MAX_AGE
    assert (conf.BACKUP_CODE_COUNT, conf.FAILURE_LIMIT) == (10, 100)


def test_each_setting_says_what_it_is():
    named = {name: one for name, one in vars(RecoverySettings).items() if name.isupper()}

    assert all(one.__doc__ for one in named.values())
