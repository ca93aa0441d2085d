"""The review, when two say something of one event and two workers walk the chain."""

import pytest

from recovery import actions, errors, reviewing
from recovery.enums import Operation, Outcome, Role, Tier
from recovery.models import AuditEvent, Incident, ReviewItem
from tests.concurrency import at_once
from tests.factories import account, fresh, grounds, staff

pytestmark = [pytest.mark.concurrency, pytest.mark.django_db(transaction=True)]


@pytest.mark.requirement("P14")
def test_each_event_is_queued_once_and_reviewed_once():
    agent, reviewers = staff(Role.AGENT), [staff(Role.AUDITOR) for _ in range(4)]
    for _ in range(3):
        subject = account(tier=Tier.PRIVILEGED)
        actions.require_reenrolment(actor=agent, subject=subject, grounds=grounds())

    queued = at_once(4, lambda _: reviewing.queue_for_review())
    item = ReviewItem.objects.earliest("sequence")
    said = at_once(
        4,
        lambda number: actions.escalate_event(actor=reviewers[number], item=item, comment="Odd"),
    )

    assert sum(queued) == ReviewItem.objects.count() == 3
    refused = [one for one in said if isinstance(one, Exception)]
    assert [type(one) for one in refused] == [errors.AlreadyReviewed] * 3
    assert Incident.objects.count() == 1
    events = AuditEvent.objects.filter(operation=Operation.ESCALATE_EVENT)
    assert events.filter(outcome=Outcome.COMPLETED).get().actor_id == fresh(item).reviewer_id
