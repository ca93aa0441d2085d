"""Making and ending sets of codes, and the account's counters with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from django.utils import timezone

from recovery import codes
from recovery.conf import conf
from recovery.enums import CodeKind, EndReason
from recovery.hashers import Recipe
from recovery.locks import lock_sets
from recovery.models import Account, BackupCode, BackupCodeSet

if TYPE_CHECKING:
    from recovery.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Codes in the clear with their digests: hashed before the transaction, so it stays short."""

    kind: CodeKind
    clear: tuple[Secret, ...]
    recipe: Recipe
    digests: tuple[str, ...]
    adopted_from: str = ""

    @classmethod
    def saved(cls) -> Self:
        return cls._of(CodeKind.SAVED, codes.generate_set(conf.BACKUP_CODE_COUNT))

    @classmethod
    def phone(cls) -> Self:
        return cls._of(CodeKind.PHONE, (codes.generate(CodeKind.PHONE),))

    @classmethod
    def adopted(cls, clear: Sequence[Secret], *, source: str) -> Self:
        """Codes that another system made and people already hold."""
        return cls._of(CodeKind.SAVED, tuple(clear), adopted_from=source)

    @classmethod
    def _of(cls, kind: CodeKind, clear: tuple[Secret, ...], *, adopted_from: str = "") -> Self:
        recipe = Recipe.fresh()
        return cls(
            kind=kind,
            clear=clear,
            recipe=recipe,
            digests=tuple(recipe.digest(code) for code in clear),
            adopted_from=adopted_from,
        )


def replace(account: Account, prepared: Prepared) -> int:
    """Store a prepared set in place of the live one of its kind; return how many it ended.

    Counts start anew after a death by failures, and only then: otherwise asking for new codes
    would be a way to go on guessing (NIST SP 800-63B-4 3.2.2).
    """
    lock_sets(account.user_id)
    if account.failures >= conf.FAILURE_LIMIT:  # a death may have had to leave one: `end_free`
        end_all(account, because=EndReason.TOO_MANY_FAILURES)
    ended = end_kind(account, kind=prepared.kind, because=EndReason.REPLACED)
    _store(account, prepared)
    forget_a_death(account)
    return ended


def forget_a_death(account: Account) -> None:
    """Start the count anew for whoever got new codes after too many failures."""
    Account.objects.filter(pk=account.pk, failures__gte=conf.FAILURE_LIMIT).update(
        failures=0, retry_at=None
    )


def end_all(account: Account, *, because: EndReason) -> int:
    """End every live set of the account at once; return how many there were."""
    lock_sets(account.user_id)
    return sum(end_kind(account, kind=kind, because=because) for kind in CodeKind)


def end_free(account: Account, *, because: EndReason) -> int:
    """End the live sets that nobody else holds: for whoever holds the account already.

    Whoever holds one may be waiting for the account. One that is left is not compared any more,
    and dies of the next attempt on it, or before new codes start the count anew.
    """
    live = BackupCodeSet.objects.filter(user_id=account.user_id, confirmed=True)
    free = list(live.select_for_update(skip_locked=True))
    for code_set in free:
        end(code_set, because=because)
    if any(code_set.kind == CodeKind.SAVED for code_set in free):
        Account.objects.filter(pk=account.pk).update(backup_codes_left=0)
    return len(free)


def end(code_set: BackupCodeSet, *, because: EndReason) -> bool:
    """End one set; False if it had ended. Its digests are blanked: no redemption gets past that."""
    ended = BackupCodeSet.objects.filter(pk=code_set.pk, confirmed=True).update(
        confirmed=False, ended_at=timezone.now(), ended_because=because
    )
    BackupCode.objects.filter(set_id=code_set.pk).update(digest="")
    return bool(ended)


def end_kind(account: Account, *, kind: CodeKind, because: EndReason) -> int:
    """End the live sets of one kind; return how many there were."""
    live = BackupCodeSet.objects.filter(user_id=account.user_id, kind=kind, confirmed=True)
    found = list(live)
    for code_set in found:
        end(code_set, because=because)
    if kind is CodeKind.SAVED:
        Account.objects.filter(pk=account.pk).update(backup_codes_left=0)
    return len(found)


def _store(account: Account, prepared: Prepared) -> None:
    now = timezone.now()
    is_phone = prepared.kind is CodeKind.PHONE
    stored = BackupCodeSet.objects.create(
        user_id=account.user_id,
        name=str(prepared.kind.label),
        kind=prepared.kind,
        recipe=prepared.recipe.as_stored(),
        adopted_from=prepared.adopted_from,
        issued_at=now,
        expires_at=now + conf.PHONE_CODE_LIFETIME if is_phone else None,
    )
    BackupCode.objects.bulk_create(
        BackupCode(set=stored, digest=digest) for digest in prepared.digests
    )
    if not is_phone:
        count = len(prepared.digests)
        Account.objects.filter(pk=account.pk).update(
            backup_codes_left=count, backup_codes_total=count, backup_codes_issued_at=now
        )
