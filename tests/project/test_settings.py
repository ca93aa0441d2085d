"""What the environment turns into."""

import json

import pytest

from project import databases
from tests.project.production import run_python

TELL = (
    "import json; from django.conf import settings; print(json.dumps(settings.{name}, default=str))"
)


def setting(name: str, **changes: str | None):
    told = run_python("-c", TELL.format(name=name), **changes)
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout)


def test_a_cookie_of_production_is_bound_to_its_host():
    assert setting("SESSION_COOKIE_NAME").startswith("__Host-")
    assert setting("CSRF_COOKIE_NAME").startswith("__Host-")
    assert setting("SESSION_COOKIE_SECURE") is True


def test_a_forwarded_header_is_believed_only_behind_a_proxy_we_know():
    assert setting("SECURE_PROXY_SSL_HEADER") is None
    assert setting("SECURE_PROXY_SSL_HEADER", TRUSTED_PROXIES="10.0.0.0/8") == [
        "HTTP_X_FORWARDED_PROTO",
        "https",
    ]


def test_production_uses_no_key_of_this_checkout():
    assert setting("LOCAL_KEYS") == {}


def test_the_environment_goes_before_the_keys_of_this_checkout(tmp_path):
    chosen = setting("SECRET_KEY", DEBUG="True", SECRET_KEY="chosen", VAR_DIR=str(tmp_path))

    assert chosen == "chosen"


def test_mail_of_a_first_look_lands_in_files(tmp_path):
    where = {"DEBUG": "True", "EMAIL_URL": None, "VAR_DIR": str(tmp_path)}

    assert setting("EMAIL_BACKEND", **where).endswith("filebased.EmailBackend")
    assert setting("EMAIL_FILE_PATH", **where) == str(tmp_path / "mail")


def test_the_demo_is_no_part_of_production():
    assert "project.demo" not in setting("INSTALLED_APPS")


def test_no_policy_allows_inline_code_or_styles():
    policy = str(setting("CONTENT_SECURITY_POLICY"))

    assert "unsafe" not in policy


@pytest.mark.parametrize("engine", ["django.db.backends.sqlite3", "django.db.backends.postgresql"])
def test_what_the_database_url_asks_for_goes_first(engine):
    tuned = databases.tuned({"ENGINE": engine, "CONN_MAX_AGE": 5, "OPTIONS": {"timeout": 1}})

    assert tuned["CONN_MAX_AGE"] == 5
    assert tuned["OPTIONS"]["timeout"] == 1
    assert tuned["ATOMIC_REQUESTS"] is False


def test_sqlite_asks_for_the_write_lock_first():
    options = databases.tuned({"ENGINE": "django.db.backends.sqlite3"})["OPTIONS"]

    assert options["transaction_mode"] == "IMMEDIATE"
    assert "journal_mode=WAL" in options["init_command"]


@pytest.mark.parametrize(
    ("url", "file_name", "is_embedded"),
    [
        (None, "sparekey.sqlite3", True),
        ("", "sparekey.sqlite3", True),
        ("sqlite:///{var}/theirs.sqlite3", "theirs.sqlite3", False),
    ],
)
def test_the_database_is_our_own_file_unless_one_is_named(tmp_path, url, file_name, is_embedded):
    where = {"VAR_DIR": str(tmp_path), "DATABASE_URL": url and url.format(var=tmp_path)}

    assert setting("DATABASES", **where)["default"]["NAME"] == str(tmp_path / file_name)
    assert setting("DATABASE_IS_EMBEDDED", **where) is is_embedded


def test_the_ledger_goes_to_no_siem_unless_somebody_says_where():
    assert setting("RECOVERY_SIEM_LOGGER") == ""


@pytest.mark.requirement("A34")
def test_the_environment_names_a_file_and_a_syslog_server(tmp_path):
    where = {"SIEM_LOG_FILE": str(tmp_path / "siem.jsonl"), "SIEM_SYSLOG": "tls://siem.example.org"}

    assert setting("RECOVERY_SIEM_LOGGER", **where) == "recovery.siem"
    logger = setting("LOGGING", **where)["loggers"]["recovery.siem"]
    assert logger["handlers"] == ["siem_file", "siem_syslog"]
    assert logger["propagate"] is False
