"""The loop around the tasks: one that fails is told of, and stops none of the others."""

from __future__ import annotations

import logging
import signal
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, Final

from django.db import close_old_connections, connections

from recovery import service, tasks

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

logger = logging.getLogger(__name__)

ENDING: Final = (signal.SIGINT, signal.SIGTERM)


def run_once(stop: Event | None = None) -> int:
    """Run each task once; return how much they did. Ends early, between two tasks, on ``stop``."""
    stop = stop or Event()
    return _run_quick(stop) + _run_long(stop)


def run_until_told(every: timedelta) -> None:
    """Run the tasks again and again, until SIGINT or SIGTERM; a second one ends it at once.

    Both its ends are on the ledger.
    """
    with _told_to_stop() as stop, service.running(service.WORKER):
        beside = Thread(target=_run_long_until, args=(stop, every), name="jobs")
        beside.start()
        try:
            while not stop.is_set():
                _run_quick(stop)
                stop.wait(every.total_seconds())
        finally:
            stop.set()
            beside.join()


def _run_quick(stop: Event) -> int:
    close_old_connections()
    done = 0
    for task in tasks.TASKS:
        if stop.is_set():
            break
        done += _run(task)
    return done


def _run_long(stop: Event) -> int:
    close_old_connections()
    return sum(_run(task, stop.is_set) for task in tasks.LONG_TASKS)


def _run_long_until(stop: Event, every: timedelta) -> None:
    """A thread of its own, and a connection of its own."""
    try:
        while not stop.is_set():
            _run_long(stop)
            stop.wait(every.total_seconds())
    finally:
        connections.close_all()


def _run(task: Callable[..., int], *arguments: Any) -> int:
    try:
        done = task(*arguments)
    except Exception as error:  # noqa: BLE001 - whatever it was, the other tasks go on
        _tell(task, error)
        return 0
    if done:
        logger.info("%s: %s", task.__name__, done)
    return done


def _tell(task: Callable[..., int], error: Exception) -> None:
    """Log where it broke. The error's own text might quote a mail, and in it a link."""
    where = "".join(traceback.format_tb(error.__traceback__))
    logger.error("%s failed: %s\n%s", task.__name__, type(error).__name__, where.rstrip())


@contextmanager
def _told_to_stop() -> Iterator[Event]:
    stop = Event()
    before = {number: signal.getsignal(number) for number in ENDING}

    def end(*_: Any) -> None:
        stop.set()
        _restore(before)

    for number in ENDING:
        signal.signal(number, end)
    try:
        yield stop
    finally:
        _restore(before)


def _restore(handlers: dict[signal.Signals, Any]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, handler)
