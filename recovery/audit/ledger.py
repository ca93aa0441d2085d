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
    in_any_case: dict[str, Any] = field(default_factory=dict)
    """Detail that it keeps also where it is refused or fails."""
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
    draft.event = AuditEvent.objects.create(
        outcome=outcome,
        refusal=refusal,
        detail=draft.detail,
        **who_and_why(draft),
        **about(draft.subject),
    )
    return draft.event


def who_and_why(draft: Draft) -> dict[str, Any]:
    """What an event says of everything but its subject, and how it ended."""
    actor = draft.actor
    return {
        "at": draft.at,
        "operation": draft.operation,
        "actor_id": actor.key,
        "actor_name": actor.name[:NAME_LENGTH],
        "reason": draft.grounds.reason,
        "ticket": draft.grounds.ticket[:TICKET_LENGTH],
        "proofing": draft.grounds.proofing or "",
        "source_address": actor.source.address,
        "user_agent": actor.source.user_agent[:300],
        "session_digest": actor.session_digest,
        "verified_by": actor.verified_by or "",
        "authenticator": actor.authenticator,
    }


def about(subject: Account | None) -> dict[str, str]:
    """What an event says of its subject."""
    return {
        "subject_id": str(subject.user_id) if subject is not None else "",
        "subject_name": subject.user.get_username()[:NAME_LENGTH] if subject is not None else "",
        "subject_tier": subject.tier if subject is not None else "",
    }
