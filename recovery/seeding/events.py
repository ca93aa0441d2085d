"""Invented events about invented people: hashed here, and linked by the database's own triggers."""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from multiprocessing import get_context
from random import Random, SystemRandom
from typing import Any, Final

import django
from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from recovery.audit.checkpoints import make_checkpoint
from recovery.audit.columns import FIELDS, quickly_made
from recovery.conf import conf
from recovery.models import Account, AuditEvent
from recovery.seeding.people import LOGIN, invented
from recovery.seeding.stories import Person, told
from recovery.seeding.writing import AT_ONCE, write_rows

AGENTS: Final = 12
SPAN: Final = timedelta(days=180)
MANY: Final = 100_000
"""From so many on it is worth to start processes that make them."""
NAMES: Final = (*FIELDS, "content")
Row = tuple[Any, ...]
_AT: Final[Any] = AuditEvent._meta.get_field("at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Some events that follow on each other: all that it takes to make them."""

    first: int
    begins: datetime
    step: timedelta
    subjects: list[Person]
    agents: list[Person]
    seed: int


def write_events(count: int, *, progress: Callable[[str], None]) -> None:
    """Append so many events about the invented people, and sign the head of the chain.

    They lie between the newest event there is, or half a year ago, and now: so the order of the
    chain is that of time.
    """
    written = 0
    for rows in _made(_parts(count), count):
        with transaction.atomic():
            write_rows(AuditEvent, NAMES, map(_ready, rows))
        written += len(rows)
        if written % MANY == 0:
            progress(f"{written:,} events are on the ledger.")
    if conf.SIGNING_KEYS:
        make_checkpoint()


def make(part: Part) -> list[Row]:
    """The rows of a part, each with its content as it is hashed."""
    chance, rows = Random(part.seed), []  # noqa: S311 - nothing of it is a secret
    for nth, subject in enumerate(part.subjects):
        at = part.begins + part.step * nth
        event = told(part.first + nth, at, subject, part.agents, chance)
        event["content"] = quickly_made(event)
        event["detail"] = json.dumps(event["detail"])
        rows.append(tuple([event[name] for name in NAMES]))
    return rows


def _made(parts: Iterator[Part], count: int) -> Iterator[list[Row]]:
    if count < MANY:
        yield from map(make, parts)
        return
    spawning, workers = get_context("spawn"), max((os.cpu_count() or 2) - 1, 1)
    with ProcessPoolExecutor(workers, spawning, initializer=django.setup) as pool:
        yield from _ahead(pool, parts, depth=workers + 1)


def _ahead(pool: ProcessPoolExecutor, parts: Iterable[Part], *, depth: int) -> Iterator[list[Row]]:
    """Their rows in order, with no more made than what is written next."""
    waiting: deque[Future[list[Row]]] = deque()
    for part in parts:
        waiting.append(pool.submit(make, part))
        if len(waiting) > depth:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _parts(count: int) -> Iterator[Part]:
    now, chance = timezone.now(), SystemRandom()
    newest = AuditEvent.objects.aggregate(at=Max("at"))["at"] or now - SPAN
    begins = min(max(newest, now - SPAN), now)
    step, first = (now - begins) / (count + 1), AuditEvent.objects.count() + 1
    everybody, agents = _everybody(), list(islice(_everybody(), AGENTS))
    for done in range(0, count, AT_ONCE):
        subjects = list(islice(everybody, min(AT_ONCE, count - done)))
        chance.shuffle(subjects)
        yield Part(
            first=first + done,
            begins=begins + step * (done + 1),
            step=step,
            subjects=subjects,
            agents=agents,
            seed=chance.getrandbits(64),
        )


def _everybody() -> Iterator[Person]:
    """The invented people, round and round."""
    login = f"user__{invented().model.USERNAME_FIELD}"
    accounts = Account.objects.filter(**{f"{login}__startswith": LOGIN}).order_by("pk")
    people, last = accounts.values_list("pk", "user_id", login, "tier"), 0
    while True:
        some = list(people.filter(pk__gt=last)[:AT_ONCE])
        yield from ((str(user), name, tier) for _pk, user, name, tier in some)
        last = some[-1][0] if len(some) == AT_ONCE else 0


def _ready(row: Row) -> Row:
    """A row as the database takes it: all but the time is text in every one."""
    return (_AT.get_db_prep_save(row[0], connection), *row[1:])
