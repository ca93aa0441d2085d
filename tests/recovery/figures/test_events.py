"""What happened is counted once, in however many rounds, and whatever dies in one of them."""

from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from recovery.audit import linking
from recovery.enums import Operation, Outcome
from recovery.figures import count_events, count_events_anew, events, restorations, tables
from recovery.models import AuditEvent, Cursor, Figure, Restoration
from tests.plumbing.undone import undone
from tests.recovery.figures import obvious

pytestmark = pytest.mark.django_db

BEGAN = datetime(2026, 10, 22, 21, 50, tzinfo=UTC)
MEASURES = events.MEASURES
OPERATIONS = [
    *restorations.HELPS,
    *restorations.RETURNS,
    Operation.REQUIRE_REENROLMENT,
    Operation.REDEEM_BACKUP_CODE,
]
PEOPLE = st.sampled_from(["1", "2", ""])
HAPPENED = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 3, 14, 60, 24 * 60, 6 * 24 * 60, 8 * 24 * 60]),
        st.integers(0, 59),
        st.sampled_from(sorted(OPERATIONS)),
        st.sampled_from([Outcome.COMPLETED, Outcome.COMPLETED, Outcome.REFUSED, Outcome.FAILED]),
        PEOPLE,
        PEOPLE,
    ),
    max_size=12,
)
DIES_IN = st.sampled_from([None, (tables, "put"), (restorations, "follow"), (Cursor, "save")])
ROUNDS = st.lists(st.tuples(HAPPENED, st.integers(1, 5), DIES_IN), min_size=1, max_size=4)


class Killed(Exception):
    """As ``kill -9`` would, between two statements."""


def happen(what, at):
    for minutes, seconds, operation, outcome, actor, subject in what:
        at += timedelta(minutes=minutes, seconds=seconds)
        AuditEvent.objects.create(
            operation=operation,
            outcome=outcome,
            refusal="wrong_code" if outcome == Outcome.REFUSED else "",
            actor_id=actor,
            subject_id=subject,
            at=at,
        )
    linking.settle(connection)
    return at


def count(step, dies_in=None):
    with patch.object(events, "STEP", step), patch.object(events, "STEPS_AT_ONCE", 2):
        if dies_in is None:
            count_events()
            return
        with patch.object(*dies_in, side_effect=Killed):
            try:
                count_events()
            except Killed:
                return


def count_all():
    while count_events():
        pass


@settings(max_examples=60)
@given(ROUNDS)
def test_any_number_of_rounds_counts_what_a_plain_loop_counts(rounds):
    with undone():
        at = BEGAN
        for what, step, dies_in in rounds:
            at = happen(what, at)
            count(step, dies_in)
        count_all()

        assert obvious.kept(*MEASURES) == obvious.of_events()
        assert restored() == {(helped.pk, took) for helped, took in obvious.restored()}


def restored():
    back = Restoration.objects.exclude(restored_at=None)
    return {(one.event_id, int((one.restored_at - one.helped_at).total_seconds())) for one in back}


def helped(**more):
    done = {"operation": Operation.SEND_RECOVERY_LINK, "outcome": Outcome.COMPLETED}
    AuditEvent.objects.create(**done | {"subject_id": "1", "at": BEGAN} | more)
    linking.settle(connection)


def came_back(after, **more):
    done = {"operation": Operation.BIND_AUTHENTICATOR, "outcome": Outcome.COMPLETED}
    AuditEvent.objects.create(**done | {"actor_id": "1", "at": BEGAN + after} | more)
    linking.settle(connection)


def test_the_time_runs_from_the_first_help_however_often_the_desk_tried():
    helped()
    helped(operation=Operation.ISSUE_PHONE_CODE, at=BEGAN + timedelta(minutes=5))
    came_back(timedelta(minutes=9))

    count_all()

    [one] = Restoration.objects.all()
    assert one.restored_at - one.helped_at == timedelta(minutes=9)


def test_who_never_came_back_waits_and_is_counted_nowhere():
    helped()
    came_back(timedelta(days=8))

    count_all()

    assert Restoration.objects.get().restored_at is None
    assert obvious.kept("restored") == {}


def test_another_persons_return_ends_nobodys_wait():
    helped()
    came_back(timedelta(minutes=2), actor_id="2")

    count_all()

    assert Restoration.objects.get().restored_at is None


def test_counting_anew_comes_to_the_same():
    at = happen([(1, 0, one, Outcome.COMPLETED, "1", "1") for one in OPERATIONS], BEGAN)
    happen([(9, 0, Operation.SIGN_IN, Outcome.REFUSED, "2", "")], at)
    count_all()
    before = obvious.kept(*MEASURES)
    Figure.objects.update(value=77)

    count_events_anew()
    assert obvious.kept(*MEASURES) == {}
    count_all()

    assert obvious.kept(*MEASURES) == before


def test_one_round_is_bounded_however_old_the_ledger_is():
    count_all()
    happen([(1, 0, Operation.ISSUE_PHONE_CODE, Outcome.COMPLETED, "2", "1")] * 7, BEGAN)

    with patch.object(events, "STEP", 2), patch.object(events, "STEPS_AT_ONCE", 2):
        assert [count_events() for _ in range(3)] == [4, 3, 0]
