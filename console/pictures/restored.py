"""How long people wait between the desk's help and their own working authenticator."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from console.pictures import lists, operations
from console.pictures.drawing import (
    Band,
    Cell,
    Drawing,
    Mark,
    Table,
    at,
    bar,
    counted,
    line,
    text,
)
from console.pictures.drawing import number as written
from console.pictures.lists import WEEK
from console.pictures.operations import RIGHT, WEEKS, of_week, short, weeks
from recovery.conf import conf
from recovery.enums import Measure
from recovery.figures import EVENTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from console.pictures.reading import Row

NAME: Final = "restored"
MEASURE: Final = Measure.RESTORED
CURSOR: Final = EVENTS
TITLE: Final = gettext_lazy("Time to restored access")
ABOUT: Final = gettext_lazy(
    "From the desk's help to the first sign-in with an authenticator, by the week of the help "
    "(UTC). The dot is the middle one; nine of ten took no longer than the line reaches."
)
LEFT, TOP, BOTTOM, HEIGHT = 58, 12, 174, 200
MINUTE, HOUR, DAY = 60, 3_600, 86_400
TICKS: Final = (MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 4 * HOUR, DAY, 7 * DAY)

since = operations.since


def draw(rows: Sequence[Row], now: datetime) -> Drawing:
    """A dot with a line for each week, over the band of what is aimed at."""
    counts: dict[date, dict[str, int]] = {}
    for row in rows:
        counts.setdefault(row.day, {})[row.key] = row.value
    drawing = Drawing(height=HEIGHT, table=_table(counts, now), said=_said(counts))
    aim = conf.RESTORED_WITHIN.total_seconds()
    band = bar(LEFT, _height(aim), RIGHT - LEFT, BOTTOM - _height(aim))
    drawing.bands.append(Band(tone="aim", **band))
    drawing.legend = [
        ("aim", _("Aimed at: within %s") % duration(int(aim))),
        ("first", _("The middle one, up to nine of ten")),
    ]
    for seconds in TICKS:
        y = _height(seconds)
        drawing.lines.append(line(LEFT, y, RIGHT, y))
        drawing.texts.append(text(LEFT - 6, y + 4, duration(seconds), anchor="end"))
    room = (RIGHT - LEFT) / WEEKS
    for number_of, week in enumerate(weeks(now)):
        middle = LEFT + room * (number_of + 0.5)
        if number_of % 2 == (WEEKS - 1) % 2:
            drawing.texts.append(text(middle, BOTTOM + 18, short(week)))
        if week in counts:
            drawing.marks.append(_mark(week, counts[week], middle, room))
    return drawing


def duration(seconds: int) -> str:
    """A time as short as it can be said."""
    for unit, name in ((DAY, _("%d d")), (HOUR, _("%d h")), (MINUTE, _("%d min"))):
        if seconds >= unit:
            rest = seconds % unit * 10 // unit
            return name % (seconds // unit) if rest == 0 or unit == MINUTE else _longer(seconds)
    return _("%d s") % seconds


def _longer(seconds: int) -> str:
    """The two largest units of it."""
    spent = timedelta(seconds=seconds)
    if spent.days:
        return _("%(days)d d %(hours)d h") % {"days": spent.days, "hours": spent.seconds // HOUR}
    hours, rest = divmod(spent.seconds, HOUR)
    return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": rest // MINUTE}


def _height(seconds: float) -> float:
    """Each step up takes as many times as long: minutes and days are in one picture."""
    share = math.log(max(seconds, MINUTE) / MINUTE) / math.log(TICKS[-1] / MINUTE)
    return BOTTOM - (BOTTOM - TOP) * min(share, 1)


def _mark(week: date, of_it: dict[str, int], middle: float, room: float) -> Mark:
    median, tenth = _height(of_it["median"]), _height(of_it["tenth"])
    return Mark(
        label=f"{of_week(week)}: {_words(of_it)}",
        url=_url(week),
        count=of_it["count"],
        tone="first",
        shape="whisker",
        x=at(middle),
        y=at(median),
        width=at(room * 0.7),
        path=f"M{at(middle)} {at(median)}V{at(tenth)}",
    )


def _words(of_it: dict[str, int]) -> str:
    people = ngettext("%s person back", "%s people back", of_it["count"]) % written(of_it["count"])
    return _("%(people)s, half within %(median)s, nine of ten within %(tenth)s") % {
        "people": people,
        "median": duration(of_it["median"]),
        "tenth": duration(of_it["tenth"]),
    }


def _url(week: date) -> str:
    return lists.events(restored="yes", **lists.days(week, week + WEEK))


def _said(counts: dict[date, dict[str, int]]) -> str:
    return f"{of_week(max(counts))}: {_words(counts[max(counts)])}."


def _table(counts: dict[date, dict[str, int]], now: datetime) -> Table:
    rows = []
    for week in reversed(weeks(now)):
        if week in counts:
            times = [Cell(duration(counts[week][name])) for name in ("median", "tenth")]
            rows.append((of_week(week), [counted(counts[week]["count"], _url(week)), *times]))
    head = [_("Week (UTC)"), _("People back"), _("Half within"), _("Nine of ten within")]
    return Table(head=head, rows=rows)
