"""On whose authority a job is done: kept as it was when they asked, and looked at afresh."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from recovery.actors import Actor, Grounds, Source
from recovery.enums import AuthenticatorKind, Proofing

if TYPE_CHECKING:
    from recovery.models import Job


def written_down(actor: Actor) -> dict[str, Any]:
    """How the actor's session was verified, for the job's own row."""
    return {
        "verified_by": actor.verified_by,
        "authenticator": actor.authenticator,
        "verified_at": actor.verified_at and actor.verified_at.isoformat(),
        "session_digest": actor.session_digest,
        "address": actor.source.address,
        "user_agent": actor.source.user_agent,
    }


def actor_of(job: Job) -> Actor:
    """Whoever asked, with the rights that they have now and the session that they had then.

    Somebody who is gone by now has no rights at all.
    """
    kept = job.authority
    verified_by, verified_at = kept.get("verified_by"), kept.get("verified_at")
    return Actor(
        user=job.owner,
        name=job.owner_name,
        verified_by=AuthenticatorKind(verified_by) if verified_by else None,
        authenticator=kept.get("authenticator", ""),
        verified_at=datetime.fromisoformat(verified_at) if verified_at else None,
        asked_at=job.asked_at,
        session_digest=kept.get("session_digest", ""),
        source=Source(address=kept.get("address", ""), user_agent=kept.get("user_agent", "")),
    )


def grounds_of(job: Job) -> Grounds:
    """One reason and one ticket for all its rows. Nobody called, so nobody was proven."""
    return Grounds(reason=job.reason, ticket=job.ticket, proofing=Proofing.NOT_PROVEN)
