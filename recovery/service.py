"""When a process of the service begins and ends, with which release and which settings."""

from __future__ import annotations

import atexit
import logging
import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from django.db import DatabaseError, connections, router
from django.utils import timezone

from recovery import configuration
from recovery.actors import Actor
from recovery.audit import Draft, append, triggers
from recovery.audit.proving import LedgerUnguarded
from recovery.enums import Operation, Outcome
from recovery.models import AuditEvent
from recovery.version import VERSION

logger = logging.getLogger(__name__)

WEB: Final = "web"
WORKER: Final = "worker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A start that is on the ledger."""

    service: str
    digest: str
    since: str
    pid: int


@contextmanager
def running(service: str) -> Iterator[None]:
    """Record the start, then the end, of what the body runs. What can't be recorded isn't run."""
    started = _start(service)
    try:
        yield
    finally:
        if started is not None:
            _stop(started)


def begun(service: str = WEB) -> None:
    """Record that a server process begins, and see to it that its end is recorded too.

    For ``wsgi.py`` and ``asgi.py``, once the site is found to be in order. In a thread of its
    own, because a server may load us from within its event loop, or fork afterwards: neither
    may meet our connection.
    """
    with ThreadPoolExecutor(1) as thread:
        started = thread.submit(_start_and_hang_up, service).result()
    if started is not None:
        atexit.register(_stop, started)


def _start_and_hang_up(service: str) -> Started | None:
    try:
        return _start(service)
    finally:
        connections.close_all()


def _start(service: str) -> Started | None:
    """Put the start on the ledger; None where there is none yet, before the first migrate."""
    connection = connections[router.db_for_write(AuditEvent)]
    if not triggers.is_migrated(connection):
        logger.warning("The %s starts on a database that has no ledger yet: migrate.", service)
        return None
    if unguarded := triggers.missing(connection):
        raise LedgerUnguarded(f"Not there or switched off: {', '.join(sorted(unguarded))}.")
    now = configuration.digests()
    detail, digest = _compared(service, now), configuration.digest(now)
    started = Started(
        service=service, digest=digest, since=timezone.now().isoformat(), pid=os.getpid()
    )
    _append(Operation.START_SERVICE, started, detail)
    return started


def _compared(service: str, now: dict[str, str]) -> dict[str, Any]:
    """Which settings are not what they were at the last start. The digests stand there once."""
    starts = AuditEvent.objects.filter(
        operation=Operation.START_SERVICE, detail__service=service, detail__has_key="settings"
    )
    last = starts.order_by("-at", "-id").values_list("detail", flat=True).first()
    names = configuration.changed(last["settings"]) if last else []
    is_known = last is not None and not names
    return {"changed": names} if is_known else {"changed": names, "settings": now}


def _stop(started: Started) -> None:
    """Record the end. Whoever is being ended can't wait for a database that does not answer."""
    if os.getpid() != started.pid:  # a fork of it: its parent's end is not its own
        return
    try:
        _append(Operation.STOP_SERVICE, started, {"since": started.since})
    except DatabaseError:
        logger.exception("The end of the %s could not be recorded.", started.service)


def _append(operation: Operation, started: Started, detail: dict[str, Any]) -> None:
    said = {
        "service": started.service,
        "version": VERSION,
        "digest": started.digest,
        "process": f"{socket.gethostname()}/{started.pid}",
    }
    draft = Draft(operation=operation, actor=Actor.command(started.service), detail=said | detail)
    append(draft, Outcome.COMPLETED)
