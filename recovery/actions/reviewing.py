"""What a reviewer says of an event that waits in the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from recovery import errors, policy
from recovery.actors import Grounds
from recovery.audit import audited
from recovery.enums import IncidentKind, Operation, ReviewVerdict
from recovery.models import Account, AuditEvent, Incident, ReviewItem

if TYPE_CHECKING:
    from recovery.actors import Actor
    from recovery.audit import Draft

LONGEST_FINDING: Final = 200


def sign_off_event(*, actor: Actor, item: ReviewItem, comment: str) -> AuditEvent:
    """Somebody else than who did it has looked at an event, and finds nothing wrong with it."""
    operation = Operation.SIGN_OFF_EVENT
    with audited(operation, actor=actor, grounds=Grounds(reason=comment)) as draft:
        _say(draft, item, ReviewVerdict.SIGNED_OFF)
    return draft.written


def escalate_event(*, actor: Actor, item: ReviewItem, comment: str) -> Incident:
    """Somebody finds something wrong with an event: an incident, for a lead to look into.

    Nothing is frozen, and the account holder can still say that it was not them.
    """
    operation, subject = Operation.ESCALATE_EVENT, _account_of(item)
    grounds = Grounds(reason=comment)
    with audited(operation, actor=actor, subject=subject, grounds=grounds) as draft:
        if not draft.grounds.reason:
            raise errors.ReasonMissing
        _say(draft, item, ReviewVerdict.ESCALATED)
        incident = Incident.objects.create(
            account=draft.subject,
            kind=IncidentKind.ESCALATED,
            raised_at=draft.at,
            finding=_shortened(draft.grounds.reason),
        )
        draft.detail["incident"] = incident.pk
        draft.tells_leads = True
    return incident


def _say(draft: Draft, item: ReviewItem, verdict: ReviewVerdict) -> None:
    """Put the verdict down, if there is none yet: of two at once, one finds the item open."""
    policy.require_reviewer(draft.actor, _event_of(item))
    waiting = ReviewItem.objects.filter(pk=item.pk, verdict="")
    said = waiting.update(
        verdict=verdict,
        reviewer_id=draft.actor.key,
        reviewer_name=draft.actor.name,
        comment=draft.grounds.reason,
        reviewed_at=draft.at,
    )
    if not said:
        raise errors.AlreadyReviewed
    draft.detail |= {"event": item.event_id, "sequence": item.sequence}


def _event_of(item: ReviewItem) -> AuditEvent:
    event = AuditEvent.objects.filter(pk=item.event_id).first()
    if event is None:
        raise errors.EventPurged
    return event


def _account_of(item: ReviewItem) -> Account | None:
    """The account that the event is about, if it still exists."""
    subject = AuditEvent.objects.filter(pk=item.event_id).values_list("subject_id", flat=True)
    user_id = subject.first()
    return Account.objects.filter(user_id=user_id).first() if user_id else None


def _shortened(comment: str) -> str:
    """An incident has room for a line; the item and the ledger keep the whole."""
    if len(comment) <= LONGEST_FINDING:
        return comment
    return f"{comment[: LONGEST_FINDING - 1]}…"
