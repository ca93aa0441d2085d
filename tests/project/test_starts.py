"""A real server and a real worker note their starts and ends, and start on no unguarded ledger."""

import json
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import pytest
from django.conf import settings

from tests.project.production import environment, run_python

SERVER = ("-m", "gunicorn", "--workers", "1", "--log-level", "warning", "project.wsgi")
WORKER = ("manage.py", "worker")
PATIENCE = 40


class Site:
    """A production site with a database of its own."""

    def __init__(self, folder):
        self.path = folder / "site.sqlite3"
        self.folder = folder
        self.variables = {"DATABASE_URL": f"sqlite:///{self.path}"}

    def asked(self, statement):
        with closing(sqlite3.connect(self.path)) as database, database:
            return database.execute(statement).fetchall()

    def lines(self):
        rows = self.asked("SELECT operation, detail FROM recovery_auditevent ORDER BY id")
        return [(operation, json.loads(detail)) for operation, detail in rows]

    def run_for_a_while(self, arguments, **changes):
        """Start a process, wait for its line, end it as a service manager does."""
        before = len(self.lines())
        where = ("--bind", f"unix:{self.folder}/socket") if arguments == SERVER else ()
        process = subprocess.Popen(
            [sys.executable, *arguments[:-1], *where, *arguments[-1:]],
            env=environment(**self.variables | changes),
            cwd=settings.BASE_DIR,
            stderr=subprocess.PIPE,
            text=True,
        )
        until = time.monotonic() + PATIENCE
        while len(self.lines()) == before and process.poll() is None and time.monotonic() < until:
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=PATIENCE)
        return process.returncode, told, self.lines()[before:]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = Site(tmp_path_factory.mktemp("site"))
    migrated = run_python("manage.py", "migrate", "-v", "0", **made.variables)
    assert migrated.returncode == 0, migrated.stderr
    return made


@pytest.mark.parametrize(("arguments", "name"), [(SERVER, "web"), (WORKER, "worker")])
def test_a_process_of_the_service_notes_its_start_and_its_end(site, arguments, name):
    code, told, lines = site.run_for_a_while(arguments)
    _, _, stricter = site.run_for_a_while(arguments, TICKET_REQUIRED="true")

    assert code == 0, told
    assert [operation for operation, _ in lines] == ["start_service", "stop_service"]
    assert {detail["service"] for _, detail in lines} == {name}
    assert stricter[0][1]["changed"] == ["RECOVERY_TICKET_REQUIRED"]


def test_neither_starts_on_a_ledger_that_nothing_guards(site):
    [(name, made_by)] = site.asked(
        "SELECT name, sql FROM sqlite_master WHERE name = 'recovery_ledger_link'"
    )
    site.asked(f"DROP TRIGGER {name}")
    try:
        ended = [site.run_for_a_while(arguments) for arguments in (SERVER, WORKER)]
    finally:
        site.asked(made_by)

    for code, told, lines in ended:
        assert code != 0
        assert "The ledger is not guarded." in told
        assert lines == []


def test_a_command_that_ends_by_itself_is_no_start(site):
    before = site.lines()

    assert run_python("manage.py", "worker", "--once", **site.variables).returncode == 0

    assert site.lines() == before
