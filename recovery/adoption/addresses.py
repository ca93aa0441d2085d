"""Bringing in addresses that somebody else has confirmed, with the dates of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from itertools import batched
from typing import TYPE_CHECKING, Any, Final

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone

from recovery import policy
from recovery.actors import Grounds
from recovery.addresses import mask_address
from recovery.audit import Draft, append
from recovery.enums import Operation, Outcome
from recovery.models import Account, ContactAddress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from recovery.actors import Actor

BATCH: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedAddress:
    """An address that the source vouches for: its owner proved it on that day."""

    user_id: Any
    """The primary key in the project's user model."""
    address: str
    confirmed_at: datetime
    """With a time zone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """Addresses on their way in: from where, by whom, and what is said of those left out."""

    actor: Actor
    source: str
    """Kept with each address, and on the ledger."""
    skipped: Callable[[str], None]
    dry_run: bool = False
    counted: Counter[str] = field(default_factory=Counter)


def adopt_addresses(rows: Iterable[VerifiedAddress], *, intake: Intake) -> Counter[str]:
    """Put each address on record as confirmed; return how many were adopted, known, skipped.

    A second run adopts nothing anew. A person gets as many addresses as the source has.
    """
    attempt = policy.Attempt(
        operation=Operation.ADOPT_ADDRESS,
        actor=intake.actor,
        subject=None,
        grounds=Grounds(reason=""),
    )
    policy.require(attempt)
    for batch in batched(rows, BATCH):
        with transaction.atomic():
            _Batch(batch).take_in(intake)
    return intake.counted


class _Batch:
    """Some rows, with what the database already knows about their people."""

    def __init__(self, rows: Sequence[VerifiedAddress]) -> None:
        self.rows = [(row, _as_key(row.user_id)) for row in rows]
        accounts = Account.objects.select_related("user")
        wanted = {key for _, key in self.rows if key is not None}
        self.accounts = {found.user_id: found for found in accounts.filter(user_id__in=wanted)}
        known = ContactAddress.objects.filter(account__in=self.accounts.values()).order_by("pk")
        self.known = {(found.account_id, found.address.casefold()): found for found in known}

    def take_in(self, intake: Intake) -> None:
        for row, key in self.rows:
            account = self.accounts.get(key)
            problem = _problem(row) if account is not None else "no such user"
            if account is None or problem:
                _skip(intake, row, problem)
            else:
                self._take(account, row, intake)

    def _take(self, account: Account, row: VerifiedAddress, intake: Intake) -> None:
        place = (account.pk, row.address.casefold())
        known = self.known.get(place)
        if known is not None and known.removed_at is not None:
            _skip(intake, row, "this address was removed here: confirm it anew")
        elif known is not None and known.confirmed_at is not None:
            intake.counted["known"] += 1
        else:
            intake.counted["adopted"] += 1
            if not intake.dry_run:
                self.known[place] = _confirm(account, row, known, intake)


def _confirm(
    account: Account, row: VerifiedAddress, known: ContactAddress | None, intake: Intake
) -> ContactAddress:
    entry = known or ContactAddress(account=account, address=row.address, added_at=row.confirmed_at)
    entry.confirmed_at, entry.confirmed_from = row.confirmed_at, intake.source
    entry.save()
    draft = Draft(operation=Operation.ADOPT_ADDRESS, actor=intake.actor, subject=account)
    draft.detail = {
        "address": mask_address(row.address),
        "from": intake.source,
        "confirmed_at": row.confirmed_at.isoformat(timespec="seconds"),
    }
    append(draft, Outcome.COMPLETED)
    return entry


def _problem(row: VerifiedAddress) -> str:
    try:
        validate_email(row.address)
        ContactAddress._meta.get_field("address").run_validators(row.address)
    except ValidationError:
        return "no address"
    if timezone.is_naive(row.confirmed_at):
        return "its date has no time zone"
    if row.confirmed_at > timezone.now():
        return "its date lies in the future"
    return ""


def _skip(intake: Intake, row: VerifiedAddress, why: str) -> None:
    intake.counted["skipped"] += 1
    intake.skipped(f"user {row.user_id}: {why}")


def _as_key(user_id: Any) -> Any:
    """The id as the user model has it; None for what can't be one."""
    try:
        return get_user_model()._meta.pk.to_python(user_id)
    except ValidationError:
        return None
