"""Reading figures: one query for all pictures of a page, and one for how old they are."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Final, NamedTuple

from django.db.models import Q

from recovery.figures import ACCOUNTS, EVENTS
from recovery.models import Cursor, Figure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from recovery.enums import Measure

STALE_AFTER: Final = {EVENTS: timedelta(minutes=15), ACCOUNTS: timedelta(hours=2)}
"""The worker is then late by far: it counts events at once, and accounts every hour."""


class Row(NamedTuple):
    """One figure."""

    day: date
    quarter: int
    key: str
    value: int


@dataclass(frozen=True, slots=True)
class Figures:
    """All that the pictures of one page are drawn from."""

    rows: Mapping[str, list[Row]]
    counted: Mapping[str, datetime]

    def is_stale(self, cursor: str, now: datetime) -> bool:
        """Whether the worker should have counted since."""
        counted = self.counted.get(cursor)
        return counted is not None and now - counted > STALE_AFTER[cursor]


def read(since: Mapping[Measure, date]) -> Figures:
    """Read the figures of some measures, each from a day on."""
    rows: dict[str, list[Row]] = defaultdict(list)
    wanted = (Q(measure=measure, day__gte=day) for measure, day in since.items())
    found = Figure.objects.filter(reduce(or_, wanted, Q(pk__in=())))
    for measure, *row in found.order_by("day", "quarter").values_list("measure", *Row._fields):
        rows[measure].append(Row(*row))
    cursors = Cursor.objects.filter(name__in=(ACCOUNTS, EVENTS), sequence__gt=0)
    return Figures(rows, dict(cursors.values_list("name", "moved_at")))
