"""Proving the counters on an account against the codes that they count, and repairing them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from django.db import transaction
from django.db.models import Count, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from recovery.audit import Draft, append
from recovery.enums import CodeKind, Operation, Outcome
from recovery.locks import locked
from recovery.models import Account, BackupCodeSet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from django.db.models import QuerySet

    from recovery.actors import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """What an account says about its saved codes, or what the codes themselves say."""

    left: int
    total: int
    issued_at: datetime | None

    @classmethod
    def written_on(cls, account: Account) -> Self:
        return cls(
            left=account.backup_codes_left,
            total=account.backup_codes_total,
            issued_at=account.backup_codes_issued_at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """An account whose counters are not what its codes say."""

    account: Account
    was: Counters
    proven: Counters

    def __str__(self) -> str:
        was, proven = self.was, self.proven
        text = (
            f"{self.account}: {was.left} of {was.total} should be {proven.left} of {proven.total}"
        )
        if was.issued_at == proven.issued_at:
            return text
        return f"{text}, issued {_date(proven.issued_at)} and not {_date(was.issued_at)}"


def differences() -> Iterator[Difference]:
    """Every account whose counters are wrong. The database compares; only those come out."""
    for account in _wrong().select_related("user").order_by("pk").iterator():
        yield _difference(account)


def repair_all(*, actor: Actor) -> Iterator[Difference]:
    """Put every wrong counter right, each with an event; yield what was repaired."""
    # All are found before the first is changed: a scan does not run on while rows move.
    for pk in list(_wrong().order_by("pk").values_list("pk", flat=True)):
        repaired = _repair(pk, actor=actor)
        if repaired is not None:
            yield repaired


def _repair(pk: int, *, actor: Actor) -> Difference | None:
    """Repair one account; None if it was right by the time its rows were locked."""
    with transaction.atomic():
        account = locked(Account.objects.select_related("user").get(pk=pk))
        wrong = _wrong().filter(pk=pk).first()
        if wrong is None:
            return None
        found = _difference(wrong)
        Account.objects.filter(pk=pk).update(
            backup_codes_left=found.proven.left,
            backup_codes_total=found.proven.total,
            backup_codes_issued_at=found.proven.issued_at,
        )
        draft = Draft(operation=Operation.RECONCILE, actor=actor, subject=account)
        draft.detail = _detail(found)
        append(draft, Outcome.COMPLETED)
    return found


def _wrong() -> QuerySet[Account]:
    """The accounts that say something else than their live saved set.

    Without one there is nothing left, and the rest tells of the last set that there was.
    """
    unspent = Q(confirmed=True, codes__used_at__isnull=True) & ~Q(codes__digest="")
    return Account.objects.annotate(
        proven_left=Coalesce(_of_last_set(found=Count("codes", filter=unspent)), 0),
        proven_total=Coalesce(_of_last_set(found=Count("codes")), 0),
        proven_issued_at=_of_last_set(found=F("issued_at")),
    ).exclude(
        Q(backup_codes_left=F("proven_left"), backup_codes_total=F("proven_total"))
        & (
            Q(backup_codes_issued_at=F("proven_issued_at"))
            | Q(backup_codes_issued_at__isnull=True, proven_issued_at__isnull=True)
        )
    )


def _of_last_set(**found: Any) -> Subquery:
    was_in_force = Q(confirmed=True) | Q(ended_at__isnull=False)
    saved = BackupCodeSet.objects.filter(
        was_in_force, user_id=OuterRef("user_id"), kind=CodeKind.SAVED
    )
    last = saved.annotate(**found).order_by("-confirmed", "-issued_at", "-pk")
    return Subquery(last.values(*found)[:1])


def _difference(account: Any) -> Difference:
    proven = Counters(
        left=account.proven_left,
        total=account.proven_total,
        issued_at=account.proven_issued_at,
    )
    return Difference(account=account, was=Counters.written_on(account), proven=proven)


def _detail(found: Difference) -> dict[str, Any]:
    was, proven = found.was, found.proven
    return {
        "left_was": was.left,
        "left_is": proven.left,
        "total_was": was.total,
        "total_is": proven.total,
        "issued_at_was": was.issued_at and was.issued_at.isoformat(),
        "issued_at_is": proven.issued_at and proven.issued_at.isoformat(),
    }


def _date(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}Z" if moment else "never"
