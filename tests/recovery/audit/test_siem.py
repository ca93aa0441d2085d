"""Every event reaches the SIEM's logger, in order, at least once, whatever dies or refuses."""

import json
import logging
import os
import signal
import warnings
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.utils import timezone

from recovery import tasks
from recovery.audit import linking, ocsf, siem
from recovery.enums import Operation, Outcome
from recovery.log_handlers import FileHandler
from recovery.models import AuditEvent, ChainEntry, Cursor, PurgeRecord
from tests.factories import last_event

pytestmark = pytest.mark.django_db

NAME = "recovery.siem.tested"


class Keeping(logging.Handler):
    """Keeps each line; refuses, in the way that logging does, while ``broken``."""

    def __init__(self):
        super().__init__()
        self.lines, self.broken, self.reports = [], False, 0

    def emit(self, record):
        if self.broken:
            self.handleError(record)
        else:
            self.lines.append(self.format(record))

    def handleError(self, _):  # noqa: N802 - logging's name
        self.reports += 1


class Raising(logging.Handler):
    def emit(self, _):
        raise ConnectionError("nobody listens")


class Overtaken(logging.Handler):
    """While it writes its first line, another worker hands on the same and more."""

    def __init__(self):
        super().__init__()
        self.waits = True

    def emit(self, _):
        if self.waits:
            self.waits = False
            event()
            siem.send_to_siem()


@pytest.fixture
def listen(settings):
    """Give the SIEM's logger a handler."""
    settings.RECOVERY_SIEM_LOGGER = NAME
    logger = logging.getLogger(NAME)
    logger.propagate = False

    def add(handler):
        logger.addHandler(handler)
        return handler

    yield add
    logger.handlers.clear()


@pytest.fixture
def kept(listen):
    return listen(Keeping())


def event(**fields):
    written = AuditEvent.objects.create(
        operation=Operation.RECONCILE, outcome=Outcome.COMPLETED, **fields
    )
    linking.settle(connection)
    return written


def sequences(lines):
    return [json.loads(line)["metadata"]["sequence"] for line in lines]


def reached():
    return Cursor.objects.get(name="siem").sequence


class TestDelivery:
    @pytest.mark.requirement("A34")
    def test_each_event_is_handed_on_once_in_the_chain_s_order(self, kept):
        for _ in range(3):
            event()

        assert siem.send_to_siem() == 3
        event()
        assert siem.send_to_siem() == 1
        assert siem.send_to_siem() == 0
        assert sequences(kept.lines) == [1, 2, 3, 4]

    def test_the_worker_does_it(self):
        assert siem.send_to_siem in tasks.TASKS

    def test_without_a_logger_nothing_is_read_and_nothing_counts_as_sent(self):
        event()

        assert siem.send_to_siem() == 0
        assert not Cursor.objects.exists()

    def test_a_logger_without_a_handler_takes_nothing(self, settings):
        settings.RECOVERY_SIEM_LOGGER = f"{NAME}.by.nobody"
        logging.getLogger(settings.RECOVERY_SIEM_LOGGER).propagate = False
        event()

        with pytest.raises(siem.NotTaken):
            siem.send_to_siem()
        assert reached() == 0

    def test_a_line_is_the_event_and_nothing_but_the_event(self, kept):
        typed = 'see https://desk.example.org/account/link/gV0pW3bq-t5kR8_yX"}\r\n\x1b[2J'
        event(reason=typed)

        siem.send_to_siem()

        (entry,) = ChainEntry.objects.select_related("event")
        assert kept.lines == [ocsf.line_of(entry)]
        assert "gV0pW3bq" not in kept.lines[0]
        assert json.loads(kept.lines[0])["unmapped"]["reason"].endswith('"}\r\n\x1b[2J')

    def test_a_long_ledger_takes_several_rounds(
        self, kept, monkeypatch, django_assert_max_num_queries
    ):
        monkeypatch.setattr(siem, "BATCH", 2)
        monkeypatch.setattr(siem, "BATCHES", 2)
        for _ in range(5):
            event()

        with django_assert_max_num_queries(10):
            assert siem.send_to_siem() == 4
        assert siem.send_to_siem() == 1
        assert sequences(kept.lines) == [1, 2, 3, 4, 5]


class TestFailure:
    @pytest.mark.requirement("A34")
    def test_what_a_handler_did_not_take_is_handed_on_again(self, kept):
        event()
        kept.broken = True
        with pytest.raises(siem.NotTaken):
            siem.send_to_siem()
        assert (reached(), kept.reports) == (0, 1)

        kept.broken = False
        siem.send_to_siem()

        assert (sequences(kept.lines), reached()) == ([1], 1)

    def test_one_of_several_handlers_is_enough_to_stop_it(self, listen, caplog):
        listen(Keeping())
        listen(Raising())
        event()

        with pytest.raises(siem.NotTaken):
            siem.send_to_siem()
        assert reached() == 0
        assert "Raising did not take an event: ConnectionError" in caplog.text

    def test_a_handler_is_left_as_it_was(self, kept):
        event()

        siem.send_to_siem()

        assert "handleError" not in vars(kept)

    @pytest.mark.requirement("A34")
    def test_two_workers_at_once_lose_nothing_and_do_not_go_back(self, kept, listen):
        for _ in range(4):
            event()
        listen(Overtaken())

        siem.send_to_siem()

        assert reached() == 5
        assert set(sequences(kept.lines)) == {1, 2, 3, 4, 5}

    def test_a_chain_that_is_another_than_was_sent_is_sent_anew(self, kept, caplog):
        event()
        event()
        siem.send_to_siem()
        Cursor.objects.update(hash="0" * 64)

        siem.send_to_siem()
        siem.send_to_siem()

        assert sequences(kept.lines) == [1, 2, 1, 2]
        assert "not the one that was sent" in caplog.text

    def test_a_chain_that_was_cut_off_is_sent_anew(self, kept):
        event()
        siem.send_to_siem()
        Cursor.objects.update(sequence=9)

        siem.send_to_siem()
        siem.send_to_siem()

        assert sequences(kept.lines) == [1, 1]

    def test_what_a_purge_took_is_no_other_chain(self, kept):
        for _ in range(2):
            event(at=timezone.now() - timedelta(days=400))
        Cursor.objects.create(name="siem", sequence=2, hash="ab" * 32)
        event()
        PurgeRecord.objects.create(
            first_sequence=1, last_sequence=2, newest_at=timezone.now(), key_id="0" * 64
        )
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM recovery_auditevent WHERE id <> %s", [last_event().pk])
            cursor.execute("DELETE FROM recovery_chainentry WHERE sequence <= 2")

        siem.send_to_siem()

        assert sequences(kept.lines) == [3]


@pytest.mark.requirement("A34")
@pytest.mark.django_db(transaction=True)
def test_a_worker_that_is_killed_before_the_cursor_moved_loses_nothing(listen, tmp_path):
    path = tmp_path / "siem.jsonl"
    listen(FileHandler(str(path)))
    event()
    event()

    assert _killed_before_the_cursor_moved() == signal.SIGKILL
    assert sequences(path.read_text().splitlines()) == [1, 2]
    assert reached() == 0
    event()
    siem.send_to_siem()

    assert sequences(path.read_text().splitlines()) == [1, 2, 1, 2, 3]
    assert reached() == 3


def _killed_before_the_cursor_moved():
    """Let a process of its own do a round and die where the batch is out and the mark is not."""
    connections.close_all()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the suite's own threads do nothing
        child = os.fork()
    if not child:
        siem._move = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        siem.send_to_siem()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else status
