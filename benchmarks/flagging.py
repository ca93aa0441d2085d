"""Flagging many accounts beside one ``INSERT … SELECT`` of the same rows, on PostgreSQL."""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from benchmarks.pairs import Bar, Row
from tests.plumbing.postgresql import postgresql

if TYPE_CHECKING:
    from recovery.actors import Actor

FEW = 10_000
COUNT = int(os.environ.get("SPAREKEY_BENCH_FLAGS", "100000"))
RUNS = int(os.environ.get("SPAREKEY_BENCH_FLAG_RUNS", "3"))
PARTS = ("recovery_auditevent", "recovery_historicalaccount", "recovery_notice")
KEYS = {"recovery_historicalaccount": "history_id"}


def in_a_server_of_its_own() -> None:
    """Start one that commits durably, and measure in a process that knows no other."""
    with postgresql(durable=True) as url:
        subprocess.run(
            [sys.executable, "-m", "benchmarks.flagging"],
            env=os.environ | {"DATABASE_URL": url},
            check=True,
        )


def main() -> None:
    """Measure against the database that the environment names, or else in one of its own."""
    if not os.environ.get("DATABASE_URL"):
        in_a_server_of_its_own()
        return
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    import django  # noqa: PLC0415 - in a process of its own

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415 - needs loaded apps

    call_command("migrate", verbosity=0)
    logging.disable(logging.INFO)
    for row in measure_flagging():
        print(row, flush=True)


def measure_flagging() -> Iterator[Row]:
    """The time beside the same rows, staged and inserted by one statement each; and the memory."""
    agent, pks = _people(COUNT)
    _flag(agent, pks)
    _stage()
    pairs = []
    for _ in range(RUNS):
        _rest()
        ours = _seconds(lambda: _flag(agent, pks))
        _rest()
        pairs.append((ours, _seconds(_insert_staged)))
    yield Row(
        f"flagging {COUNT:,} accounts, with event, version and mail ÷ INSERT … SELECT",
        statistics.median(ours for ours, _ in pairs) * 1000,
        statistics.median(theirs for _, theirs in pairs) * 1000,
        RUNS,
        bar=Bar(at_most=1.5),
    )
    _rest()
    few = _peak(lambda: _flag(agent, pks[:FEW]))
    _rest()
    yield Row(
        f"peak memory of flagging {COUNT:,} accounts ÷ {FEW:,}",
        _peak(lambda: _flag(agent, pks)),
        few,
        1,
        unit="MB",
        bar=Bar(at_most=1.1),
    )


def _people(count: int) -> tuple[Actor, list[int]]:
    """So many people with one confirmed address each, and an agent who may flag them."""
    from django.utils import timezone  # noqa: PLC0415 - needs loaded apps

    from recovery import seeding  # noqa: PLC0415 - see above
    from recovery.enums import Operation  # noqa: PLC0415 - see above
    from recovery.models import Account, ContactAddress  # noqa: PLC0415 - see above
    from tests import factories  # noqa: PLC0415 - see above

    agent = factories.actor(Operation.REQUIRE_REENROLMENT)
    seeding.seed(count, with_codes=False, progress=lambda _: None)
    accounts = Account.objects.exclude(user_id=agent.user.pk)
    since = timezone.now() - timedelta(days=30)
    ContactAddress.objects.bulk_create(
        (
            ContactAddress(
                account_id=pk,
                address=f"person{pk}@example.org",
                added_at=since,
                confirmed_at=since,
                confirmed_from="seed",
            )
            for pk in accounts.values_list("pk", flat=True).iterator()
        ),
        batch_size=5_000,
    )
    _rest()
    return agent, list(accounts.order_by("pk").values_list("pk", flat=True))


def _flag(agent: Actor, pks: list[int]) -> None:
    from django.utils import timezone  # noqa: PLC0415 - needs loaded apps

    from recovery import actions  # noqa: PLC0415 - see above
    from tests import factories  # noqa: PLC0415 - see above

    result = actions.require_reenrolment_of_many(
        actor=replace(agent, verified_at=timezone.now()),
        subjects=pks,
        grounds=factories.grounds(),
    )
    if len(result.done) != len(pks):
        raise RuntimeError(result.refused)


def _stage() -> None:
    """Keep the rows that flagging wrote, to be inserted again under new keys."""
    _execute(*(f"CREATE TABLE staged_{table} AS TABLE {table}" for table in PARTS))


def _insert_staged() -> None:
    """One statement for each of the three sets, in one transaction, with every trigger."""
    from django.db import transaction  # noqa: PLC0415 - needs loaded apps

    with transaction.atomic():
        _execute(*map(_again, PARTS))


def _again(table: str) -> str:
    from django.db import connection  # noqa: PLC0415 - needs loaded apps

    key = KEYS.get(table, "id")
    with connection.cursor() as cursor:
        cursor.execute(f"TABLE {table} LIMIT 0")
        columns = [column.name for column in cursor.description if column.name != key]
    changed = {"dedupe_key": f"'again:' || nextval(pg_get_serial_sequence('{table}', '{key}'))"}
    values = ", ".join(changed.get(name, name) for name in columns)
    return f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM staged_{table}"  # noqa: S608 - our own columns


def _rest() -> None:
    """Take the flags away and let both begin with tables that were just tidied."""
    from recovery.flags import NO_FLAG  # noqa: PLC0415 - needs loaded apps
    from recovery.models import Account  # noqa: PLC0415 - see above

    Account.objects.filter(enrolled_at=None).update(enrolment="not_enrolled", **NO_FLAG)
    Account.objects.exclude(enrolled_at=None).update(enrolment="enrolled", **NO_FLAG)
    _execute("VACUUM ANALYZE", "CHECKPOINT")
    gc.collect()


def _execute(*statements: str) -> None:
    from django.db import connection  # noqa: PLC0415 - needs loaded apps

    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _seconds(thing: Callable[[], object]) -> float:
    started = time.perf_counter()
    thing()
    return time.perf_counter() - started


def _peak(thing: Callable[[], object]) -> float:
    """The most memory that one process ever had that does nothing else, in MB."""
    from django.db import connections  # noqa: PLC0415 - needs loaded apps

    connections.close_all()  # a fork would share it
    _measured.thing = thing  # what a fork knows needs no pickling
    with multiprocessing.get_context("fork").Pool(1) as pool:
        return pool.apply(_measured)


def _measured() -> float:
    _measured.thing()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
