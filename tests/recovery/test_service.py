"""The start and the end of a process are on the ledger, with what it runs on."""

import json
import os
import tomllib
from pathlib import Path
from unittest.mock import patch

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection

from recovery import configuration, service
from recovery.audit import triggers
from recovery.audit.proving import LedgerUnguarded
from recovery.enums import Operation
from recovery.models import AuditEvent
from recovery.version import VERSION

ROOT = Path(__file__).resolve().parents[2]


def lines(operation):
    return list(AuditEvent.objects.filter(operation=operation).order_by("pk"))


def start():
    """Run a service for no time at all; return what its start says."""
    with service.running(service.WEB):
        pass
    return lines(Operation.START_SERVICE)[-1].detail


@pytest.fixture
def without_a_trigger():
    """Take a trigger off, as somebody could who owns the database."""
    name, drop = next(iter(triggers.drops(connection).items()))
    with connection.cursor() as cursor:
        cursor.execute(drop)
    yield name
    triggers.install(connection.alias)


def test_the_version_is_that_of_the_package():
    package = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

    assert package["project"]["version"] == VERSION


@pytest.mark.django_db(transaction=True)
class TestRunning:
    def test_both_ends_say_which_process_ran_which_release_on_which_settings(self):
        with service.running(service.WORKER):
            assert lines(Operation.STOP_SERVICE) == []

        [began], [ended] = lines(Operation.START_SERVICE), lines(Operation.STOP_SERVICE)
        for line in (began, ended):
            assert line.actor_name.startswith("worker (")
            assert (line.detail["service"], line.detail["version"]) == ("worker", VERSION)
            assert line.detail["process"].endswith(f"/{os.getpid()}")
            assert line.detail["digest"] == configuration.digest(configuration.digests())
        assert ended.detail["since"] >= began.at.isoformat()[:19]

    def test_a_start_names_the_settings_that_changed_since_the_last_of_the_same_service(self):
        start()
        again = start()
        with patch.object(settings, "RECOVERY_TICKET_REQUIRED", new=True, create=True):
            stricter = start()
            with service.running(service.WORKER):
                pass

        assert (again["changed"], "settings" in again) == ([], False)
        assert stricter["changed"] == ["RECOVERY_TICKET_REQUIRED"]
        assert lines(Operation.START_SERVICE)[-1].detail["changed"] == []

    def test_nothing_starts_on_a_ledger_that_nothing_guards(self, without_a_trigger):
        with pytest.raises(LedgerUnguarded, match=without_a_trigger):
            start()
        with pytest.raises(CommandError, match="not guarded"):
            call_command("worker")

        assert lines(Operation.START_SERVICE) == []

    @pytest.mark.requirement("A35")
    def test_what_cannot_be_recorded_does_not_start(self):
        broken = patch("recovery.service.append", side_effect=DatabaseError)

        with broken, pytest.raises(DatabaseError), service.running(service.WEB):
            pytest.fail("it ran")

    def test_an_end_that_cannot_be_recorded_is_told_and_ends(self, caplog):
        with service.running(service.WEB), patch("recovery.service.append") as append:
            append.side_effect = DatabaseError
            service._stop(service.Started(service="web", digest="", since="", pid=os.getpid()))

        assert "could not be recorded" in caplog.text

    def test_before_there_is_a_ledger_it_starts_and_says_so(self, caplog):
        unmigrated = patch("recovery.service.triggers.is_migrated", return_value=False)
        with unmigrated, service.running(service.WEB):
            pass

        assert "no ledger yet" in caplog.text
        assert lines(Operation.START_SERVICE) == []

    def test_a_server_that_forks_ends_once(self):
        with patch("recovery.service.atexit.register") as register:
            service.begun()
        end, started = register.call_args.args

        with patch("recovery.service.os.getpid", return_value=started.pid + 1):
            end(started)
        end(started)

        assert len(lines(Operation.START_SERVICE)) == len(lines(Operation.STOP_SERVICE)) == 1


class TestConfiguration:
    @pytest.mark.requirement("A28")
    def test_no_value_can_be_read_or_tried_out(self, settings):
        settings.EMAIL_HOST_PASSWORD = "word"
        shown = configuration.digests()
        settings.SECRET_KEY = "another"

        assert "word" not in json.dumps(shown)
        assert not set(shown.values()) & set(configuration.digests().values())

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("RECOVERY_FAILURE_LIMIT", 5),
            ("EMAIL_HOST_PASSWORD", "new"),
            ("MIDDLEWARE", []),
            ("SECURE_HSTS_SECONDS", 1),
            ("RECOVERY_ENCRYPTION_KEYS", ["new"]),
        ],
    )
    def test_a_change_is_named(self, settings, name, value):
        before = configuration.digests()
        setattr(settings, name, value)

        assert configuration.changed(before) == [name]

    def test_a_new_secret_key_hides_no_other_change_while_the_old_one_is_a_fallback(self, settings):
        before = configuration.digests()
        settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
        settings.SECRET_KEY = "new"
        settings.DEBUG = not settings.DEBUG

        expected = ["DEBUG", "SECRET_KEY", "SECRET_KEY_FALLBACKS"]
        assert configuration.changed(before) == expected
        settings.SECRET_KEY_FALLBACKS = []
        assert configuration.changed(before) == ["SECRET_KEY"]

    def test_a_value_reads_the_same_in_every_process(self):
        odd = {"b": {3, 1}, "a": [object(), len, None], "c": object}

        assert configuration._text(odd) == configuration._text(
            {"c": object, "a": [object(), len, None], "b": {1, 3}}
        )
        assert "0x" not in configuration._text(odd)
