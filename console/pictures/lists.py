"""Where a mark leads: the list that shows what it counts, and nothing else."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from console.ledger_values import query

WEEK = timedelta(days=7)
DAY = timedelta(days=1)


def accounts(**filters: Any) -> str:
    """The accounts that these filters keep."""
    return f"{reverse('admin:recovery_account_changelist')}?{urlencode(filters)}"


def events(**filters: Any) -> str:
    """The part of the ledger that these filters keep."""
    return f"{reverse('admin:recovery_auditevent_changelist')}?{query(filters)}"


def days(first: date, after: date) -> dict[str, datetime]:
    """The span from the beginning of one day to that of another, in UTC."""
    return {name: datetime.combine(day, time(), UTC) for name, day in _ends(first, after)}


def _ends(first: date, after: date) -> tuple[tuple[str, date], tuple[str, date]]:
    return ("since", first), ("until", after)
