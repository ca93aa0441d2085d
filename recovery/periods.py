"""How long things last by the settings, for texts that are written before those are read."""

from __future__ import annotations

from calendar import monthrange
from typing import TYPE_CHECKING, cast

from django.utils.functional import lazy
from django.utils.translation import ngettext

from recovery.conf import conf

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from django.utils.functional import Promise

MONTHS_IN_A_YEAR = 12
MINUTE, HOUR, DAY = 60, 3_600, 86_400


def setting_in_words(name: str) -> Promise:
    """The period that a setting holds whenever the text is shown, and not when it was written."""
    return cast("Promise", lazy(lambda: in_words(getattr(conf, name)), str)())


def in_words(period: timedelta) -> str:
    """A period in the largest unit that it is a whole number of."""
    seconds = int(period.total_seconds())
    if seconds % DAY == 0:
        return ngettext("%d day", "%d days", seconds // DAY) % (seconds // DAY)
    if seconds % HOUR == 0:
        return ngettext("%d hour", "%d hours", seconds // HOUR) % (seconds // HOUR)
    if seconds % MINUTE == 0:
        return ngettext("%d minute", "%d minutes", seconds // MINUTE) % (seconds // MINUTE)
    return ngettext("%d second", "%d seconds", seconds) % seconds


def months_before(moment: datetime, months: int) -> datetime:
    """The same day so many months earlier, or the last day of a month that is shorter."""
    month = moment.year * MONTHS_IN_A_YEAR + moment.month - 1 - months
    year, month = month // MONTHS_IN_A_YEAR, month % MONTHS_IN_A_YEAR + 1
    day = min(moment.day, monthrange(year, month)[1])
    return moment.replace(year=year, month=month, day=day)
