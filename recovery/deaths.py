"""What dies of too many wrong codes in a row: put on the ledger, and told to its holder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recovery import notices
from recovery.actors import Actor
from recovery.audit.ledger import Draft, append
from recovery.conf import conf
from recovery.enums import Operation, Outcome

if TYPE_CHECKING:
    from recovery.models import Account


def record(operation: Operation, account: Account, **detail: Any) -> None:
    """Record and announce a death, in the transaction of whoever ended it."""
    draft = Draft(
        operation=operation,
        actor=Actor.holder(account.user, verified_by=None),
        subject=account,
        detail={"failures": conf.FAILURE_LIMIT, **detail},
    )
    notices.queue(append(draft, Outcome.COMPLETED), account)
