"""Timing two things in turn, so that a machine that slows down slows both."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

Thing = Callable[[], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """What a ratio has to be; or the difference, where that is what a promise is about."""

    at_most: float | None = None
    at_least: float | None = None
    apart_at_most: float | None = None

    def told(self, first: float, second: float) -> str:
        """The bar, and whether it is held."""
        ratio = first / second
        if self.at_most is not None:
            return f"≤ {self.at_most:g}: {_verdict(ratio <= self.at_most)}"
        if self.at_least is not None:
            return f"≥ {self.at_least:g}: {_verdict(ratio >= self.at_least)}"
        if self.apart_at_most is not None:
            is_held = abs(first - second) <= self.apart_at_most
            return f"± {self.apart_at_most:g} apart: {_verdict(is_held)}"
        return ""


NO_BAR = Bar()


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    what: str
    first: float
    second: float
    runs: int
    unit: str = "ms"
    bar: Bar = NO_BAR
    note: str = ""

    @property
    def ratio(self) -> float:
        return self.first / self.second

    @property
    def verdict(self) -> str:
        return self.bar.told(self.first, self.second)

    def __str__(self) -> str:
        pairs = f"({self.runs} pairs)"
        told = f"{self.verdict}  {self.note}" if self.note else self.verdict
        return (
            f"{self.what:<66} {self.first:8.2f} {self.unit} ÷ {self.second:8.2f} {self.unit} "
            f"= {self.ratio:5.2f}  {pairs:<10}  {told}"
        ).rstrip()


@dataclass(frozen=True, slots=True)
class Fact:
    """A figure that stands for itself and is no ratio."""

    what: str
    figure: str
    note: str = ""

    def __str__(self) -> str:
        return f"{self.what:<66} {self.figure}  {self.note}".rstrip()


def side_by_side(
    what: str,
    first: Thing,
    second: Thing,
    *,
    runs: int,
    bar: Bar = NO_BAR,
    before: Thing = lambda: None,
    note: str = "",
) -> Row:
    """Run both in turn and compare their medians; one pair before that warms up.

    ``before`` comes ahead of each ``first``, and is not timed.
    """
    before(), first(), second()
    pairs = []
    for _ in range(runs):
        before()
        pairs.append((milliseconds(first), milliseconds(second)))
    return of_pairs(what, pairs, bar=bar, note=note)


def of_pairs(
    what: str,
    pairs: list[tuple[float, float]],
    *,
    bar: Bar = NO_BAR,
    unit: str = "ms",
    note: str = "",
) -> Row:
    """The line of what was measured in turn already."""
    first = statistics.median(one for one, _ in pairs)
    second = statistics.median(other for _, other in pairs)
    return Row(what, first, second, len(pairs), unit=unit, bar=bar, note=note)


def milliseconds(thing: Thing) -> float:
    """How long it takes, by the clock."""
    started = time.perf_counter()
    thing()
    return (time.perf_counter() - started) * 1000


def _verdict(is_held: bool) -> str:  # noqa: FBT001 - it is what is asked
    return "held" if is_held else "MISSED"
