"""How many people are enrolled, day by day."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console.pictures import lists
from console.pictures.drawing import (
    WIDTH,
    Cell,
    Drawing,
    Mark,
    Table,
    at,
    line,
    number,
    share,
    text,
)
from recovery.enums import Enrolment, Measure
from recovery.figures import ACCOUNTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from console.pictures.reading import Row

NAME: Final = "coverage"
MEASURE: Final = Measure.ENROLMENT
CURSOR: Final = ACCOUNTS
TITLE: Final = gettext_lazy("Enrolment over time")
ABOUT: Final = gettext_lazy("The last 60 days. Each part opens the accounts that are in it now.")
DAYS: Final = 60
LEFT, RIGHT, TOP, BOTTOM, HEIGHT = 56, WIDTH - 8, 10, 170, 196
NARROWEST: Final = 8
"""A single day would be a line that nobody sees."""
TONES: Final = {
    Enrolment.ENROLLED: "good",
    Enrolment.REENROLMENT_REQUIRED: "warn",
    Enrolment.NOT_ENROLLED: "quiet",
}
Counts = dict[date, dict[str, int]]


def since(now: datetime) -> date:
    return now.date() - timedelta(days=DAYS - 1)


def draw(rows: Sequence[Row], now: datetime) -> Drawing:
    """A part of the whole for each standing, from day to day."""
    counts: Counts = {}
    for row in rows:
        counts.setdefault(row.day, {})[row.key] = row.value
    newest = counts[max(counts)]
    drawing = Drawing(height=HEIGHT, table=_table(counts), said=_said(counts, now))
    for part in (0, 50, 100):
        y = BOTTOM - (BOTTOM - TOP) * part / 100
        drawing.lines.append(line(LEFT, y, RIGHT, y))
        drawing.texts.append(text(LEFT - 8, y + 4, f"{part} %", anchor="end"))
    drawing.marks = [_mark(standing, counts, newest, since(now)) for standing in TONES]
    drawing.legend = [(TONES[standing], _words(standing, newest)) for standing in TONES]
    for day, anchor in ((since(now), "start"), (now.date(), "end")):
        x = LEFT if anchor == "start" else RIGHT
        drawing.texts.append(text(x, BOTTOM + 18, _day(day), anchor=anchor))
    return drawing


def _mark(standing: Enrolment, counts: Counts, newest: dict[str, int], first: date) -> Mark:
    return Mark(
        label=_words(standing, newest),
        url=lists.accounts(enrolment__exact=standing.value),
        count=newest.get(standing, 0),
        tone=TONES[standing],
        shape="area",
        path=_path(standing, counts, first),
    )


def _path(standing: Enrolment, counts: Counts, first: date) -> str:
    """Along the top of the part, and back along its bottom."""
    below, above = [], []
    for day, parts in counts.items():
        x = LEFT + (RIGHT - LEFT) * (day - first).days / (DAYS - 1)
        low, high = _ends(standing, parts)
        below.append((x, low))
        above.append((x, high))
    if below[-1][0] - below[0][0] < NARROWEST:
        x = min(below[0][0], RIGHT - NARROWEST)
        below = [(x, below[-1][1]), (x + NARROWEST, below[-1][1])]
        above = [(x, above[-1][1]), (x + NARROWEST, above[-1][1])]
    points = [*above, *reversed(below)]
    return "M" + "L".join(f"{at(x)} {at(y)}" for x, y in points) + "Z"


def _ends(standing: Enrolment, parts: dict[str, int]) -> tuple[float, float]:
    """Where the part of one day begins and ends, the enrolled at the bottom."""
    whole, order = max(sum(parts.values()), 1), list(TONES)
    under = sum(parts.get(other, 0) for other in order[: order.index(standing)])
    ends = (under, under + parts.get(standing, 0))
    low, high = (BOTTOM - (BOTTOM - TOP) * end / whole for end in ends)
    return low, high


def _words(standing: Enrolment, newest: dict[str, int]) -> str:
    count, whole = newest.get(standing, 0), sum(newest.values())
    return f"{standing.label}: {number(count)} ({share(count, whole)})"


def _said(counts: Counts, now: datetime) -> str:
    newest = counts[max(counts)]
    whole = sum(newest.values())
    said = _("%(share)s of %(all)s people are enrolled.") % {
        "share": share(newest.get(Enrolment.ENROLLED, 0), whole),
        "all": number(whole),
    }
    if min(counts) == since(now):
        return said
    return f"{said} {_('It is counted since %s.') % _day(min(counts))}"


def _table(counts: Counts) -> Table:
    rows = [
        (_day(day), [Cell(number(parts.get(standing, 0))) for standing in TONES])
        for day, parts in reversed(counts.items())
    ]
    return Table(head=[_("Day (UTC)"), *(standing.label for standing in TONES)], rows=rows)


def _day(day: date) -> str:
    return formats.date_format(day, "j M")
