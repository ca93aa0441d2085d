"""Filters of the ledger that are no column of it: the hours of a week, and what led back in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _

from console.viewer_timezone import known_zone
from recovery.models import Restoration

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

WRITTEN: Final = re.compile(r"([1-7])T([01]\d|2[0-3]) (\S{1,64})")
LONGEST_SPAN: Final = timedelta(days=93)
"""Each week of it is a condition of the query."""


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
        zone = known_zone(found[3]) if found else None
        if found is None or zone is None:
            raise ValueError(typed)
        return cls(int(found[1]), int(found[2]), zone)

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


class HourField(forms.CharField):
    """An hour of the week, as an address has it."""

    def clean(self, value: Any) -> HourOfWeek | None:
        typed = super().clean(value)
        try:
            return HourOfWeek.parse(typed) if typed else None
        except ValueError as error:
            raise ValidationError(
                _("“%(typed)s” is no hour of the week, such as 1T09 Europe/Berlin."),
                params={"typed": typed},
            ) from error


def span_is_missing(asked: dict[str, Any]) -> bool:
    """Whether hours of the week are asked for without a span of time that they lie in."""
    since, until = asked.get("since"), asked.get("until")
    if not asked.get("in_hour"):
        return False
    return since is None or until is None or until - since > LONGEST_SPAN


def condition(name: str, asked: dict[str, Any]) -> Q:
    """What a filter asks of an event."""
    if name == "restored":
        back = Restoration.objects.filter(restored_at__isnull=False)
        return Q(pk__in=back.values("event_id"))
    spans = asked["in_hour"].spans(asked["since"], asked["until"])
    ranges = (Q(at__gte=begin, at__lt=end) for begin, end in spans)
    return reduce(or_, ranges, Q(pk__in=()))


def this_zone() -> str:
    """The name of the viewer's zone, as ``HourOfWeek`` writes it."""
    return timezone.get_current_timezone_name()
