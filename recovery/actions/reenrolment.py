"""Making a subject enrol again, or letting them off."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from recovery import errors, flags
from recovery.audit import audited
from recovery.enums import FlagOrigin, Operation

if TYPE_CHECKING:
    from recovery.actors import Actor, Grounds
    from recovery.models import Account, AuditEvent


def require_reenrolment(
    *, actor: Actor, subject: Account, grounds: Grounds, due_at: datetime | None = None
) -> AuditEvent:
    """Flag ``subject`` to bind a new authenticator, at once or by ``due_at``.

    A flag takes no authenticator away. One that is there can be brought forward, not put off.
    """
    operation = Operation.REQUIRE_REENROLMENT
    with audited(operation, actor=actor, subject=subject, grounds=grounds) as draft:
        require_to_come(due_at)
        draft.detail = raising(draft.account, due_at)
        flags.raise_flag(
            draft.account,
            origin=FlagOrigin.DESK,
            actor=actor,
            reason=draft.grounds.reason,
            due_at=due_at,
        )
    return draft.written


def lift_reenrolment(*, actor: Actor, subject: Account, grounds: Grounds) -> AuditEvent:
    """Take back a flag that the desk set. One that a redeemed code or a loss raised stays."""
    operation = Operation.LIFT_REENROLMENT
    with audited(operation, actor=actor, subject=subject, grounds=grounds) as draft:
        draft.detail = lifting(draft.account)
        flags.lower_flag(draft.account, actor=actor, reason=draft.grounds.reason)
    return draft.written


def require_to_come(due_at: datetime | None) -> None:
    """Refuse a due date that has passed."""
    if due_at is not None and due_at <= timezone.now():
        raise errors.DueDateInPast


def raising(account: Account, due_at: datetime | None) -> dict[str, Any]:
    """What is recorded of a flag; refuse one that would bring nothing forward."""
    require_sooner(account, due_at)
    return {"was": account.enrolment, "due_at": due_at and due_at.isoformat()}


def lifting(account: Account) -> dict[str, Any]:
    """What is recorded of lifting a flag; refuse where there is none, or not the desk's."""
    if not account.is_flagged:
        raise errors.NotFlagged
    if account.reenrolment_origin != FlagOrigin.DESK:
        raise errors.FlagStays
    return {"now": flags.lowered(account)["enrolment"]}


def require_sooner(account: Account, due_at: datetime | None = None) -> None:
    """Refuse a flag that would bring nothing forward; at once is the soonest there is."""
    if account.is_flagged and not _is_sooner(due_at, account.reenrolment_due_at):
        raise errors.AlreadyFlagged


def _is_sooner(due_at: datetime | None, standing: datetime | None) -> bool:
    return standing is not None and (due_at is None or due_at < standing)
