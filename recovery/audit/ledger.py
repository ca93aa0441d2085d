"""Appending one event."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from recovery.actors import Grounds
from recovery.audit.detail import check_detail
from recovery.models import AuditEvent
from recovery.models.audit import NAME_LENGTH, TICKET_LENGTH

if TYPE_CHECKING:
    from recovery.actors import Actor
    from recovery.enums import Operation, Outcome
    from recovery.models import Account


@dataclass(slots=True, kw_only=True)
class Draft:
    """An event in the making: what is known before it has ended."""

    operation: Operation
    actor: Actor
    subject: Account | None = None
    grounds: Grounds = field(default_factory=lambda: Grounds(reason=""))
    detail: dict[str, Any] = field(default_factory=dict)
    """Closed per operation: see ``recovery.audit.detail``."""
    at: datetime = field(default_factory=timezone.now)
    """When it began: what the operation adds is never older than its event."""
    also_tell: list[str] = field(default_factory=list)
    """Addresses to tell besides the confirmed ones: one that is just being removed."""
    tells_leads: bool = False
    """Whether every lead of the desk hears of it as well."""
    event: AuditEvent | None = None
    """The event, once it is written."""

    @property
    def account(self) -> Account:
        """The subject, for operations that always have one."""
        if self.subject is None:
            raise ValueError(f"{self.operation} has no subject.")
        return self.subject

    @property
    def written(self) -> AuditEvent:
        """The event; ask for it after the operation has ended."""
        if self.event is None:
            raise ValueError(f"{self.operation} is not on the ledger yet.")
        return self.event


def append(draft: Draft, outcome: Outcome, *, refusal: str = "") -> AuditEvent:
    """Write ``draft`` on the ledger, in whatever transaction the caller is in.

    What is too long for its column is cut: a refusal of it has to be recorded as well.
    """
    check_detail(draft.operation, draft.detail)
    actor, subject = draft.actor, draft.subject
    draft.event = AuditEvent.objects.create(
        at=draft.at,
        operation=draft.operation,
        outcome=outcome,
        refusal=refusal,
        actor_id=actor.key,
        actor_name=actor.name[:NAME_LENGTH],
        subject_id=str(subject.user_id) if subject is not None else "",
        subject_name=subject.user.get_username()[:NAME_LENGTH] if subject is not None else "",
        subject_tier=subject.tier if subject is not None else "",
        reason=draft.grounds.reason,
        ticket=draft.grounds.ticket[:TICKET_LENGTH],
        proofing=draft.grounds.proofing or "",
        source_address=actor.source.address,
        user_agent=actor.source.user_agent[:300],
        session_digest=actor.session_digest,
        verified_by=actor.verified_by or "",
        authenticator=actor.authenticator,
        detail=draft.detail,
    )
    return draft.event
