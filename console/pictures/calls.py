"""At which hours of the week the desk is called on, by the viewer's clock."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

from django.utils import timezone
from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console.pictures import lists
from console.pictures.drawing import (
    WIDTH,
    Band,
    Drawing,
    Mark,
    Table,
    bar,
    counted,
    number,
    text,
)
from recovery.enums import DESK_OPERATIONS, Measure
from recovery.figures import EVENTS
from recovery.hours import HourOfWeek

if TYPE_CHECKING:
    from collections.abc import Sequence

    from console.pictures.reading import Row

NAME: Final = "calls"
MEASURE: Final = Measure.CALLS
CURSOR: Final = EVENTS
TITLE: Final = gettext_lazy("When people call")
ABOUT: Final = gettext_lazy("What the desk did or tried in the last 8 weeks, by your clock.")
WEEKS: Final = 8
LEFT, TOP, ROW, HEIGHT = 44, 20, 24, 200
COLUMN: Final = (WIDTH - LEFT - 4) / 24
LEVELS: Final = 5
Hour = tuple[int, int]


def since(now: datetime) -> date:
    """A day early: somewhere it is still yesterday."""
    return span(now)[0].astimezone(UTC).date()


def span(now: datetime) -> tuple[datetime, datetime]:
    """Whole days by the viewer's clock, and of each weekday as many."""
    zone = timezone.get_current_timezone()
    last = now.astimezone(zone).date() + timedelta(days=1)
    first = last - timedelta(weeks=WEEKS)
    begin, end = (datetime.combine(day, time(), zone) for day in (first, last))
    return begin, end


def by_hour(rows: Sequence[Row], now: datetime) -> Counter[Hour]:
    """How much there was in each hour of the week; a weekday is numbered as in ISO 8601."""
    zone, (begin, end) = timezone.get_current_timezone(), span(now)
    counts: Counter[Hour] = Counter()
    for row in rows:
        moment = datetime.combine(row.day, time(row.quarter // 4, row.quarter % 4 * 15), UTC)
        if begin <= moment < end:
            local = moment.astimezone(zone)
            counts[local.isoweekday(), local.hour] += row.value
    return counts


def draw(rows: Sequence[Row], now: datetime) -> Drawing:
    """A field for each hour of the week: the darker, the more."""
    counts = by_hour(rows, now)
    drawing = Drawing(height=HEIGHT, table=_table(counts, now), said=_said(counts))
    for hour in range(0, 24, 3):
        drawing.texts.append(text(LEFT + COLUMN * (hour + 0.5), TOP - 7, f"{hour:02}"))
    for weekday in range(1, 8):
        y = TOP + ROW * (weekday - 1)
        drawing.texts.append(text(LEFT - 8, y + 16, WEEKDAYS_ABBR[weekday - 1], anchor="end"))
        for hour in range(24):
            place = bar(LEFT + COLUMN * hour + 1, y + 1, COLUMN - 2, ROW - 2)
            _draw_hour(drawing, (weekday, hour), counts, place, now)
    return drawing


def _draw_hour(
    drawing: Drawing, hour: Hour, counts: Counter[Hour], place: dict[str, str], now: datetime
) -> None:
    count, highest = counts[hour], max(counts.values(), default=1)
    if not count:
        drawing.bands.append(Band(tone="nought", **place))
        return
    level = -(-LEVELS * count // highest)
    words = f"{_words(hour)}: {number(count)}"
    url = _url(hour, now)
    mark = Mark(label=words, url=url, count=count, tone=f"heat-{level}", **place)
    drawing.marks.append(mark)


def _words(hour: Hour) -> str:
    return _("%(day)s, %(from)s:00 to %(to)s:00") % {
        "day": WEEKDAYS[hour[0] - 1],
        "from": f"{hour[1]:02}",
        "to": f"{hour[1] + 1:02}",
    }


def _url(hour: Hour, now: datetime) -> str:
    begin, end = span(now)
    in_hour = HourOfWeek(*hour, timezone.get_current_timezone())
    operations = [operation.value for operation in DESK_OPERATIONS]
    return lists.events(operation=operations, in_hour=in_hour, since=begin, until=end)


def _said(counts: Counter[Hour]) -> str:
    if not counts:
        return _("Nobody called.")
    [(busiest, count)] = counts.most_common(1)
    return _("The busiest hour is %(hour)s, with %(count)s of %(all)s.") % {
        "hour": _words(busiest),
        "count": number(count),
        "all": number(counts.total()),
    }


def _table(counts: Counter[Hour], now: datetime) -> Table:
    hours = sorted({hour for _weekday, hour in counts})
    rows = [
        (
            WEEKDAYS[weekday - 1],
            [counted(counts[weekday, hour], _url((weekday, hour), now)) for hour in hours],
        )
        for weekday in range(1, 8)
    ]
    return Table(head=[_("Weekday"), *(f"{hour:02}:00" for hour in hours)], rows=rows)
