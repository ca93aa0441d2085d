"""How accounts stand: a snapshot now and then, equal to a look at every one of them."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from recovery.enums import Enrolment, FlagAge, FlagDue, Measure
from recovery.figures import count_accounts, flags
from recovery.models import Account, Cursor, Figure
from tests import factories
from tests.plumbing.undone import undone
from tests.recovery.figures import obvious

pytestmark = pytest.mark.django_db

MEASURES = (Measure.ENROLMENT, Measure.CODES_LEFT, Measure.FLAGS)
NOW = datetime(2026, 11, 24, 13, 7, tzinfo=UTC)
EDGES = (0, 1, 7, 14, 30, 90)
DAYS = st.one_of(
    st.sampled_from([timedelta(days=days) for days in EDGES]),
    st.timedeltas(timedelta(0), timedelta(days=120)),
)
STANDINGS = st.tuples(
    st.sampled_from(Enrolment),
    st.integers(0, 10),
    DAYS,
    st.one_of(st.none(), DAYS, DAYS.map(lambda days: -days)),
)


def stand(account, enrolment, left, age, due):
    """Put an account there past every rule."""
    flagged = enrolment is Enrolment.REENROLMENT_REQUIRED
    Account.objects.filter(pk=account.pk).update(
        enrolment=enrolment,
        backup_codes_left=left,
        backup_codes_total=10,
        reenrolment_required_at=NOW - age if flagged else None,
        reenrolment_due_at=NOW + due if flagged and due is not None else None,
        reenrolment_origin="desk" if flagged else "",
    )


@settings(max_examples=40)
@given(st.lists(STANDINGS, max_size=6))
def test_a_snapshot_counts_what_a_look_at_every_account_counts(standings):
    with undone():
        for one in standings:
            stand(factories.account(addresses=()), *one)

        count_accounts(now=NOW)

        assert obvious.kept(*MEASURES) == obvious.of_accounts(NOW)


@settings(max_examples=40)
@given(STANDINGS)
def test_each_flag_has_one_age_and_one_due_date(standing):
    with undone():
        _, *rest = standing
        stand(factories.account(addresses=()), Enrolment.REENROLMENT_REQUIRED, *rest)

        ages = [age for age in FlagAge if kept_by(flags.of_age(age, NOW))]
        dues = [due for due in FlagDue if kept_by(flags.of_due(due, NOW))]

        assert (len(ages), len(dues)) == (1, 1)


def kept_by(condition):
    return Account.objects.filter(condition).exists()


def test_a_snapshot_is_taken_once_an_hour():
    now = timezone.now()
    factories.account()

    assert count_accounts(now=now) > 0
    assert count_accounts(now=now + timedelta(minutes=59)) == 0
    assert count_accounts(now=now + timedelta(hours=1)) > 0


def test_of_each_day_the_last_snapshot_stays_and_only_enrolment_has_a_past():
    account = factories.account()
    for hours in (0, 2, 24):
        stand(account, Enrolment.ENROLLED, hours % 10, timedelta(0), None)
        count_accounts(now=NOW + timedelta(hours=hours))

    days = Figure.objects.filter(measure=Measure.ENROLMENT, key="enrolled")
    assert [(one.day.day, one.value) for one in days.order_by("day")] == [(24, 1), (25, 1)]
    assert obvious.kept(Measure.CODES_LEFT) == {
        ("codes_left", (NOW + timedelta(days=1)).date(), 0, "4"): 1
    }


def test_what_another_worker_took_meanwhile_is_not_taken_twice(monkeypatch):
    def overtaken(now):
        Cursor.objects.filter(name="figures_accounts").update(sequence=5)
        return {}

    monkeypatch.setattr("recovery.figures.accounts._counted", overtaken)

    assert count_accounts() == 0
    assert Figure.objects.count() == 0
    assert Cursor.objects.get(name="figures_accounts").sequence == 5
