import logging
import os
import re
import signal
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from recovery import tasks, worker
from recovery.actors import Actor
from recovery.audit import audited
from recovery.enums import NoticeState, Operation
from recovery.models import Notice

SECRET = "7K3MQ9TD0ZVHPX4R"


@pytest.mark.django_db(transaction=True)
def test_a_round_delivers_what_waits(run, make_account, give_address):
    account = make_account()
    give_address(account, "amelie@example.org", timezone.now())
    with audited(Operation.ENROL_STAFF, actor=Actor.command("test"), subject=account):
        pass

    printed = run("worker", once=True)

    assert [message.to for message in mail.outbox] == [["amelie@example.org"]]
    assert Notice.objects.get().state == NoticeState.SENT
    assert re.fullmatch(r"[1-9]\d* things done.\n", printed.out)


def _broken():
    raise RuntimeError(f"The mail said {SECRET}")


@pytest.mark.django_db
def test_a_broken_task_stops_no_other_and_is_logged_without_its_text(monkeypatch, caplog):
    ran = []
    monkeypatch.setattr(tasks, "TASKS", (_broken, lambda: ran.append("next") or 1))

    with caplog.at_level(logging.DEBUG):
        done = worker.run_once()

    assert (done, ran) == (1, ["next"])
    assert "_broken failed: RuntimeError" in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.django_db
def test_a_signal_ends_the_loop_after_the_task_that_runs(monkeypatch):
    ran = []

    def interrupted():
        ran.append("first")
        os.kill(os.getpid(), signal.SIGTERM)
        return 0

    monkeypatch.setattr(tasks, "TASKS", (interrupted, lambda: ran.append("second") or 0))
    before = signal.getsignal(signal.SIGTERM)

    worker.run_until_told(timedelta(seconds=30))

    assert ran == ["first"]
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_process_ends_in_good_order(number, tmp_path):
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "project.settings",
        "VAR_DIR": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{tmp_path}/empty.sqlite3",
    }
    command = [sys.executable, "manage.py", "worker", "--every", "60", "--skip-checks"]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)

    assert "Working" in process.stderr.readline()
    time.sleep(0.5)
    process.send_signal(number)

    process.communicate(timeout=30)  # what it says of a database without tables fills a pipe

    assert process.returncode == 0
