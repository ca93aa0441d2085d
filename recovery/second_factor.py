"""One field for a one-time code or a backup code: which it was, and whether it fits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from recovery import bursts, codes, errors, redemption, throttling, totp
from recovery.actors import Actor, current_source
from recovery.audit import Draft, append_failure
from recovery.enums import CodeKind, Operation, Way

if TYPE_CHECKING:
    from recovery.models import Account, TotpAuthenticator

WAYS = {CodeKind.SAVED: Way.BACKUP_CODE, CodeKind.PHONE: Way.PHONE_CODE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What somebody showed besides their password."""

    way: Way
    authenticator: TotpAuthenticator | None = None
    code_set: int | None = None
    """The set whose code it was."""


def show(account: Account, *, typed: str, operation: Operation) -> Shown:
    """Take a one-time code or redeem a backup code, or raise, recorded, why not.

    A redeemed code makes the account re-enrol: it is never an ordinary sign-in.
    """
    name, source = f"code:{account.user_id}", current_source.get().address
    try:
        throttling.admit(door=operation, name=name, source=source)
        shown = _shown(account, typed)
    except errors.RecoveryError as refusal:
        note_failure(account, type(refusal), typed=typed, operation=operation)
        raise
    throttling.succeeded(door=operation, name=name, source=source)
    return shown


def note_failure(
    account: Account, refusal: type[errors.RecoveryError], *, typed: str, operation: Operation
) -> None:
    """Record that what was shown did not do, and of which kind it was."""
    claimant = Actor.holder(account.user, verified_by=None)
    draft = Draft(operation=operation, actor=claimant, subject=account)
    draft.detail = {"way": _way_meant(typed)}
    append_failure(draft, refusal)


def _shown(account: Account, typed: str) -> Shown:
    if looks_like_one_time_code(typed):
        authenticator = totp.verify_any(account.user, typed=typed)
        if authenticator is not None:
            return Shown(way=Way.AUTHENTICATOR, authenticator=authenticator)
        _note_failures(account)
        raise errors.WrongCode
    if account.frozen_at is not None:
        raise errors.AccountFrozen
    code_set = redemption.redeem(account.user, typed=typed)
    if code_set is None:
        raise errors.WrongCode
    return Shown(way=WAYS[CodeKind(code_set.kind)], code_set=code_set.pk)


def _way_meant(typed: str) -> Way:
    """What kind of proof a text would be, right or wrong (ASVS 16.3.1)."""
    if looks_like_one_time_code(typed):
        return Way.AUTHENTICATOR
    code = codes.read(typed)
    return WAYS[codes.kind_of(code) if code is not None else CodeKind.SAVED]


def looks_like_one_time_code(typed: str) -> bool:
    """Six digits, as an authenticator app shows them; backup codes are longer."""
    digits = "".join(typed.split())
    return len(digits) == totp.DIGITS and digits.isascii() and digits.isdigit()


def _note_failures(account: Account) -> None:
    failures = totp.most_failures(account.user)
    bursts.note(account, failures)
