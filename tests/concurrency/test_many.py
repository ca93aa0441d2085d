"""Many accounts at once, while others act on the same ones by hand, or the connection breaks."""

import pytest
from django.db import DatabaseError, connection

from recovery import actions, errors
from recovery.audit import many
from recovery.audit.verification import verify_ledger
from recovery.enums import Operation, Outcome
from recovery.models import Account, AuditEvent, Notice
from tests.concurrency import race
from tests.factories import account, actor, app, fresh, grounds, saved_codes

pytestmark = [pytest.mark.concurrency, pytest.mark.django_db(transaction=True)]


def flag_all(agent, owners, **how):
    pks = [owner.pk for owner in owners]
    return actions.require_reenrolment_of_many(actor=agent, subjects=pks, grounds=grounds(), **how)


def flagged():
    """Find whom an event says was flagged, each as often as it says so."""
    done = AuditEvent.objects.filter(
        operation=Operation.REQUIRE_REENROLMENT, outcome=Outcome.COMPLETED
    )
    return sorted(int(pk) for pk in done.values_list("subject_id", flat=True))


@pytest.mark.parametrize("all_or_nothing", [False, True])
def test_whoever_is_first_flags_and_nobody_waits_for_ever(monkeypatch, all_or_nothing):
    monkeypatch.setattr("recovery.audit.batches.AT_ONCE", 5)
    agents = [actor(Operation.REQUIRE_REENROLMENT) for _ in range(4)]
    owners = [account() for _ in range(15)]
    for owner in owners[::4]:
        app(owner)
        saved_codes(owner)

    def by_hand():
        for owner in owners:
            try:
                actions.require_reenrolment(actor=agents[0], subject=owner, grounds=grounds())
            except errors.AlreadyFlagged:
                continue

    outcomes = race(
        [
            by_hand,
            lambda: flag_all(agents[1], owners),
            lambda: flag_all(agents[2], owners[::-1], all_or_nothing=all_or_nothing),
            lambda: flag_all(agents[3], owners[7:] + owners[:7]),
        ]
    )

    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    assert flagged() == sorted(int(owner.user_id) for owner in owners)
    assert Account.objects.flagged().count() == len(owners)
    assert Notice.objects.count() == len(owners)
    verify_ledger()


@pytest.mark.parametrize("moment", ["append_many", "notices.queue_many"])
def test_a_connection_that_breaks_leaves_whole_batches_alone(monkeypatch, moment):
    monkeypatch.setattr("recovery.audit.batches.AT_ONCE", 3)
    agent = actor(Operation.REQUIRE_REENROLMENT)
    owners = [account() for _ in range(9)]
    called = []
    holder, _, name = moment.rpartition(".")
    target = getattr(many, holder) if holder else many
    really = getattr(target, name)

    def break_in_the_second_batch(*args):
        called.append(name)
        if len(called) == 2:
            connection.connection.close()
        really(*args)

    monkeypatch.setattr(target, name, break_in_the_second_batch)

    with pytest.raises(DatabaseError):
        flag_all(agent, owners)
    connection.close()

    assert [fresh(owner).is_flagged for owner in owners] == [True] * 3 + [False] * 6
    assert len(flagged()) == Notice.objects.count() == 3
    monkeypatch.setattr(target, name, really)
    again = flag_all(agent, owners)
    assert len(again.done) == 6
    assert len(again.refused) == 3
    verify_ledger()
