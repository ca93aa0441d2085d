"""Taking a report out: its bytes leave as the database gives them, and the ledger says so twice."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from django.utils import timezone

from recovery import errors, policy
from recovery.actions.exporting import OPENED_BY
from recovery.audit import Draft, append, require_beforehand
from recovery.audit.masking import masked_values
from recovery.enums import Outcome
from recovery.lists import EVENT_LOOKUPS, narrow_events
from recovery.reports.writing import Table
from recovery.trace import traced

if TYPE_CHECKING:
    from recovery.actors import Actor
    from recovery.reports import Asked, Report
    from recovery.reports.writing import Piece

BEGUN, LEFT, BROKEN_OFF = "begun", "left", "broken_off"
"""The steps of an export that leaves as it is made."""


class Format(StrEnum):
    """The formats that can be sent as they are written."""

    CSV = "csv"
    JSON = "json"


CONTENT_TYPES: Final = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.JSON: "application/json",
}


class Leaving:
    """A file on its way out: read it to the end, or close it. Either is put on the ledger.

    An error breaks the reading off as well, so that no half of a file looks whole.
    """

    def __init__(self, draft: Draft, table: Table, file_format: Format, trace: str) -> None:
        self.name = f"{table.report.name}-{timezone.localtime(table.now):%Y-%m-%d}.{file_format}"
        self.content_type = CONTENT_TYPES[file_format]
        self.rows = 0
        self._draft, self._trace = draft, trace
        self._digest = hashlib.sha256()
        self._pieces: Iterator[Piece] = getattr(table, file_format)()
        self._has_ended = False

    @property
    def chunks(self) -> Leaving:
        """The bytes, for an answer that is streamed."""
        return self

    def __iter__(self) -> Leaving:
        return self

    def __next__(self) -> bytes:
        """Give the next bytes; after the last ones the ledger has the file's digest."""
        try:
            data, rows = next(self._pieces)
        except StopIteration:
            self._end(Outcome.COMPLETED, step=LEFT, sha256=self._digest.hexdigest())
            raise
        except Exception as error:
            self._end(Outcome.FAILED, step=BROKEN_OFF, error=type(error).__name__)
            raise
        self._digest.update(data)
        self.rows += rows
        return data

    def close(self) -> None:
        """Whoever reads it has gone, or has all of it."""
        self._pieces.close()  # type: ignore[attr-defined]  # a generator
        self._end(Outcome.FAILED, step=BROKEN_OFF, error="closed")

    def _end(self, outcome: Outcome, **more: Any) -> None:
        if self._has_ended:
            return
        self._has_ended = True
        draft = Draft(operation=self._draft.operation, actor=self._draft.actor)
        draft.detail = self._draft.detail | {"rows": self.rows} | more
        with traced(self._trace):
            append(draft, outcome)


def export_report(
    *, actor: Actor, report: Report, asked: Asked, file_format: Format = Format.CSV
) -> Leaving:
    """Let a report leave as it is read from the database, once the ledger has who took out what.

    Raises a ``RecoveryError``, recorded, before the first byte if the actor may not have it.
    """
    with traced() as trace:
        draft = Draft(operation=report.operation, actor=actor)
        table = prepared(draft, report=report, asked=asked)
        draft.detail = told(table, file_format)
        begun = Draft(operation=report.operation, actor=actor, at=draft.at)
        begun.detail = draft.detail | {"step": BEGUN}
        append(begun, Outcome.COMPLETED)
    return Leaving(draft, table, file_format, trace)


def prepared(draft: Draft, *, report: Report, asked: Asked) -> Table:
    """The report as its actor may have it now; a refusal is recorded.

    Ask again when a file that was made earlier is fetched.
    """
    require_beforehand(draft)
    try:
        return table_for(draft.actor, report, asked)
    except errors.RecoveryError as refusal:
        append(draft, Outcome.REFUSED, refusal=refusal.code)
        raise


def hidden_from(actor: Actor) -> frozenset[str]:
    """The fields of an event that ``actor`` may not see, in a file as on a page."""
    held = _held(actor)
    closed = (fields for permission, fields in OPENED_BY.items() if permission not in held)
    return frozenset().union(*closed)


def told(table: Table, file_format: str) -> dict[str, Any]:
    """What the ledger keeps of an export: what looks like a secret is blotted out."""
    asked = table.asked.in_words()
    values = {
        name: [str(one) for one in (value if isinstance(value, list) else [value])]
        for name, value in asked.items()
    }
    return {
        "report": table.report.name,
        "filters": masked_values(values.items()),
        "columns": table.headers,
        "format": str(file_format),
    }


def table_for(actor: Actor, report: Report, asked: Asked) -> Table:
    """The report as ``actor`` may have it; raise why not, where they may not."""
    if report.sees not in _held(actor):
        raise errors.PermissionMissing
    hidden = hidden_from(actor)
    if report.narrow is narrow_events:
        _require_open_filters(asked, hidden)
    table = Table(report=report, asked=asked, hidden=hidden)
    table.query()  # what can't be asked for is refused before anything leaves
    return table


def _require_open_filters(asked: Asked, hidden: frozenset[str]) -> None:
    """Nobody finds out by a filter what the columns withhold."""
    lookups = (EVENT_LOOKUPS.get(name, "") for name in asked.filters)
    if any(lookup.partition("__")[0] in hidden for lookup in lookups):
        raise errors.PermissionMissing


def _held(actor: Actor) -> frozenset[str]:
    return policy.permissions_of(actor.user) if actor.user is not None else frozenset()
