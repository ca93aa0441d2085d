"""Timing two things in turn, so that a machine that slows down slows both."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

Thing = Callable[[], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """What a ratio has to be."""

    at_most: float | None = None
    at_least: float | None = None

    def told(self, ratio: float) -> str:
        """The bar, and whether it is held."""
        if self.at_most is not None:
            return f"≤ {self.at_most:g}: {'held' if ratio <= self.at_most else 'MISSED'}"
        if self.at_least is not None:
            return f"≥ {self.at_least:g}: {'held' if ratio >= self.at_least else 'MISSED'}"
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

    def __str__(self) -> str:
        ratio = self.first / self.second
        pairs = f"({self.runs} pairs)"
        return (
            f"{self.what:<66} {self.first:8.2f} {self.unit} ÷ {self.second:8.2f} {self.unit} "
            f"= {ratio:5.2f}  {pairs:<10}  {self.bar.told(ratio)}"
        ).rstrip()


def side_by_side(what: str, first: Thing, second: Thing, *, runs: int, bar: Bar = NO_BAR) -> Row:
    """Run both in turn and compare their medians; one pair before that warms up."""
    first(), second()
    pairs = [(_milliseconds(first), _milliseconds(second)) for _ in range(runs)]
    return Row(
        what,
        statistics.median(one for one, _ in pairs),
        statistics.median(other for _, other in pairs),
        runs,
        bar=bar,
    )


def _milliseconds(thing: Thing) -> float:
    started = time.perf_counter()
    thing()
    return (time.perf_counter() - started) * 1000
