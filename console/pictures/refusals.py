"""What was refused, by the rule that refused it."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console.pictures import lists
from console.pictures.drawing import (
    WIDTH,
    Cell,
    Drawing,
    Mark,
    Table,
    bar,
    counted,
    number,
    short,
    text,
)
from console.pictures.lists import DAY
from recovery.enums import Measure
from recovery.errors import text_of
from recovery.figures import EVENTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from console.pictures.reading import Row

NAME: Final = "refusals"
MEASURE: Final = Measure.REFUSALS
CURSOR: Final = EVENTS
TITLE: Final = gettext_lazy("What was refused")
ABOUT: Final = gettext_lazy("The last 30 days (UTC), by the rule that refused it.")
DAYS: Final = 30
SHOWN: Final = 8
"""The table has the others."""
LEFT, RIGHT, ROW = 2, WIDTH - 56, 38


def since(now: datetime) -> date:
    return now.date() - DAY * (DAYS - 1)


def draw(rows: Sequence[Row], now: datetime) -> Drawing:
    """A bar for each rule, the longest first."""
    counts: Counter[str] = Counter()
    for row in rows:
        counts[row.key] += row.value
    shown = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    drawing = Drawing(
        height=ROW * min(len(shown), SHOWN) + 4, table=_table(shown, now), said=_said(counts)
    )
    for number_of, (code, count) in enumerate(shown[:SHOWN]):
        y, width = ROW * number_of, max((RIGHT - LEFT) * count / shown[0][1], 3)
        drawing.texts.append(text(LEFT, y + 13, code, anchor="start", tone="code"))
        words = f"{code}: {number(count)}. {text_of(code)}".strip()
        place = bar(LEFT, y + 18, width, 13)
        url = _url(code, now)
        drawing.marks.append(Mark(label=words, url=url, count=count, tone="first", **place))
        drawing.texts.append(
            text(LEFT + width + 8, y + 29, short(count), anchor="start", tone="value")
        )
    return drawing


def _url(code: str, now: datetime) -> str:
    tomorrow = now.date() + timedelta(days=1)
    return lists.events(refusal=code, **lists.days(since(now), tomorrow))


def _said(counts: Counter[str]) -> str:
    return _("%(all)s refusals by %(rules)s rules.") % {
        "all": number(counts.total()),
        "rules": len(counts),
    }


def _table(shown: list[tuple[str, int]], now: datetime) -> Table:
    rows = [(code, [Cell(text_of(code)), counted(count, _url(code, now))]) for code, count in shown]
    return Table(head=[_("Rule"), _("What it says"), _("Refused")], rows=rows)
