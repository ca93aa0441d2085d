"""The worker verifies what is new in every round, and everything again once a day."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from recovery.audit import linking, rounds
from recovery.audit.checkpoints import make_checkpoint
from recovery.enums import DayState, IncidentKind
from recovery.models import Checkpoint, Cursor, Incident, LedgerDay
from tests.recovery.audit import chains

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("P13")]

MONDAY = datetime(2026, 11, 23, 12, tzinfo=UTC)
TUESDAY = MONDAY + timedelta(days=1)


def written(at, count=2):
    for _ in range(count):
        chains.ledger(1, at=at)


def states():
    return {
        day.day.isoformat(): (day.state, day.first_sequence, day.last_sequence)
        for day in LedgerDay.objects.order_by("day")
    }


def alarms():
    return [one.finding for one in Incident.objects.filter(kind=IncidentKind.LEDGER)]


def again():
    """Let two days pass, and everything be verified again; how many breaks that found."""
    a_day_later()
    found = rounds.verify_again()
    while Cursor.objects.get(name=rounds.AGAIN).hash:
        linking.settle(connection)  # an alarm is an event as well
        found += rounds.verify_again()
    return found


def a_day_later():
    """Let the last whole check be two days old."""
    Cursor.objects.filter(name=rounds.AGAIN).update(moved_at=timezone.now() - timedelta(days=2))


class TestNew:
    def test_each_day_is_verified_as_far_as_it_is_written(self):
        written(MONDAY)
        written(TUESDAY)
        written(MONDAY, count=1)  # an operation that began on Monday and ended on Tuesday

        assert rounds.verify_new() == 0

        assert states() == {
            "2026-11-23": (DayState.VERIFIED, 1, 5),
            "2026-11-24": (DayState.VERIFIED, 3, 4),
        }

    def test_a_later_round_begins_where_the_last_one_ended(self):
        written(MONDAY)
        rounds.verify_new()
        chains.change(1, reason="Another")
        written(MONDAY)

        assert rounds.verify_new() == 0
        assert states() == {"2026-11-23": (DayState.VERIFIED, 1, 4)}
        assert Cursor.objects.get(name=rounds.NEW).sequence == 4

    def test_a_break_is_told_once_and_what_follows_is_verified(self):
        written(MONDAY, count=3)
        written(TUESDAY)
        chains.change(2, reason="Another")

        assert [rounds.verify_new() for _ in range(3)] == [1, 0, 0]

        assert alarms() == ["changed:2"]
        assert states()["2026-11-23"][0] == DayState.BROKEN
        assert states()["2026-11-24"][0] == DayState.VERIFIED
        broken = LedgerDay.objects.get(state=DayState.BROKEN)
        assert (broken.finding, broken.found_at_sequence) == ("changed", 2)

    @pytest.mark.parametrize(
        ("attack", "alarm"),
        [
            (lambda: chains.delete(3), "cut_off:3"),
            (lambda: [chains.delete(place) for place in (3, 2, 1)], "cut_off:1"),
            (lambda: chains.change_entry(3, hash="a" * 64), "changed:3"),
        ],
        ids=["cut off", "all of it", "another hash"],
    )
    def test_a_head_that_is_not_there_any_more_is_told(self, attack, alarm):
        written(MONDAY, count=3)
        rounds.verify_new()

        attack()

        assert rounds.verify_new() == 1
        assert alarms() == [alarm]
        assert rounds.verify_new() == 0

    def test_a_hole_that_is_longer_than_a_round_is_told(self, monkeypatch):
        monkeypatch.setattr(rounds, "SLICE", 2)
        written(MONDAY, count=5)
        for place in (1, 2, 3):
            chains.delete(place)

        assert rounds.verify_new() == 1
        assert alarms() == ["missing:1"]


class TestAgain:
    @pytest.fixture(autouse=True)
    def verified_once(self, monkeypatch):
        monkeypatch.setattr(rounds, "SLICE", 2)
        written(MONDAY, count=5)
        make_checkpoint()
        rounds.verify_again()
        for _ in range(3):
            rounds.verify_new()

    def test_it_waits_for_a_day(self):
        chains.change(1, reason="Another")

        assert rounds.verify_again() == 0
        assert alarms() == []

    def test_it_finds_what_was_changed_since(self):
        chains.change(1, reason="Another")

        assert again() == 1
        assert alarms() == ["changed:1"]
        assert states()["2026-11-23"][0] == DayState.BROKEN

    def test_it_finds_what_has_no_place_in_the_chain(self):
        chains.insert()

        assert again() == 1
        assert alarms() == ["added:"]

    def test_it_finds_a_chain_that_was_made_anew(self):
        chains.change(2, reason="Another")
        chains.rewrite(2)

        assert again() == 1
        assert alarms() == ["changed:5"]

    def test_a_ledger_that_was_put_right_is_verified_again(self):
        was = chains.event(1).get().reason
        chains.change(1, reason="Another")
        again()
        chains.change(1, reason=was)

        assert again() == 0
        assert states()["2026-11-23"] == (DayState.VERIFIED, 1, 5)

    def test_what_is_written_meanwhile_does_not_keep_it_from_its_end(self):
        a_day_later()
        for _ in range(6):
            rounds.verify_again()
            written(TUESDAY, count=1)

        assert Cursor.objects.get(name=rounds.AGAIN).hash == ""
        assert Checkpoint.objects.count() == 1
