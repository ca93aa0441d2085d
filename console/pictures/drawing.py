"""What a picture is made of: numbers in, places on the paper out. It knows no figures."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from django.utils import formats

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH: Final = 480
TICKS: Final = 4
"""At most so many lines across a picture: it is to be looked at, and the table has the numbers."""


UNITS: Final = ((1_000_000, 1_000_000, "M"), (1_000, 10_000, "k"))
"""In what large numbers are said, and from where on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Something that stands for a number, and opens the list behind it."""

    label: str
    """What it stands for, in words, with the number."""
    url: str
    count: int
    """How many rows that list has."""
    tone: str
    shape: str = "bar"
    x: str = ""
    y: str = ""
    width: str = ""
    height: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line that the eye holds on to."""

    x1: str
    y1: str
    x2: str
    y2: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A word in the picture."""

    x: str
    y: str
    text: str
    anchor: str = "middle"
    tone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A part of the ground that means something, or a place where a mark could be and is none."""

    x: str
    y: str
    width: str
    height: str
    tone: str


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in the table behind a picture."""

    text: str
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The numbers themselves, the first of each row its name."""

    head: Sequence[Any]
    rows: Sequence[tuple[Any, Sequence[Cell]]]


@dataclass(slots=True, kw_only=True)
class Drawing:
    """One picture, ready to be shown."""

    height: int
    table: Table
    width: int = WIDTH
    marks: list[Mark] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    bands: list[Band] = field(default_factory=list)
    legend: list[tuple[str, Any]] = field(default_factory=list)
    said: str = ""
    """The picture in a sentence, for those who don't see it."""


def at(place: float) -> str:
    """A place as SVG has it, in whatever language the page is."""
    return f"{place:.1f}".removesuffix(".0")


def bar(x: float, y: float, width: float, height: float) -> dict[str, str]:
    """The four places of a rectangle."""
    return {"x": at(x), "y": at(y), "width": at(width), "height": at(height)}


def line(x1: float, y1: float, x2: float, y2: float) -> Line:
    return Line(x1=at(x1), y1=at(y1), x2=at(x2), y2=at(y2))


def text(x: float, y: float, words: Any, *, anchor: str = "middle", tone: str = "") -> Text:
    return Text(x=at(x), y=at(y), text=str(words), anchor=anchor, tone=tone)


def scale(highest: int) -> list[int]:
    """Round numbers from nought to beyond ``highest``, few enough to be lines."""
    step = 1
    while step * TICKS < highest:
        first = int(str(step)[0])
        step = step // first * {1: 2, 2: 5, 5: 10}[first]
    return list(range(0, step * max(math.ceil(highest / step), 1) + 1, step))


def number(value: float) -> str:
    """A number as the reader's language writes it."""
    return formats.number_format(value, 0, force_grouping=True)


def short(value: int) -> str:
    """A number that has to fit: the exact one is in the table, and in the mark's own words."""
    for unit, from_, name in UNITS:
        if value >= from_:
            tenths = value % unit * 10 // unit if value < 10 * unit else 0
            return f"{formats.number_format(value // unit + tenths / 10, bool(tenths))} {name}"
    return number(value)


def counted(count: int, url: str) -> Cell:
    """A number, and the list of what it counts if there is something."""
    return Cell(number(count), url if count else "")


def share(part: int, whole: int) -> str:
    """So much of a hundred."""
    return f"{number(round(100 * part / whole) if whole else 0)} %"
