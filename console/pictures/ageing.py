"""How old the re-enrolment flags are, and how they stand with their dates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console.pictures import codes_left, lists
from console.pictures.drawing import (
    WIDTH,
    Drawing,
    Mark,
    Table,
    bar,
    counted,
    number,
    short,
    text,
)
from recovery.enums import FlagAge, FlagDue, Measure
from recovery.figures import ACCOUNTS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from console.pictures.reading import Row

NAME: Final = "ageing"
MEASURE: Final = Measure.FLAGS
CURSOR: Final = ACCOUNTS
TITLE: Final = gettext_lazy("Waiting to re-enrol")
ABOUT: Final = gettext_lazy("How long ago people were flagged, and when they have to be done.")
LEFT, RIGHT, ROW = 108, WIDTH - 48, 30
TONES: Final = {
    FlagDue.OVERDUE: "bad",
    FlagDue.AT_ONCE: "warn",
    FlagDue.WEEK: "second",
    FlagDue.MONTH: "first",
    FlagDue.LATER: "quiet",
}
Counts = dict[tuple[str, str], int]

since = codes_left.since


def draw(rows: Sequence[Row], now: datetime) -> Drawing:
    """A bar for each age, in parts by due date."""
    counts: Counts = {(age, due): row.value for row in rows for age, due in [row.key.split(":")]}
    totals = {age: sum(counts.get((age, due), 0) for due in FlagDue) for age in FlagAge}
    drawing = Drawing(height=ROW * len(FlagAge) + 4, table=_table(counts), said=_said(counts))
    drawing.legend = [(TONES[due], due.label) for due in FlagDue if _of(counts, due)]
    for number_of, age in enumerate(FlagAge):
        y = ROW * number_of
        drawing.texts.append(text(LEFT - 10, y + 20, age.label, anchor="end"))
        end = _row(drawing, y, age, counts, max(totals.values()))
        tone = "value" if totals[age] else ""
        words = short(totals[age])
        drawing.texts.append(text(end + 8, y + 20, words, anchor="start", tone=tone))
    return drawing


def _row(drawing: Drawing, y: float, age: FlagAge, counts: Counts, highest: int) -> float:
    x = float(LEFT)
    for due in FlagDue:
        count = counts.get((age, due), 0)
        if count:
            width = max((RIGHT - LEFT) * count / highest, 3)
            words = f"{age.label}, {due.label}: {number(count)}"
            url = lists.accounts(age=age, due=due)
            place = bar(x, y + 5, width, ROW - 10)
            mark = Mark(label=words, url=url, count=count, tone=TONES[due], **place)
            drawing.marks.append(mark)
            x += width
    return x


def _of(counts: Counts, due: FlagDue) -> int:
    return sum(count for (_age, other), count in counts.items() if other == due)


def _said(counts: Counts) -> str:
    return _("%(all)s people have to re-enrol, and %(overdue)s are overdue.") % {
        "all": number(sum(counts.values())),
        "overdue": number(_of(counts, FlagDue.OVERDUE)),
    }


def _table(counts: Counts) -> Table:
    rows = [
        (
            age.label,
            [
                counted(counts.get((age, due), 0), lists.accounts(age=age, due=due))
                for due in FlagDue
            ],
        )
        for age in FlagAge
    ]
    return Table(head=[_("Flagged"), *(due.label for due in FlagDue)], rows=rows)
