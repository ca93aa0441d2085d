"""The figures, when several workers count at once."""

import pytest

from recovery import figures
from recovery.enums import Measure, Operation, Outcome
from recovery.models import AuditEvent, Figure
from tests import factories
from tests.concurrency import at_once

pytestmark = [pytest.mark.concurrency, pytest.mark.django_db(transaction=True)]


def test_workers_that_count_at_once_count_each_event_once():
    figures.count_events()
    for number in range(12):
        AuditEvent.objects.create(
            operation=Operation.ISSUE_PHONE_CODE,
            outcome=Outcome.COMPLETED,
            subject_id=str(number),
        )

    counted = at_once(4, lambda _: figures.count_events())

    assert sum(counted) == 12
    assert Figure.objects.get(measure=Measure.OPERATIONS).value == 12


def test_workers_that_look_at_the_accounts_at_once_take_one_snapshot():
    factories.account()

    taken = at_once(4, lambda _: figures.count_accounts())

    assert sorted(taken) == [0, 0, 0, 1]
    assert Figure.objects.get(measure=Measure.ENROLMENT).value == 1
