"""No gap, no fork and no false alarm, however many write, verify, or are killed."""

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from threading import Event

import pytest
from django.db import connection

from recovery.audit import rounds, verification
from recovery.audit.checkpoints import make_checkpoint
from recovery.audit.streaming import chain_rows, snapshot
from recovery.audit.verification import verify_ledger
from recovery.models import AuditEvent, ChainEntry
from tests.concurrency import at_once, race
from tests.recovery.audit import chains

pytestmark = [
    pytest.mark.concurrency,
    pytest.mark.django_db(transaction=True),
    pytest.mark.requirement("P13"),
]

KILLINGS = 6


def test_writers_that_are_killed_in_mid_transaction_leave_no_hole_and_no_fork():
    with _writers() as write:
        unfinished = 0
        for _ in range(KILLINGS):
            told = write(4, 10_000, meanwhile=_kill_at_some_moment)
            unfinished += told["begun"] - told["ended"]
            _must_be_whole()

    assert unfinished > KILLINGS
    before = ChainEntry.objects.count()
    assert before > 0
    chains.ledger(2)
    assert _must_be_whole() == before + 2


def test_a_verification_sees_one_moment_and_holds_no_writer_up():
    chains.ledger(2)

    with snapshot(connection):
        assert len(list(chain_rows(connection))) == 2
        assert at_once(1, lambda _: chains.ledger(1)) == [None]
        assert len(list(chain_rows(connection))) == 2
        assert ChainEntry.objects.count() == 2

    assert ChainEntry.objects.count() == 3


def test_a_checkpoint_that_is_told_meanwhile_is_no_alarm(sink, monkeypatch):
    chains.ledger(1)
    make_checkpoint()

    @contextmanager
    def overtaken(connection):
        with snapshot(connection):
            assert ChainEntry.objects.exists()  # a snapshot begins with the first look
            assert at_once(1, lambda _: (chains.ledger(1), make_checkpoint())) != [None]
            yield

    monkeypatch.setattr(verification, "snapshot", overtaken)

    assert verify_ledger().last == 1
    assert len(sink.read_text().splitlines()) == 2


def test_eight_writers_and_two_verifiers_at_once_raise_no_false_alarm():
    ended = Event()

    def writing():
        with _writers() as write:
            try:
                return write(8, 20)
            finally:
                ended.set()

    def again_and_again(verify):
        def verifying():
            seen = []
            while not ended.is_set() or not seen:
                seen.append(verify())
            return seen

        return verifying

    told, *seen, breaks, _ = race(
        [
            writing,
            *(again_and_again(lambda: verify_ledger().last) for _ in range(2)),
            again_and_again(rounds.verify_new),
            again_and_again(make_checkpoint),
        ]
    )

    assert told == {"begun": 160, "ended": 160}
    last = _must_be_whole()
    assert all(places == sorted(places) for places in seen)
    assert any(0 < place < last for places in seen for place in places)
    assert set(breaks) == {0}


@contextmanager
def _writers():
    """Start the process that starts writers, and let it be told how many."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.concurrency.writer", str(connection.settings_dict["NAME"])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def write(writers, transactions, meanwhile=lambda _: None):
        process.stdin.write(f"{writers} {transactions}\n")
        process.stdin.flush()
        meanwhile(json.loads(process.stdout.readline()))
        return json.loads(process.stdout.readline())

    with process:
        yield write
        process.stdin.close()


def _kill_at_some_moment(pids):
    for pid in pids:
        time.sleep(0.02 + secrets.randbelow(130) / 1000)
        os.kill(pid, signal.SIGKILL)


def _must_be_whole():
    """Assert that every event has its place, and that there is no other; how many there are."""
    numbers = list(ChainEntry.objects.order_by("sequence").values_list("sequence", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) == AuditEvent.objects.count()
    assert verify_ledger().last == len(numbers)
    return len(numbers)
