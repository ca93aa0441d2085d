"""Ending authenticators that are lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Exists, F
from django.utils import timezone

from recovery import code_sets, errors, flags, host_devices
from recovery.audit import audited
from recovery.enums import CodeKind, EndReason, FlagOrigin, Operation
from recovery.models import Account, BackupCodeSet, TotpAuthenticator

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from recovery.actors import Actor, Grounds
    from recovery.models import AuditEvent


def report_authenticator_lost(
    *, actor: Actor, subject: Account, grounds: Grounds, authenticator: str = ""
) -> AuditEvent:
    """End every authenticator of ``subject`` at once, codes too, or the one that is named.

    ``authenticator`` is a persistent id of django-otp, which the host project's devices have too:
    they die alike. Their sessions end and they have to re-enrol: the loss never lets the password
    alone bind a new one (NIST SP 800-63B-4 4.3).
    """
    operation = Operation.REPORT_AUTHENTICATOR_LOST
    with audited(operation, actor=actor, subject=subject, grounds=grounds) as draft:
        account = draft.account
        revoked, ended = _end(account, authenticator)
        theirs = host_devices.end(account, only=authenticator)
        if not revoked and not ended and not theirs:
            raise errors.NothingToReport
        end_sessions(account)
        origin, reason = FlagOrigin.REPORTED_LOST, grounds.reason
        flags.raise_flag(account, origin=origin, actor=actor, reason=reason)
        if theirs and account.enrolled_at is None:
            flags.change(account, actor=actor, reason=reason, enrolled_at=timezone.now())
        draft.detail = {
            "authenticators": revoked + len(theirs),
            "codes": ended,
            **host_devices.noted(theirs),
        }
    return draft.written


def require_something_bound(account: Account) -> None:
    """Refuse where there is neither a code left to lose nor an authenticator, whoever bound it."""
    theirs = host_devices.live_of(account)
    codes = BackupCodeSet.objects.filter(user_id=account.user_id, confirmed=True)
    anything = Exists(_bound(account)) | Exists(codes)
    ours = Account.objects.filter(anything, pk=account.pk).exists()
    if not ours and not theirs:
        raise errors.NothingToReport


def revoke_authenticator(*, actor: Actor, subject: Account, authenticator_id: int) -> AuditEvent:
    """The account holder revokes one of their own; the last one only after binding another."""
    operation = Operation.REVOKE_AUTHENTICATOR
    with audited(operation, actor=actor, subject=subject) as draft:
        account = draft.account
        bound = _bound(account)
        if not bound.exclude(pk=authenticator_id).exists():
            raise errors.LastAuthenticator
        if not _revoke(bound.filter(pk=authenticator_id), because=EndReason.REVOKED):
            raise errors.NothingToReport
        draft.detail = {"authenticators": 1}
    return draft.written


def revoke_all(account: Account, *, because: EndReason) -> int:
    """Revoke every bound authenticator app of a locked account; return how many."""
    return _revoke(_bound(account), because=because)


def end_sessions(account: Account) -> None:
    """End the subject's sessions: each carries the generation that it was opened in."""
    Account.objects.filter(pk=account.pk).update(session_generation=F("session_generation") + 1)


def _end(account: Account, authenticator: str) -> tuple[int, int]:
    lost = EndReason.REPORTED_LOST
    if not authenticator:
        return revoke_all(account, because=lost), code_sets.end_all(account, because=lost)
    label, _, pk = authenticator.rpartition("/")
    if not pk.isdecimal():
        return 0, 0
    if label == TotpAuthenticator.model_label():
        return _revoke(_bound(account).filter(pk=pk), because=lost), 0
    if label == BackupCodeSet.model_label():
        return 0, _end_set(account, pk)
    return 0, 0


def _end_set(account: Account, pk: str) -> int:
    found = BackupCodeSet.objects.filter(user_id=account.user_id, pk=pk, confirmed=True).first()
    if found is None:
        return 0
    return code_sets.end_kind(account, kind=CodeKind(found.kind), because=EndReason.REPORTED_LOST)


def _bound(account: Account) -> QuerySet[TotpAuthenticator]:
    bound: QuerySet[TotpAuthenticator] = TotpAuthenticator.objects.filter(
        user_id=account.user_id, confirmed=True
    )
    return bound


def _revoke(bound: QuerySet[TotpAuthenticator], *, because: EndReason) -> int:
    return bound.update(confirmed=False, revoked_at=timezone.now(), revoked_because=because)
