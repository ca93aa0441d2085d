"""Bringing one account to where it stands on the first day, by the domain's own means."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from django.utils import timezone

from project.demo.cast import LONG_AGO, Standing
from recovery import code_sets, flags, redemption, totp
from recovery.actors import Actor
from recovery.audit import audited
from recovery.enums import CodeKind, Operation
from recovery.models import Account, BackupCode, BackupCodeSet, TotpAuthenticator

if TYPE_CHECKING:
    from recovery.code_sets import Prepared

DEMO: Final = Actor.command("demo")
SOURCE: Final = "demo"


def give(account: Account, standing: Standing, prepared: Prepared | None) -> None:
    """Bind, issue and redeem until the account stands as it should; then date it back."""
    if standing.has_authenticator:
        bind(account, name="Phone")
    if prepared is not None:
        _issue(account, prepared)
        _redeem(account, standing, prepared)
    _date_back(account, standing)


def bind(account: Account, *, name: str) -> TotpAuthenticator:
    """Bind an authenticator app that nobody holds: its key is random and shown to no one."""
    operation = Operation.ADOPT_AUTHENTICATOR
    with audited(operation, actor=DEMO, subject=account) as draft:
        bound = totp.bind(account.user, totp.new_key(), name=name)
        flags.mark_enrolled(draft.account, actor=DEMO, reason="Made for the demo")
        draft.detail = {"bound": bound.persistent_id, "from": SOURCE}
    return bound


def _issue(account: Account, prepared: Prepared) -> None:
    with audited(Operation.ADOPT_BACKUP_CODES, actor=DEMO, subject=account) as draft:
        code_sets.replace(draft.account, prepared)
        draft.detail = {"issued": len(prepared.clear), "from": SOURCE}


def _redeem(account: Account, standing: Standing, prepared: Prepared) -> None:
    for code in prepared.clear[standing.codes_left :]:
        redemption.redeem(account.user, typed=code.reveal())
    account.refresh_from_db()
    if account.is_flagged and not standing.has_to_reenrol:
        flags.mark_enrolled(account, actor=DEMO, reason="Made for the demo")


def _date_back(account: Account, standing: Standing) -> None:
    mine = Account.objects.filter(pk=account.pk)
    if standing.has_authenticator:
        mine.update(enrolled_at=_days_ago(LONG_AGO))
        bound = TotpAuthenticator.objects.filter(user_id=account.user_id)
        bound.update(bound_at=_days_ago(LONG_AGO), last_used_at=_days_ago(1))
    if standing.codes_left is not None:
        _date_back_codes(account, issued_at=_days_ago(standing.issued))
    if standing.recovered is not None:
        recovered_at = _days_ago(standing.recovered)
        mine.update(last_recovered_at=recovered_at)
        mine.filter(reenrolment_required_at__isnull=False).update(
            reenrolment_required_at=recovered_at
        )
        used = BackupCode.objects.filter(set__user_id=account.user_id, used_at__isnull=False)
        used.update(used_at=recovered_at)


def _date_back_codes(account: Account, *, issued_at: datetime) -> None:
    saved = BackupCodeSet.objects.filter(user_id=account.user_id, kind=CodeKind.SAVED)
    saved.update(issued_at=issued_at)
    Account.objects.filter(pk=account.pk).update(backup_codes_issued_at=issued_at)


def _days_ago(days: int) -> datetime:
    return timezone.now() - timedelta(days=days)
