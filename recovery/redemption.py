"""Redeeming a backup or phone code: counted first, hashed once, decided by one UPDATE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recovery import bursts, code_sets, codes, deaths, errors, flags, notices, throttling
from recovery.actors import Actor, current_source
from recovery.audit.ledger import Draft, append
from recovery.audit.tallies import append_failure
from recovery.conf import conf
from recovery.enums import (
    AuthenticatorKind,
    CodeKind,
    EndReason,
    FlagOrigin,
    Operation,
    Outcome,
)
from recovery.locks import account_of
from recovery.models import Account, BackupCode, BackupCodeSet
from recovery.models.devices import in_order
from recovery.throttling import count_attempt, take_back

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.contrib.auth.models import AbstractBaseUser
    from django.utils.functional import Promise

    from recovery.secret import Secret

OPERATION = {
    CodeKind.SAVED: Operation.REDEEM_BACKUP_CODE,
    CodeKind.PHONE: Operation.REDEEM_PHONE_CODE,
}
VERIFIED_BY = {
    CodeKind.SAVED: AuthenticatorKind.BACKUP_CODE,
    CodeKind.PHONE: AuthenticatorKind.PHONE_CODE,
}


def redeem(user: AbstractBaseUser, *, typed: str) -> BackupCodeSet | None:
    """Redeem what ``user`` typed, of whichever kind; return the set that held it.

    Outside any transaction of the caller's the slow hash holds no lock. The account has to
    re-enrol from here on, in the same transaction.
    """
    live = BackupCodeSet.objects.filter(user_id=user.pk, confirmed=True).select_related("user")
    candidates = [
        (code_set, code)
        for code_set in in_order(live)
        if (code := _read_for(code_set, typed)) is not None
    ]
    if not candidates:
        _refuse(account_of(user), _kind_meant(typed), errors.WrongCode)
        return None
    return _attempt(candidates)


def redeem_in_set(code_set: BackupCodeSet, *, typed: str) -> bool:
    """Redeem in one set. Nestable in django-otp's transaction: returns False, never refuses.

    A mistyped code is told by its check character and costs neither a hash nor a count.
    """
    code = _read_for(code_set, typed)
    if code is None:
        _refuse(account_of(code_set.user), CodeKind(code_set.kind), errors.WrongCode)
        return False
    return _attempt([(code_set, code)]) is not None


def _attempt(candidates: Sequence[tuple[BackupCodeSet, Secret]]) -> BackupCodeSet | None:
    """Count one attempt, then try each set that could hold the code; return the one that did."""
    first, _ = candidates[0]
    account, kind = account_of(first.user), CodeKind(first.kind)
    if account.frozen_at is not None:
        _refuse(account, kind, errors.AccountFrozen)
        return None
    source = current_source.get().address
    admission = count_attempt(Account.objects.filter(pk=account.pk))
    is_admitted = admission.admitted and throttling.admits_source(source)
    is_looked_at = is_admitted and admission.failures <= conf.FAILURE_LIMIT
    found = _holder_among(candidates) if is_looked_at else None
    if found is not None:
        throttling.give_back(source)
        return found
    _refuse(account, kind, errors.WrongCode if is_admitted else errors.TooManyAttempts)
    bursts.note(account, admission.failures)
    if admission.failures >= conf.FAILURE_LIMIT:
        _kill(account)
    return None


def _holder_among(candidates: Sequence[tuple[BackupCodeSet, Secret]]) -> BackupCodeSet | None:
    return next((code_set for code_set, code in candidates if _decide(code_set, code)), None)


def _read_for(code_set: BackupCodeSet, typed: str) -> Secret | None:
    """The code that ``typed`` would be in this set; None if it can't be one of it.

    Adopted codes have no check character: any text may be one, and costs a count.
    """
    if not code_set.is_live:
        return None
    if code_set.adopted_from:
        return codes.read_adopted(typed)
    code = codes.read(typed)
    return code if code is not None and codes.kind_of(code) == code_set.kind else None


def _kind_meant(typed: str) -> CodeKind:
    code = codes.read(typed)
    return codes.kind_of(code) if code is not None else CodeKind.SAVED


def refusal_to_look(code_set: BackupCodeSet) -> str | Promise | None:
    """Why an attempt would not be compared now, for django-otp's forms; None if it would."""
    if not code_set.is_live:
        return _("These codes can't be used any more.")
    account = account_of(code_set.user)
    if account.retry_at is not None and account.retry_at > timezone.now():
        return _("Wait a little before you try another code.")
    return None


def _decide(code_set: BackupCodeSet, code: Secret) -> bool:
    digest = code_set.stored_recipe.digest(code)
    with transaction.atomic():
        # The lock keeps the order set, account that every other writer keeps; it decides nothing.
        list(BackupCodeSet.objects.select_for_update().filter(pk=code_set.pk).values_list("pk"))
        if not spend(code_set.pk, digest):
            return False
        _settle(code_set)
    return True


def spend(set_pk: int, digest: str) -> bool:
    """Take one code out of a set: of many at once, one call returns True.

    The condition names columns of this table alone. With a join Django would wrap it in a
    sub-select, which PostgreSQL does not look at again after waiting for the row. A set that
    ended has blank digests, so it needs no condition of its own.
    """
    unspent = BackupCode.objects.filter(set_id=set_pk, digest=digest, used_at__isnull=True)
    return unspent.update(used_at=timezone.now(), digest="") == 1


def _settle(code_set: BackupCodeSet) -> None:
    kind = CodeKind(code_set.kind)
    account = Account.objects.select_for_update(of=("self",)).get(user_id=code_set.user_id)
    if kind is CodeKind.SAVED:
        Account.objects.filter(pk=account.pk).update(backup_codes_left=F("backup_codes_left") - 1)
    else:
        code_sets.end(code_set, because=EndReason.REDEEMED)
    take_back(Account.objects.filter(pk=account.pk))
    actor = Actor.holder(code_set.user, verified_by=VERIFIED_BY[kind])
    flags.raise_flag(account, origin=FlagOrigin.REDEEMED, actor=actor, reason="", recovered=True)
    _record(account, kind, actor, code_set)


def _record(account: Account, kind: CodeKind, actor: Actor, code_set: BackupCodeSet) -> None:
    account.refresh_from_db(fields=["backup_codes_left"])
    draft = Draft(
        operation=OPERATION[kind],
        actor=actor,
        subject=account,
        detail={"left": account.backup_codes_left, "set": code_set.pk},
    )
    notices.queue(append(draft, Outcome.COMPLETED), account)


def _refuse(account: Account, kind: CodeKind, refusal: type[errors.RecoveryError]) -> None:
    actor = Actor.holder(account.user, verified_by=None)
    draft = Draft(operation=OPERATION[kind], actor=actor, subject=account)
    append_failure(draft, refusal)


def _kill(account: Account) -> None:
    """After too many failures in a row nothing is left to guess at; the subject is told.

    In django-otp's transaction counting has locked the account: there we wait for no set.
    """
    is_held = transaction.get_connection().in_atomic_block
    end_sets = code_sets.end_free if is_held else code_sets.end_all
    with transaction.atomic():
        if end_sets(account, because=EndReason.TOO_MANY_FAILURES):
            deaths.record(Operation.KILL_BACKUP_CODES, account)
