"""Figures counted anew: what was wrong is gone, what nothing else knows is kept."""

from datetime import timedelta

import pytest
from django.utils import timezone

from recovery.enums import Measure, Operation, Outcome
from recovery.figures import count_accounts
from recovery.models import AuditEvent, Figure

pytestmark = pytest.mark.django_db(transaction=True)


def test_wrong_figures_are_put_right(run, make_account):
    make_account()
    count_accounts(now=timezone.now() - timedelta(days=3))
    AuditEvent.objects.create(operation=Operation.ISSUE_PHONE_CODE, outcome=Outcome.COMPLETED)
    run("worker", once=True)
    was = set(figures())
    Figure.objects.exclude(measure=Measure.ENROLMENT).update(value=99)

    printed = run("refresh_figures")

    assert printed.code == 0
    assert printed.out == f"Counted {AuditEvent.objects.count()} events, and every account.\n"
    assert set(figures()) == was
    assert Figure.objects.filter(measure=Measure.ENROLMENT).dates("day", "day").count() == 2


def figures():
    return Figure.objects.values_list("measure", "day", "quarter", "key", "value")
