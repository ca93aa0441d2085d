"""The demo's two processes: started together, ended together."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event
from typing import Any, Final

from django.conf import settings

HOST: Final = "127.0.0.1"
ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PATIENCE: Final = 10.0
"""Seconds that a process gets to end by itself."""
GLANCE: Final = 0.2
"""Seconds between two looks at whether both still run."""


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def environment(port: int) -> dict[str, str]:
    """What both processes run with: links lead to this server, and no mail leaves the machine."""
    ours = {
        "BASE_URL": f"http://{HOST}:{port}",
        "EMAIL_URL": "filemail://",
        "DEFAULT_FROM_EMAIL": "Alder Quay help desk <desk@example.org>",
        "DESK_NAME": "Alder Quay help desk",
        "DESK_CONTACT": "extension 4357 (HELP), from any desk phone",
        "DJANGO_RUNSERVER_HIDE_WARNING": "true",
        # What is printed shows at once, also where it is piped.
        "PYTHONUNBUFFERED": "1",
    }
    return {**ours, **os.environ, "EMAIL_URL": ours["EMAIL_URL"]}


@contextmanager
def running(commands: Mapping[str, Sequence[str]], env: Mapping[str, str]) -> Iterator[Pair]:
    """Start `manage.py` with each list of arguments; end whatever still runs at the end."""
    manage = str(Path(settings.BASE_DIR) / "manage.py")
    processes = {}
    try:
        for name, arguments in commands.items():
            # A session of its own: Ctrl-C reaches us alone, and we end the others in order.
            processes[name] = subprocess.Popen(  # noqa: S603 - this project's own commands
                [sys.executable, manage, *arguments], env=dict(env), start_new_session=True
            )
        yield Pair(processes)
    finally:
        _end(processes.values())


class Pair:
    """The processes while they run."""

    def __init__(self, processes: Mapping[str, subprocess.Popen[bytes]]) -> None:
        self.processes = processes

    def first_dead(self) -> str | None:
        """The name of a process that has ended, if one has."""
        ended = (name for name, process in self.processes.items() if process.poll() is not None)
        return next(ended, None)

    def wait_for_port(self, port: int, stop: Event, *, patience: float = 60) -> bool:
        """Wait until the server answers; False if something ended before."""
        until = time.monotonic() + patience
        while time.monotonic() < until and not stop.is_set() and self.first_dead() is None:
            with suppress(OSError), socket.create_connection((HOST, port), timeout=1):
                return True
            stop.wait(GLANCE)
        return False

    def watch(self, stop: Event) -> str | None:
        """Wait until told to stop, or until one has died; return the name of that one."""
        while not stop.is_set():
            if (dead := self.first_dead()) is not None:
                return dead
            stop.wait(GLANCE)
        return None


@contextmanager
def told_to_stop() -> Iterator[Event]:
    """An event that Ctrl-C, SIGTERM or a closed terminal sets."""
    stop = Event()

    def end(*_: Any) -> None:
        stop.set()

    before = {number: signal.signal(number, end) for number in ENDING}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(processes: Any) -> None:
    alive = [process for process in processes if process.poll() is None]
    for process in alive:
        process.terminate()
    for process in alive:
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
