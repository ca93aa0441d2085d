"""Hands the ledger to a SIEM, in the chain's order: each event at least once, as a line of OCSF."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from django.utils import timezone

from recovery.audit.ocsf import line_of
from recovery.conf import conf
from recovery.models import ChainEntry, Cursor

if TYPE_CHECKING:
    from collections.abc import Sequence

logger = logging.getLogger(__name__)

CURSOR: Final = "siem"
BATCH: Final = 500
"""After how many events it is remembered how far it came."""
BATCHES: Final = 20
"""After how many of those the worker's other tasks have their turn."""


class NotTaken(Exception):
    """A handler did not take an event. Nothing is remembered, and the next round begins there."""


def send_to_siem() -> int:
    """Hand on what is new, up to a limit; return how many events. Nothing, without a logger."""
    sent = 0
    for _ in range(BATCHES if conf.SIEM_LOGGER else 0):
        taken = _send_batch()
        sent += taken
        if taken < BATCH:
            break
    return sent


def progress() -> Cursor:
    """How far it has come: to the beginning, where it never ran."""
    return Cursor.objects.get_or_create(name=CURSOR)[0]


def go_on_after(sequence: int) -> Cursor:
    """Let the next round begin with the event after ``sequence``, whether it was sent or not."""
    entry = ChainEntry.objects.filter(sequence=sequence).first()
    known = {"sequence": sequence, "hash": entry.hash if entry else "", "moved_at": timezone.now()}
    return Cursor.objects.update_or_create(name=CURSOR, defaults=known)[0]


def _send_batch() -> int:
    cursor = progress()
    if _is_another_chain(cursor):
        _begin_anew(cursor)
        return 0
    following = ChainEntry.objects.filter(sequence__gt=cursor.sequence).order_by("sequence")
    entries = list(following.select_related("event")[:BATCH])
    if not entries:
        return 0
    _hand_over([line_of(entry) for entry in entries])
    return len(entries) if _move(cursor, entries[-1]) else 0


def _move(cursor: Cursor, last: ChainEntry) -> bool:
    """Remember how far it came, unless another worker was there first and knows better."""
    known = {"sequence": last.sequence, "hash": last.hash, "moved_at": timezone.now()}
    unmoved = Cursor.objects.filter(name=CURSOR, sequence=cursor.sequence, hash=cursor.hash)
    return bool(unmoved.update(**known))


def _is_another_chain(cursor: Cursor) -> bool:
    """Whether what was sent last is no longer there, and no purge took it."""
    if not cursor.hash:
        return False
    here = ChainEntry.objects.filter(sequence__gte=cursor.sequence).order_by("sequence").first()
    return here is None or (here.sequence == cursor.sequence and here.hash != cursor.hash)


def _begin_anew(cursor: Cursor) -> None:
    """Send all of it again: then the SIEM holds what was, and what is said to have been."""
    logger.error("The ledger is not the one that was sent up to event %s.", cursor.sequence)
    _move(cursor, ChainEntry(sequence=0, hash=""))


def _hand_over(lines: Sequence[str]) -> None:
    handlers = list(_handlers())
    if not handlers:
        raise NotTaken(f"The logger {conf.SIEM_LOGGER} has no handler.")
    for line in lines:
        for handler in handlers:
            _give(handler, _record(line))
    for handler in handlers:
        handler.flush()


def _handlers() -> Iterator[logging.Handler]:
    """The handlers that logging itself would call, whatever their level."""
    at: logging.Logger | None = logging.getLogger(conf.SIEM_LOGGER)
    while at is not None:
        yield from at.handlers
        at = at.parent if at.propagate else None


def _record(line: str) -> logging.LogRecord:
    """A record of nothing but the line. It is masked already; to mask it as text would break it."""
    known = {"name": conf.SIEM_LOGGER, "levelno": logging.INFO, "levelname": "INFO", "msg": line}
    return logging.makeLogRecord(known)


def _give(handler: logging.Handler, record: logging.LogRecord) -> None:
    with _failures(handler) as failures:
        handler.handle(record)
    if failures:
        logger.error("%s did not take an event: %s", type(handler).__name__, failures[0])
        raise NotTaken


@contextmanager
def _failures(handler: logging.Handler) -> Iterator[list[str]]:
    """Hear of what a handler can't do: logging prints it, event and all, and carries on."""
    failures: list[str] = []
    said = vars(handler).get("handleError")

    def note(record: logging.LogRecord) -> None:
        failures.append(type(sys.exception()).__name__)
        if type(handler).handleError is not logging.Handler.handleError:
            type(handler).handleError(handler, record)

    vars(handler)["handleError"] = note
    try:
        yield failures
    except Exception as error:  # noqa: BLE001 - one that lets it out is no worse than one that tells
        failures.append(type(error).__name__)
    finally:
        vars(handler).pop("handleError")
        if said is not None:
            vars(handler)["handleError"] = said
