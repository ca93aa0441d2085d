"""How many people have how many backup codes left: who will call next week."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from console import displays
from console.pictures import lists
from console.pictures.drawing import (
    WIDTH,
    Cell,
    Drawing,
    Mark,
    Table,
    bar,
    counted,
    line,
    number,
    short,
    text,
)
from recovery.conf import conf
from recovery.enums import Measure
from recovery.figures import ACCOUNTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from console.pictures.reading import Row

NAME: Final = "codes_left"
MEASURE: Final = Measure.CODES_LEFT
CURSOR: Final = ACCOUNTS
TITLE: Final = gettext_lazy("Backup codes left")
ABOUT: Final = gettext_lazy("Enrolled people. Those on the left will call next.")
TOP, BOTTOM, HEIGHT = 22, 178, 216
TONES: Final = {"none": "bad", "low": "warn", "fine": "first"}


def since(now: datetime) -> date:
    """Only the newest snapshot is kept, and it may be of yesterday."""
    return now.date() - timedelta(days=366)


def draw(rows: Sequence[Row], now: datetime) -> Drawing:
    """A bar for each number of codes."""
    counts = {int(row.key): row.value for row in rows}
    lefts = range(max([conf.BACKUP_CODE_COUNT, *counts]) + 1)
    drawing = Drawing(height=HEIGHT, table=_table(lefts, counts), said=_said(counts))
    drawing.lines.append(line(8, BOTTOM, WIDTH - 8, BOTTOM))
    room, highest = (WIDTH - 16) / len(lefts), max(counts.values(), default=0)
    for left in lefts:
        middle, count = 8 + room * (left + 0.5), counts.get(left, 0)
        drawing.texts.append(text(middle, BOTTOM + 16, left))
        if count:
            height = max((BOTTOM - TOP) * count / highest, 2)
            place = bar(middle - room * 0.36, BOTTOM - height, room * 0.72, height)
            drawing.marks.append(_mark(left, count, place))
            drawing.texts.append(text(middle, BOTTOM - height - 6, short(count), tone="value"))
    drawing.texts.append(text(WIDTH / 2, HEIGHT - 2, _("codes left"), tone="axis"))
    return drawing


def _mark(left: int, count: int, place: dict[str, str]) -> Mark:
    tone = TONES[displays.codes_level(left)]
    url = lists.accounts(left=left)
    return Mark(label=_words(left, count), url=url, count=count, tone=tone, **place)


def _words(left: int, count: int) -> str:
    people = ngettext("%s person", "%s people", count) % number(count)
    codes = ngettext("%d code left", "%d codes left", left) % left
    return f"{codes}: {people}"


def _said(counts: dict[int, int]) -> str:
    few = sum(count for left, count in counts.items() if displays.codes_level(left) == "low")
    return _("%(none)s have none left, %(few)s have few, of %(all)s enrolled people.") % {
        "none": number(counts.get(0, 0)),
        "few": number(few),
        "all": number(sum(counts.values())),
    }


def _table(lefts: range, counts: dict[int, int]) -> Table:
    rows: list[tuple[Any, list[Cell]]] = [
        (left, [counted(counts.get(left, 0), lists.accounts(left=left))]) for left in lefts
    ]
    return Table(head=[_("Codes left"), _("People")], rows=rows)
