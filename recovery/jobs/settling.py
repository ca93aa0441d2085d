"""Writing down what became of a batch of rows, in the transaction in which it became so."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final, Protocol

from django.db import connection

from recovery import errors
from recovery.enums import RowState
from recovery.models import JobRow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from recovery.errors import RecoveryError
    from recovery.jobs.working import Work

ALREADY_SO: Final = (errors.AlreadyFlagged, errors.NotFlagged, errors.NoOpenLink)
"""Refusals of what is the case anyhow."""
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
    done = {rows[account]: event for account, event in outcome.done.items()}
    left_out = _by_refusal(rows, outcome.refused)
    _note_done(done)
    for (state, code), pks in left_out.items():
        JobRow.objects.filter(pk__in=pks).update(state=state, refusal=code)
    counts = {RowState.DONE: len(done), RowState.UNCHANGED: 0, RowState.REFUSED: 0}
    for (state, _code), pks in left_out.items():
        counts[state] += len(pks)
    job = work.job
    work.keep(
        rows_seen=job.rows_seen + sum(counts.values()),
        rows_done=job.rows_done + counts[RowState.DONE],
        rows_unchanged=job.rows_unchanged + counts[RowState.UNCHANGED],
        rows_refused=job.rows_refused + counts[RowState.REFUSED],
        attempts=1,  # it gets on, so it kills no worker
    )


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
