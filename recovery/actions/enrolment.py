"""The account holder binds an authenticator and takes codes: the end of every way back in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils import timezone

from recovery import code_sets, enrolment, errors, flags, host_devices, notices, policy
from recovery.actions.authenticators import end_sessions
from recovery.audit import audited
from recovery.claims import used_link
from recovery.enums import Operation, Way
from recovery.models import Account

if TYPE_CHECKING:
    from typing import Any

    from recovery.actors import Actor
    from recovery.claims import Claim
    from recovery.models import AuditEvent, RecoveryLink, TotpAuthenticator


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """The authenticator that is in force now, and the event that says so."""

    authenticator: TotpAuthenticator
    event: AuditEvent
    generation: int
    """The one that the account is in now: every session of another has ended."""


def bind_authenticator(
    *,
    actor: Actor,
    subject: Account,
    way: Way,
    begun: int | None,
    typed: str,
    claim: Claim,
) -> Bound:
    """Put the proven authenticator and the typed-back codes in force, and everything else out.

    ``begun`` is the authenticator of this very session, ``claim`` what opened it: whatever was
    taken back meanwhile, be it while this waited for the lock, ends it here.
    Old authenticators and codes are revoked, the host project's as well; the flag is lifted, other
    sessions end. Whoever came back by a code or a link and is at the desk has no power there until
    a lead confirms.
    """
    digest = enrolment.typed_back_digest(subject, typed)
    operation = Operation.BIND_AUTHENTICATOR
    with audited(operation, actor=actor, subject=subject) as draft:
        account = draft.account
        if not claim.holds_for(account):
            raise errors.RecoveryEnded
        policy.require_way(account, way)
        authenticator, revoked = enrolment.activate(account, begun)
        codes = enrolment.activate_codes(account, digest=digest)
        theirs = host_devices.end(account)
        end_sessions(account)
        Account.objects.filter(pk=account.pk).update(failures=0, retry_at=None)
        marks = _marks(account, way, used_link(account, claim.link))
        flags.mark_enrolled(account, actor=actor, reason=str(way.label), **marks)
        draft.tells_leads = "power_suspended_at" in marks
        draft.detail = {
            "way": way,
            "bound": authenticator.persistent_id,
            "revoked": revoked + len(theirs),
            "left": codes,
            **host_devices.noted(theirs),
        }
    generation = account.session_generation + 1
    return Bound(authenticator=authenticator, event=draft.written, generation=generation)


def take_backup_codes(*, actor: Actor, subject: Account, typed: str) -> AuditEvent:
    """Put the fresh set in force that the account holder typed a code of; the old one ends."""
    digest = enrolment.typed_back_digest(subject, typed)
    operation = Operation.TAKE_BACKUP_CODES
    with audited(operation, actor=actor, subject=subject) as draft:
        codes = enrolment.activate_codes(draft.account, digest=digest)
        code_sets.forget_a_death(draft.account)
        draft.detail = {"left": codes}
    return draft.written


def _marks(account: Account, way: Way, link: RecoveryLink | None) -> dict[str, Any]:
    now = timezone.now()
    if not way.is_recovery:
        return {}
    marks: dict[str, Any] = {"last_recovered_at": now}
    if policy.is_staff(account.user):
        marks["power_suspended_at"] = now
    told = notices.addresses_of(account)
    if link is not None and told in ([], [link.address.address]):
        marks["told_only_at_link_address_at"] = now
    return marks
