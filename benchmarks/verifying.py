"""What verifying the database costs beside SHA-256 alone over the same lines."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import resource
import secrets
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from django.db import connection, connections, transaction
from django.utils import timezone

from benchmarks.pairs import Bar, Row, side_by_side
from recovery.audit.checkpoints import make_checkpoint
from recovery.audit.diagnosis import LINE
from recovery.audit.linking import ENTRIES, EVENTS
from recovery.audit.streaming import chain_rows
from recovery.audit.verification import verify_ledger, verify_slice
from recovery.canonical import GENESIS
from recovery.models import AuditEvent

FEW = 10_000
COUNT = int(os.environ.get("SPAREKEY_BENCH_EVENTS", "100000"))
TEMPLATES = 1_000
STEP = 100_000
RUNS = 7


def measure_verifying() -> Iterator[Row]:
    """The chain, the chain with the columns, and the memory of both."""
    fill(COUNT)
    lines = _lines(FEW)
    times = COUNT // FEW

    def alone() -> None:
        """Hash as many bytes: more lines than these would be held in memory for it."""
        for _ in range(times):
            for line in lines:
                hashlib.sha256(line).digest()

    yield side_by_side(
        f"verifying the chain in the database, {COUNT:,} events ÷ SHA-256 alone",
        lambda: verify_ledger(columns=False),
        alone,
        runs=RUNS if COUNT <= STEP else 3,
        bar=Bar(at_most=5),
    )
    some = lines[: FEW // 2]
    yield side_by_side(
        f"the same with every column compared, {len(some):,} events ÷ SHA-256 alone",
        lambda: verify_slice((0, GENESIS), len(some)),
        lambda: [hashlib.sha256(line).digest() for line in some],
        runs=3,
    )
    few = _peak(lambda: verify_slice((0, GENESIS), FEW))
    yield Row(
        f"peak memory, {COUNT:,} events with columns ÷ {FEW:,}",
        _peak(verify_ledger),
        few,
        1,
        unit="MB",
        bar=Bar(at_most=1.1),
    )


def fill(count: int) -> None:
    """Write so many events, and link them all: a thousand different ones, again and again."""
    now = timezone.now()
    AuditEvent.objects.bulk_create(_event(now, number) for number in range(TEMPLATES))
    columns = ", ".join(
        field.column for field in AuditEvent._meta.local_fields if not field.primary_key
    )
    again = f"""INSERT INTO {EVENTS} ({columns})
        SELECT {columns} FROM {EVENTS}, generate_series(1, %s)
        WHERE id <= (SELECT MIN(id) + %s - 1 FROM {EVENTS})"""  # noqa: S608 - our own columns
    for done in range(TEMPLATES, count, STEP):
        with transaction.atomic(), connection.cursor() as cursor:
            more = min(STEP, count - done) // TEMPLATES
            cursor.execute(again, [more, TEMPLATES])
        make_checkpoint()
    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM ANALYZE {EVENTS}, {ENTRIES}")


def _event(now: datetime, number: int) -> AuditEvent:
    return AuditEvent(
        at=now - timedelta(seconds=number),
        operation="regenerate_backup_codes",
        outcome="completed",
        actor_id=str(number),
        actor_name=f"agent{number}@example.org",
        subject_id=str(number),
        subject_name=f"person{number}@example.org",
        subject_tier="standard",
        reason="Lost the phone on the way to work, called back at the number on record",
        ticket=f"HD-{number}",
        proofing="call_back",
        source_address="192.0.2.7",
        user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        session_digest=secrets.token_hex(32),
        verified_by="totp",
        authenticator=f"recovery.totpauthenticator/{number}",
        detail={"issued": 10, "ended": 1},
    )


def _lines(count: int) -> list[bytes]:
    previous, lines = GENESIS.encode(), []
    for sequence, event_id, own, content in chain_rows(connection, upto=count):
        lines.append(LINE % (event_id, previous, sequence, content[1:]))
        previous = own
    return lines


def _peak(verify: Callable[[], object]) -> float:
    """The most memory that one process ever had that does nothing else, in MB."""
    connections.close_all()  # a fork would share it
    _measured.verify = verify  # what a fork knows needs no pickling
    with multiprocessing.get_context("fork").Pool(1) as pool:
        return pool.apply(_measured)


def _measured() -> float:
    _measured.verify()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
