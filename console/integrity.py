"""What the checks of the ledger found, a day at a time, and what was signed about it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext_lazy as _

from console import incidents
from recovery.audit.alarms import WORDS as FINDINGS
from recovery.enums import DayState, IncidentKind
from recovery.models import AuditEvent, Checkpoint, Incident, LedgerDay, PurgeRecord, SigningKey

if TYPE_CHECKING:
    from collections.abc import Iterable

DAYS: Final = 90
DAYS_IN_FRONT: Final = 28
CHECKPOINTS_SHOWN: Final = 10
ALARMS_SHOWN: Final = 20
UNCHECKED, QUIET = "unchecked", "quiet"
WORDS: Final = {
    **dict(DayState.choices),
    UNCHECKED: _("Not yet checked"),
    QUIET: _("Nothing happened"),
}
MARKS: Final = {DayState.VERIFIED: "✓", DayState.BROKEN: "!", UNCHECKED: "?", QUIET: "·"}
"""What a cell says to those who don't see its colour."""


def page() -> dict[str, Any]:
    """All that an auditor needs to know of the chain before they check it themselves."""
    checkpoints = Checkpoint.objects.order_by("-sequence", "-pk")[:CHECKPOINTS_SHOWN]
    return {
        "strip": strip(DAYS),
        "alarms": alarms(),
        "checkpoints": list(checkpoints),
        "keys": list(SigningKey.objects.order_by("-introduced_at")),
        "purges": list(PurgeRecord.objects.order_by("-last_sequence")[:CHECKPOINTS_SHOWN]),
    }


def strip(days: int) -> dict[str, Any]:
    """One cell for each of the last ``days`` (UTC), the newest last, with its count in words."""
    today = datetime.now(UTC).date()
    cells = _cells([today - timedelta(days=back) for back in reversed(range(days))])
    counts = {state: sum(cell["state"] == state for cell in cells) for state in WORDS}
    return {
        "cells": cells,
        "counts": [
            {"state": state, "label": WORDS[state], "mark": MARKS[state], "count": count}
            for state, count in counts.items()
            if count
        ],
        "broken": [cell for cell in cells if cell["state"] == DayState.BROKEN],
    }


def alarms() -> list[dict[str, Any]]:
    """What was found to be wrong with the ledger and no lead has closed."""
    opened = Incident.objects.filter(kind=IncidentKind.LEDGER, closed_at__isnull=True)
    return [
        {"kind": one.get_kind_display(), "raised_at": one.raised_at, **incidents.found_in(one)}
        for one in opened.order_by("raised_at")[:ALARMS_SHOWN]
    ]


def _cells(days: list[date]) -> list[dict[str, Any]]:
    checked = {row.day: row for row in LedgerDay.objects.filter(day__gte=days[0])}
    quiet = _quiet(days, checked)
    return [_cell(day, checked.get(day), is_quiet=day in quiet) for day in days]


def _cell(day: date, row: LedgerDay | None, *, is_quiet: bool) -> dict[str, Any]:
    state = row.state if row is not None else QUIET if is_quiet else UNCHECKED
    said = f"{formats.date_format(day, 'DATE_FORMAT')}: {WORDS[state]}"
    return {
        "state": state,
        "mark": MARKS[state],
        "label": said,
        "finding": FINDINGS.get(row.finding, row.finding) if row is not None else "",
        "found_at": row.found_at_sequence if row is not None else None,
        "url": day_url(day),
    }


def _quiet(days: list[date], checked: dict[date, LedgerDay]) -> set[date]:
    """The days that nothing happened on: the days checked before and after them are neighbours.

    After the last checked day the newest event tells, and before the first event there is nothing.
    """
    rows = sorted(checked.values(), key=lambda row: row.day)
    before = LedgerDay.objects.filter(day__lt=days[0]).order_by("-day").first()
    rows = [before, *rows] if before is not None else rows
    if not rows:
        return set()
    quiet = set(_between(days, rows))
    if rows[0].first_sequence == 1:
        quiet |= {day for day in days if day < rows[0].day}
    newest = AuditEvent.objects.order_by("-at", "-id").values_list("at", flat=True).first()
    if newest is not None and newest.astimezone(UTC).date() <= rows[-1].day:
        quiet |= {day for day in days if day > rows[-1].day}
    return quiet


def _between(days: list[date], rows: list[LedgerDay]) -> Iterable[date]:
    for earlier, later in pairwise(rows):
        if earlier.last_sequence + 1 >= later.first_sequence:
            yield from (day for day in days if earlier.day < day < later.day)


def day_url(day: date) -> str:
    """The timeline of one day of UTC, whatever the viewer's clock says."""
    begin = datetime.combine(day, time.min, UTC)
    query = {"since": begin.isoformat(), "until": (begin + timedelta(days=1)).isoformat()}
    return f"{reverse('admin:recovery_auditevent_changelist')}?{urlencode(query)}"
