"""The demo's processes, with real ones."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from threading import Event

import pytest

from project.demo import processes

# The whole command but for the making of the organisation, which is slow and tested elsewhere.
DEMO = """
import django, sys
django.setup()
from django.core.management import call_command
from project.demo import organisation
from project.demo.memory import Memory
organisation.make_whole = lambda progress: Memory(mark="m", passwords={"maya.lindqvist": "pass-w"})
call_command("demo", port=int(sys.argv[1]))
"""
SLEEPER = ("shell", "--verbosity", "0", "-c", "import time; time.sleep(60)")


def free_port():
    with socket.socket() as probe:
        probe.bind((processes.HOST, 0))
        return probe.getsockname()[1]


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def environment(tmp_path):
    """A project of nobody's, in its development settings."""
    unset = {"DATABASE_URL", "SPAREKEY_TEST_DIR", "DEBUG"}
    kept = {name: value for name, value in os.environ.items() if name not in unset}
    return kept | {
        "DJANGO_SETTINGS_MODULE": "project.settings",
        "VAR_DIR": str(tmp_path),
        "PYTHONUNBUFFERED": "1",
    }


@pytest.fixture
def start_demo(environment):
    started = []

    def start(port):
        process = subprocess.Popen(
            [sys.executable, "-c", DEMO, str(port)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.terminate()
        process.wait(timeout=20)
        process.stdout.close()


def read_until(process, words):
    lines = []
    for line in process.stdout:
        lines.append(line)
        if words in line:
            return "".join(lines)
    pytest.fail(f"It ended without saying {words!r}:\n{''.join(lines)}")


def children_of(pid):
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(pid) for pid in listed.split()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_demo_runs_until_it_is_told_to_end_and_ends_both(start_demo, number):
    port = free_port()
    process = start_demo(port)

    said = read_until(process, "demo/mail/")
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/demo/mail/", timeout=20) as answer:
        assert answer.status == 200
    children = children_of(process.pid)
    process.send_signal(number)
    rest = process.stdout.read()

    assert process.wait(timeout=20) == 0
    assert "maya.lindqvist  Help-desk agent       pass-w" in said
    assert "manage.py totp maya.lindqvist" in said
    assert "What was done in it is kept." in rest
    assert len(children) == 2
    assert not any(map(is_alive, children))


def test_the_demo_ends_when_one_of_its_processes_dies(start_demo):
    process = start_demo(free_port())
    read_until(process, "demo/mail/")

    for pid in children_of(process.pid)[1:]:
        os.kill(pid, signal.SIGKILL)
    said = process.stdout.read()

    assert process.wait(timeout=20) == 1
    assert "has ended by itself" in said


def test_a_port_that_is_taken_is_told_at_once(start_demo):
    with socket.socket() as taken:
        taken.bind((processes.HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = start_demo(port)

        assert f"Port {port} is taken" in process.stdout.read()
        assert process.wait(timeout=20) == 1


def test_what_still_runs_is_ended_with_the_block(environment):
    commands = {"sleeper": SLEEPER, "short": ("help",)}
    begun = time.monotonic()

    with processes.running(commands, environment) as pair:
        assert pair.watch(Event()) == "short"
        sleeper = pair.processes["sleeper"]

    assert sleeper.returncode is not None
    assert time.monotonic() - begun < 50


def test_no_mail_leaves_the_machine_and_links_lead_to_this_port(monkeypatch):
    monkeypatch.setenv("EMAIL_URL", "smtp://mail.example.org")
    monkeypatch.delenv("BASE_URL", raising=False)

    environment = processes.environment(8123)

    assert environment["EMAIL_URL"] == "filemail://"
    assert environment["BASE_URL"] == "http://127.0.0.1:8123"


def test_a_database_that_somebody_named_is_left_alone(environment, tmp_path):
    named = tmp_path / "theirs.sqlite3"

    told = subprocess.run(
        [sys.executable, "manage.py", "demo", "--only-make"],
        env=environment | {"DATABASE_URL": f"sqlite:///{named}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert told.returncode == 1
    assert "DATABASE_URL= make demo" in told.stderr
    assert str(named) not in told.stderr
    assert not named.exists()
