"""What the desk did, week by week."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console.pictures import lists
from console.pictures.drawing import (
    WIDTH,
    Drawing,
    Mark,
    Table,
    bar,
    counted,
    line,
    number,
    scale,
    text,
)
from console.pictures.drawing import short as written
from console.pictures.lists import WEEK
from recovery.enums import Measure, Operation, Outcome
from recovery.figures import EVENTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from console.pictures.reading import Row

NAME: Final = "operations"
MEASURE: Final = Measure.OPERATIONS
CURSOR: Final = EVENTS
TITLE: Final = gettext_lazy("What the desk did")
ABOUT: Final = gettext_lazy("Completed, in the last 12 weeks. A week begins on Monday, in UTC.")
WEEKS: Final = 12
LEFT, RIGHT, TOP, BOTTOM, HEIGHT = 52, WIDTH - 12, 18, 174, 200
GROUPS: Final = (
    ("first", gettext_lazy("Backup codes"), (Operation.REGENERATE_BACKUP_CODES,)),
    ("second", gettext_lazy("Phone codes"), (Operation.ISSUE_PHONE_CODE,)),
    (
        "third",
        gettext_lazy("Recovery links"),
        (Operation.SEND_RECOVERY_LINK, Operation.WITHDRAW_RECOVERY_LINK),
    ),
    (
        "fourth",
        gettext_lazy("Re-enrolment"),
        (Operation.REQUIRE_REENROLMENT, Operation.LIFT_REENROLMENT),
    ),
    ("fifth", gettext_lazy("Lost authenticators"), (Operation.REPORT_AUTHENTICATOR_LOST,)),
)
GROUP_OF: Final = {
    operation: number_of for number_of, (*_rest, some) in enumerate(GROUPS) for operation in some
}
Counts = Counter[tuple[date, int]]


def monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def since(now: datetime) -> date:
    return monday(now.date()) - WEEK * (WEEKS - 1)


def weeks(now: datetime) -> list[date]:
    """The Mondays of the picture, the newest last."""
    return [since(now) + WEEK * number_of for number_of in range(WEEKS)]


def draw(rows: Sequence[Row], now: datetime) -> Drawing:
    """A bar for each week, in parts by what was done."""
    counts = _counted(rows)
    totals = {week: sum(counts[week, group] for group in range(len(GROUPS))) for week in weeks(now)}
    drawing = Drawing(height=HEIGHT, table=_table(counts, now), said=_said(totals))
    drawing.legend = [(tone, label) for tone, label, _some in GROUPS]
    marks = scale(max(totals.values()))
    for value in marks:
        y = BOTTOM - (BOTTOM - TOP) * value / marks[-1]
        drawing.lines.append(line(LEFT, y, RIGHT, y))
        drawing.texts.append(text(LEFT - 8, y + 4, written(value), anchor="end"))
    room = (RIGHT - LEFT) / WEEKS
    for number_of, week in enumerate(totals):
        middle = LEFT + room * (number_of + 0.5)
        if number_of % 2 == (WEEKS - 1) % 2:
            drawing.texts.append(text(middle, BOTTOM + 18, short(week)))
        parts = [counts[week, group] for group in range(len(GROUPS))]
        _stack(drawing, week, parts, middle=middle, each=(BOTTOM - TOP) / marks[-1])
    return drawing


def short(day: date) -> str:
    return formats.date_format(day, "j M")


def of_week(week: date) -> str:
    return _("Week of %s") % formats.date_format(week, "j F Y")


def _counted(rows: Sequence[Row]) -> Counts:
    counts: Counts = Counter()
    for row in rows:
        operation, _colon, outcome = row.key.partition(":")
        if outcome == Outcome.COMPLETED and operation in GROUP_OF:
            counts[monday(row.day), GROUP_OF[Operation(operation)]] += row.value
    return counts


def _stack(
    drawing: Drawing, week: date, parts: Sequence[int], *, middle: float, each: float
) -> None:
    y, width = float(BOTTOM), (RIGHT - LEFT) / WEEKS * 0.68
    for group, count in enumerate(parts):
        tone, label, _some = GROUPS[group]
        if count:
            y -= each * count
            words = f"{of_week(week)}, {label}: {number(count)}"
            place = bar(middle - width / 2, y, width, each * count)
            url = _url(week, group)
            drawing.marks.append(Mark(label=words, url=url, count=count, tone=tone, **place))


def _url(week: date, group: int) -> str:
    operations = [operation.value for operation in GROUPS[group][2]]
    done = Outcome.COMPLETED.value
    return lists.events(operation=operations, outcome=done, **lists.days(week, week + WEEK))


def _said(totals: dict[date, int]) -> str:
    *_before, last = totals.values()
    return _("%(all)s operations in %(weeks)s weeks, %(last)s of them this week.") % {
        "all": number(sum(totals.values())),
        "weeks": WEEKS,
        "last": number(last),
    }


def _table(counts: Counts, now: datetime) -> Table:
    rows = [
        (
            of_week(week),
            [counted(counts[week, group], _url(week, group)) for group in range(len(GROUPS))],
        )
        for week in reversed(weeks(now))
    ]
    return Table(head=[_("Week (UTC)"), *(label for _tone, label, _some in GROUPS)], rows=rows)
