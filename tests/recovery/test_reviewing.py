"""The review queue: what gets into it, and that the draw can be done again (PCI DSS 10.4.1)."""

import pytest
from django.db import connection

from recovery import reviewing
from recovery.actors import Actor
from recovery.audit import Draft, append, linking
from recovery.enums import Operation, Outcome, ReviewCause, Role, Tier
from recovery.models import ReviewItem
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("P14")]

BORING = Operation.ISSUE_PHONE_CODE


@pytest.fixture(autouse=True)
def _nothing_by_chance(settings):
    settings.RECOVERY_REVIEW_SHARE = 0
    reviewing.queue_for_review()


def done(operation=BORING, *, tier=Tier.STANDARD, refusal="", actor=None, **detail):
    subject = factories.account(tier=tier)
    draft = Draft(
        operation=operation,
        actor=actor or factories.staff(Role.AGENT),
        subject=subject,
        detail=detail,
    )
    outcome = Outcome.REFUSED if refusal else Outcome.COMPLETED
    event = append(draft, outcome, refusal=refusal)
    linking.settle(connection)
    return event


def queued():
    reviewing.queue_for_review()
    return {item.event_id: item.cause for item in ReviewItem.objects.all()}


def test_each_operation_is_reviewed_or_has_a_reason_not_to_be():
    assert set(reviewing.REVIEWED) | set(reviewing.NOT_REVIEWED) == set(Operation)
    assert not set(reviewing.REVIEWED) & set(reviewing.NOT_REVIEWED)


def test_all_on_privileged_accounts_are_queued():
    event = done(tier=Tier.PRIVILEGED)
    done()

    assert queued() == {event.pk: ReviewCause.PRIVILEGED}


def test_all_that_was_refused_is_queued():
    event = done(refusal="account_frozen")

    assert queued() == {event.pk: ReviewCause.REFUSED}


def test_what_a_stranger_was_refused_does_not_flood_the_queue():
    done(Operation.OPEN_RECOVERY_LINK, refusal="link_replayed", actor=Actor.stranger())

    assert queued() == {}


@pytest.mark.parametrize("operation", [Operation.DELIVER_NOTICE, Operation.STEP_UP])
def test_what_nobody_has_to_look_at_is_not_queued(operation, settings):
    settings.RECOVERY_REVIEW_SHARE = 100
    done(operation, tier=Tier.PRIVILEGED)

    assert queued() == {}


def test_a_share_of_the_rest_is_drawn_and_the_draw_can_be_done_again(settings):
    settings.RECOVERY_REVIEW_SHARE, settings.RECOVERY_REVIEW_SEED = 30, "of this year"
    events = [done() for _ in range(12)]
    drawn = {event.pk for event in events if reviewing.is_drawn(event.entry.sequence)}

    assert set(queued()) == drawn
    assert len(drawn) not in {0, 12}
    assert set(queued().values()) == {ReviewCause.SAMPLED}


def test_the_draw_keeps_to_its_share_and_hangs_on_the_seed(settings):
    settings.RECOVERY_REVIEW_SHARE = 5
    drawn = {}
    for seed in ("one", "two"):
        settings.RECOVERY_REVIEW_SEED = seed
        drawn[seed] = {number for number in range(10_000) if reviewing.is_drawn(number)}

    assert all(400 < len(numbers) < 600 for numbers in drawn.values())
    assert drawn["one"] != drawn["two"]


def test_nothing_is_queued_twice_and_nothing_between_two_walks_is_missed():
    first = done(tier=Tier.PRIVILEGED)
    assert reviewing.queue_for_review() == 1
    second = done(tier=Tier.PRIVILEGED)

    assert reviewing.queue_for_review() == 1
    assert reviewing.queue_for_review() == 0
    assert set(queued()) == {first.pk, second.pk}


def test_a_long_chain_is_walked_in_steps(monkeypatch):
    monkeypatch.setattr(reviewing, "STEP", 2)
    events = [done(tier=Tier.PRIVILEGED) for _ in range(5)]

    assert reviewing.queue_for_review() == 5
    assert set(queued()) == {event.pk for event in events}
