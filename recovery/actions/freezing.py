"""Stopping a recovery that somebody else is after, and a lead's way out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.db.models import Q
from django.utils import timezone

from recovery import code_sets, errors, flags, host_devices, links, vetoes
from recovery.actions.authenticators import end_sessions
from recovery.actors import Actor
from recovery.audit import Draft, append_failure, audited
from recovery.enums import CodeKind, EndReason, IncidentKind, LinkState, Operation
from recovery.models import (
    AuditEvent,
    BackupCodeSet,
    ContactAddress,
    Incident,
    TotpAuthenticator,
)

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from recovery.actors import Grounds
    from recovery.models import Account
    from recovery.secret import Secret

OF_THE_HOLDER: Final = (IncidentKind.VETO, IncidentKind.HOLDER_FROZE)
"""What a reviewer escalated is not what the account holder said: its end silences no mail."""


def freeze_recovery(*, actor: Actor, subject: Account) -> Incident:
    """The account holder stops every recovery of their account until a lead has looked."""
    operation = Operation.FREEZE_RECOVERY
    with audited(operation, actor=actor, subject=subject) as draft:
        account = draft.account
        if account.frozen_at is not None:
            raise errors.AlreadyFrozen
        froze = {"links": links.end_open(account, state=LinkState.WITHDRAWN)}
        _end_phone_codes(account)
        incident = _freeze(account, IncidentKind.HOLDER_FROZE, froze, actor=actor)
        draft.detail = {"incident": incident.pk}
        draft.tells_leads = True
    return incident


def look_at_veto(*, token: Secret) -> tuple[Account, AuditEvent]:
    """What a veto link is about, while it can still stop it; anything else is recorded."""
    account = None
    try:
        account, event = vetoes.read(token)
        require_vetoable(account, event)
    except errors.VetoNotUsable as refusal:
        draft = Draft(operation=Operation.VETO, actor=Actor.stranger(), subject=account)
        append_failure(draft, type(refusal))
        raise
    return account, event


def veto(*, subject: Account, event: AuditEvent) -> Incident:
    """Freeze the account and suspend whatever was added at or after ``event``; sessions end.

    Once per event, and never by a mail from before an incident that a lead has closed.
    """
    operation, claimant = Operation.VETO, Actor.stranger()
    with audited(operation, actor=claimant, subject=subject) as draft:
        account = draft.account
        require_vetoable(account, event)
        froze = _suspend_since(account, event.at)
        froze["links"] = links.end_open(account, state=LinkState.WITHDRAWN)
        end_sessions(account)
        incident = _freeze(account, IncidentKind.VETO, froze, actor=claimant, event=event)
        draft.detail = {"event": event.pk, "incident": incident.pk, **froze}
        draft.tells_leads = True
    return incident


def require_vetoable(account: Account, event: AuditEvent) -> None:
    """Refuse the veto of an event that was vetoed, or that a closed incident has covered."""
    dealt_with = Q(event_id=event.pk) | Q(closed_at__gte=event.at, kind__in=OF_THE_HOLDER)
    is_theirs = event.subject_id == str(account.user_id)
    if not is_theirs or Incident.objects.filter(dealt_with, account=account).exists():
        raise errors.VetoNotUsable


def close_incident(
    *, actor: Actor, subject: Account | None, grounds: Grounds, incident: Incident | None = None
) -> AuditEvent:
    """A lead has looked: the open incidents are closed with the reason as note, the freeze lifted.

    What was suspended stays dead; the account has to be re-enrolled. One that is about no account
    is named by ``incident`` and closed alone.
    """
    operation = Operation.CLOSE_INCIDENT
    with audited(operation, actor=actor, subject=subject, grounds=grounds) as draft:
        if incident is not None:
            draft.detail = {"incident": incident.pk}
            closed = _close(
                Incident.objects.filter(pk=incident.pk, account=None),
                actor=actor,
                reason=grounds.reason,
            )
            is_frozen = False
        else:
            is_frozen = draft.account.frozen_at is not None
            closed = close_all(draft.account, actor=actor, reason=grounds.reason)
        if not closed and not is_frozen:
            raise errors.NoOpenIncident
        draft.detail["incidents"] = closed
    return draft.written


def close_all(account: Account, *, actor: Actor, reason: str) -> int:
    """Close every open incident of a locked account and lift its freeze; return how many."""
    closed = _close(Incident.objects.filter(account=account), actor=actor, reason=reason)
    flags.change(account, actor=actor, reason=reason, frozen_at=None)
    return closed


def _close(incidents: QuerySet[Incident], *, actor: Actor, reason: str) -> int:
    """Close those that are open still; return how many."""
    still_open = incidents.filter(closed_at__isnull=True)
    return still_open.update(closed_at=timezone.now(), closed_by=actor.name, note=reason)


def _suspend_since(account: Account, moment: datetime) -> dict[str, Any]:
    now, because = timezone.now(), EndReason.VETOED
    bound = TotpAuthenticator.objects.filter(user_id=account.user_id, revoked_at__isnull=True)
    added = ContactAddress.objects.kept().filter(account=account)
    sets = BackupCodeSet.objects.filter(user_id=account.user_id, confirmed=True)
    revoked = bound.filter(Q(bound_at__gte=moment) | Q(confirmed=False)).update(
        confirmed=False, revoked_at=now, revoked_because=because
    )
    theirs = host_devices.end_since(account, moment)
    suspended = {
        "authenticators": revoked + len(theirs),
        "addresses": added.filter(Q(added_at__gte=moment) | Q(confirmed_at__gte=moment)).update(
            removed_at=now
        ),
    }
    fresh = list(sets.filter(Q(issued_at__gte=moment) | Q(kind=CodeKind.PHONE)))
    for code_set in fresh:
        code_sets.end_kind(account, kind=CodeKind(code_set.kind), because=because)
    return suspended | {"codes": len(fresh)} | host_devices.noted(theirs)


def _end_phone_codes(account: Account) -> None:
    code_sets.end_kind(account, kind=CodeKind.PHONE, because=EndReason.VETOED)


def _freeze(
    account: Account,
    kind: IncidentKind,
    froze: dict[str, Any],
    *,
    actor: Actor,
    event: AuditEvent | None = None,
) -> Incident:
    flags.change(account, actor=actor, reason=str(kind.label), frozen_at=timezone.now())
    return Incident.objects.create(
        account=account, kind=kind, froze=froze, event_id=event.pk if event else None
    )
