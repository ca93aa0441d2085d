"""An hour of the week by the clock of a place, and when it was."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo, available_timezones

from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

WRITTEN: Final = re.compile(r"([1-7])T([01]\d|2[0-3]) (\S{1,64})")

LONGEST_SPAN: Final = timedelta(days=93)
"""Each week of it is a condition of a query."""


@dataclass(frozen=True, slots=True)
class HourOfWeek:
    """One hour of one weekday by the clock of a place, in the form ``1T09 Europe/Berlin``."""

    weekday: int
    """As in ISO 8601: Monday is 1."""
    hour: int
    zone: ZoneInfo

    @classmethod
    def parse(cls, typed: str) -> HourOfWeek:
        """Read the written form; anything else is a ``ValueError``."""
        found = WRITTEN.fullmatch(typed)
        if found is None or found[3] not in _zone_names():
            raise ValueError(typed)
        return cls(int(found[1]), int(found[2]), ZoneInfo(found[3]))

    def __str__(self) -> str:
        return f"{self.weekday}T{self.hour:02} {self.zone.key}"

    @property
    def words(self) -> str:
        """As a person would say it."""
        return _("%(day)s, %(from)s:00 to %(to)s:00 (%(zone)s)") % {
            "day": WEEKDAYS[self.weekday - 1],
            "from": f"{self.hour:02}",
            "to": f"{self.hour + 1:02}",
            "zone": self.zone.key,
        }

    def spans(self, since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Each such hour between two moments. Where clocks change it may be two, or none."""
        day, last = since.astimezone(self.zone).date(), until.astimezone(self.zone).date()
        day += timedelta(days=(self.weekday - day.isoweekday()) % 7)
        while day <= last:
            begin, end = max(self._begin(day), since), min(self._end(day), until)
            if begin < end:
                yield begin, end
            day += timedelta(days=7)

    def _begin(self, day: date) -> datetime:
        return datetime.combine(day, time(self.hour), self.zone).astimezone(UTC)

    def _end(self, day: date) -> datetime:
        day, hour = day + timedelta(days=self.hour // 23), (self.hour + 1) % 24
        return datetime.combine(day, time(hour), self.zone).astimezone(UTC)


def span_is_missing(asked: Mapping[str, Any]) -> bool:
    """Whether hours of the week are asked for without a span of time for them to lie in."""
    since, until = asked.get("since"), asked.get("until")
    if not asked.get("in_hour"):
        return False
    return since is None or until is None or until - since > LONGEST_SPAN


@cache
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones())
