"""Telling somebody that their second factor is being guessed at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db import transaction

from recovery import notices
from recovery.actors import Actor, current_source
from recovery.audit.ledger import Draft, append
from recovery.enums import Operation, Outcome

if TYPE_CHECKING:
    from recovery.models import Account

TOLD_AT: Final = frozenset({5, 25, 50})
"""At how many failures in a row the account holder hears of it (ASVS 6.3.5)."""


def note(account: Account, failures: int) -> None:
    """Tell the account holder, if this failure is one to tell about."""
    if failures not in TOLD_AT:
        return
    with transaction.atomic():
        draft = Draft(
            operation=Operation.NOTE_FAILED_ATTEMPTS,
            actor=Actor(user=None, name="", source=current_source.get()),
            subject=account,
            detail={"failures": failures},
        )
        notices.queue(append(draft, Outcome.COMPLETED), account)
