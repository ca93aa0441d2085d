"""Writing down what became of a batch of rows, in the transaction in which it became so."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from itertools import batched
from typing import TYPE_CHECKING, Any, Final, Protocol

from django.db import connection

from recovery import errors
from recovery.enums import RowState
from recovery.models import JobRow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from recovery.errors import RecoveryError
    from recovery.jobs.working import Work

AT_ONCE: Final = 1_000
ALREADY_SO: Final = (
    errors.AlreadyFlagged,
    errors.NotFlagged,
    errors.NoOpenLink,
    errors.AddressThere,
    errors.NamedBefore,
)
"""Refusals of what is the case anyhow: no fault of a row, and no reason to stop for it."""
LISTS: Final = {
    "postgresql": "unnest(%s::bigint[], %s::bigint[]) AS listed(id, event)",
    "sqlite": """(SELECT json_extract(value, '$[0]') AS id, json_extract(value, '$[1]') AS event
        FROM json_each(%s)) AS listed""",
}
"""Ids of rows and of events as a table."""


class Outcome(Protocol):
    """What became of each account, by its id."""

    done: dict[int, int]
    refused: dict[int, RecoveryError]


def settle(work: Work, rows: Mapping[int, int], outcome: Outcome) -> None:
    """Put down what became of ``rows``, whose ids are given by account, and keep the job.

    Raises ``LeaseLost`` if another worker has the job by now, which undoes all of it.
    """
    counts, job = note(rows, outcome), work.job
    work.keep(
        rows_seen=job.rows_seen + counts.total(),
        rows_done=job.rows_done + counts[RowState.DONE],
        rows_unchanged=job.rows_unchanged + counts[RowState.UNCHANGED],
        rows_refused=job.rows_refused + counts[RowState.REFUSED],
        attempts=1,  # it gets on, so it kills no worker
    )


def note(rows: Mapping[int, int], outcome: Outcome) -> Counter[RowState]:
    """Put down what became of ``rows``, whose ids are given by account; how many of each."""
    done = {rows[account]: event for account, event in outcome.done.items()}
    _note_done(done)
    counts = Counter({RowState.DONE: len(done)})
    for (state, code), pks in _by_refusal(rows, outcome.refused).items():
        for some in batched(pks, AT_ONCE, strict=False):
            JobRow.objects.filter(pk__in=some).update(state=state, refusal=code)
        counts[state] += len(pks)
    return counts


def _by_refusal(
    rows: Mapping[int, int], refused: Mapping[int, RecoveryError]
) -> dict[tuple[RowState, str], list[int]]:
    found: defaultdict[tuple[RowState, str], list[int]] = defaultdict(list)
    for account, refusal in refused.items():
        is_so = isinstance(refusal, ALREADY_SO)
        state = RowState.UNCHANGED if is_so else RowState.REFUSED
        found[state, refusal.code].append(rows[account])
    return found


def _note_done(events: Mapping[int, int]) -> None:
    if not events:
        return
    table = connection.ops.quote_name(JobRow._meta.db_table)
    statement = f"""
        UPDATE {table} SET state = %s, event_id = listed.event
        FROM {LISTS[connection.vendor]} WHERE {table}.id = listed.id"""  # noqa: S608 - names of our own tables
    with connection.cursor() as cursor:
        cursor.execute(statement, [RowState.DONE, *_listed(events)])


def _listed(events: Mapping[int, int]) -> list[Any]:
    if connection.vendor == "postgresql":
        return [list(events), list(events.values())]
    return [json.dumps(list(events.items()))]
