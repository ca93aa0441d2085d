"""Timing two things in turn, so that a machine that slows down slows both."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

Thing = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    what: str
    first_ms: float
    second_ms: float
    runs: int

    def __str__(self) -> str:
        ratio = self.first_ms / self.second_ms
        return (
            f"{self.what:<66} {self.first_ms:8.2f} ms ÷ {self.second_ms:8.2f} ms "
            f"= {ratio:5.2f}  ({self.runs} pairs)"
        )


def side_by_side(what: str, first: Thing, second: Thing, *, runs: int) -> Row:
    """Run both in turn and compare their medians; one pair before that warms up."""
    first(), second()
    pairs = [(_milliseconds(first), _milliseconds(second)) for _ in range(runs)]
    return Row(
        what,
        statistics.median(one for one, _ in pairs),
        statistics.median(other for _, other in pairs),
        runs,
    )


def _milliseconds(thing: Thing) -> float:
    started = time.perf_counter()
    thing()
    return (time.perf_counter() - started) * 1000
