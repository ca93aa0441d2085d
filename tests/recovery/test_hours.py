"""Hours of the week by the clock of a place, also where clocks change."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recovery.hours import HourOfWeek

ZONES = st.sampled_from(
    [
        "Europe/Berlin",  # changes at 2:00 and at 3:00
        "Asia/Kathmandu",  # three quarters of an hour off
        "Australia/Lord_Howe",  # changes by half an hour
        "America/Santiago",  # changes at midnight
        "America/New_York",
        "UTC",
    ]
)
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
MOMENTS = st.integers(0, 2 * 365 * 24 * 60).map(lambda minutes: BEGAN + timedelta(minutes=minutes))
SPAN = timedelta(days=60)


@given(ZONES.map(ZoneInfo), MOMENTS, st.integers(0, 60 * 24 * 60 - 1))
def test_each_moment_lies_in_the_hour_that_its_clock_shows_and_in_no_other(zone, since, minutes):
    moment = since + timedelta(minutes=minutes)
    local = moment.astimezone(zone)
    inside = [
        (weekday, hour)
        for weekday in range(1, 8)
        for hour in range(24)
        for begin, end in HourOfWeek(weekday, hour, zone).spans(since, since + SPAN)
        if begin <= moment < end
    ]

    assert inside == [(local.isoweekday(), local.hour)]


@pytest.mark.parametrize(
    ("day", "hour", "lasts"),
    [
        (date(2026, 10, 25), 2, timedelta(hours=2)),  # the clock shows it twice
        (date(2026, 10, 25), 3, timedelta(hours=1)),
        (date(2026, 3, 29), 2, timedelta(0)),  # and here not at all
        (date(2026, 3, 29), 3, timedelta(hours=1)),
    ],
)
def test_where_clocks_change_an_hour_is_two_or_none(day, hour, lasts):
    berlin = ZoneInfo("Europe/Berlin")
    since = datetime.combine(day, time(), berlin)

    spans = HourOfWeek(7, hour, berlin).spans(since, since + timedelta(days=1))

    assert sum((end - begin for begin, end in spans), timedelta(0)) == lasts


def test_it_is_read_as_it_is_written():
    written = "3T09 America/Argentina/Buenos_Aires"

    assert str(HourOfWeek.parse(written)) == written


@pytest.mark.parametrize("typed", ["", "0T09 UTC", "1T24 UTC", "1T9 UTC", "1T09", "1T09 ../etc"])
def test_anything_else_is_refused(typed):
    with pytest.raises(ValueError, match="^" + typed.replace(".", r"\.") + "$"):
        HourOfWeek.parse(typed)
