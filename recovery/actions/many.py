"""The same operation on many accounts: one reason and ticket for all, one event for each."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Final

from recovery import policy
from recovery.actions.changes import Flagging, Lifting, Sending, Withdrawing
from recovery.actors import Grounds
from recovery.audit.batches import Change, carry_out, carry_out_or_nothing, outlook
from recovery.audit.many import Also, Order, Result
from recovery.enums import Operation

if TYPE_CHECKING:
    from recovery.actors import Actor
    from recovery.errors import RecoveryError

NOT_SAID: Final = Grounds(reason="")


def require_reenrolment_of_many(
    *,
    actor: Actor,
    subjects: Iterable[int],
    grounds: Grounds,
    due_at: datetime | None = None,
    all_or_nothing: bool = False,
    also: Also | None = None,
) -> Result:
    """Flag each of ``subjects``, named by the ids of their accounts, as by hand.

    Batch after batch is done for good, unless it is ``all_or_nothing``: then nobody is flagged
    where somebody is refused. ``also`` runs inside each transaction; what it raises undoes it.
    """
    order = Order(operation=Operation.REQUIRE_REENROLMENT, actor=actor, grounds=grounds)
    return _run(order, subjects, Flagging(due_at=due_at), also, all_or_nothing=all_or_nothing)


def lift_reenrolment_of_many(
    *,
    actor: Actor,
    subjects: Iterable[int],
    grounds: Grounds,
    all_or_nothing: bool = False,
    also: Also | None = None,
) -> Result:
    """Take back the desk's flag of each of ``subjects``; see ``require_reenrolment_of_many``."""
    order = Order(operation=Operation.LIFT_REENROLMENT, actor=actor, grounds=grounds)
    return _run(order, subjects, Lifting(), also, all_or_nothing=all_or_nothing)


def send_recovery_links_to_many(
    *,
    actor: Actor,
    subjects: Iterable[int],
    grounds: Grounds,
    all_or_nothing: bool = False,
    also: Also | None = None,
) -> Result:
    """Send each of ``subjects`` a link to the address that was confirmed longest ago.

    An earlier link of theirs is withdrawn. For the rest see ``require_reenrolment_of_many``.
    """
    order = Order(operation=Operation.SEND_RECOVERY_LINK, actor=actor, grounds=grounds)
    return _run(order, subjects, Sending(), also, all_or_nothing=all_or_nothing)


def withdraw_recovery_links_of_many(
    *,
    actor: Actor,
    subjects: Iterable[int],
    grounds: Grounds,
    all_or_nothing: bool = False,
    also: Also | None = None,
) -> Result:
    """Make the open link of each of ``subjects`` useless; see ``require_reenrolment_of_many``."""
    order = Order(operation=Operation.WITHDRAW_RECOVERY_LINK, actor=actor, grounds=grounds)
    return _run(order, subjects, Withdrawing(), also, all_or_nothing=all_or_nothing)


def outlook_of_many(
    operation: Operation,
    *,
    actor: Actor,
    subjects: Iterable[int],
    grounds: Grounds | None = None,
    due_at: datetime | None = None,
) -> dict[int, RecoveryError]:
    """Who of ``subjects`` would be refused now, and why: nothing is done, and nothing recorded.

    A fresh one-time code is not asked for yet; nor are ``grounds``, while there are none. What
    is refused about the actor is raised.
    """
    order = Order(operation=operation, actor=actor, grounds=grounds or NOT_SAID)
    later = {policy.stepped_up_recently}
    if grounds is None:
        later |= {policy.gives_grounds, policy.says_how_the_caller_was_proven}
    return outlook(order, subjects, _change(operation, due_at), but=later)


def _change(operation: Operation, due_at: datetime | None) -> Change:
    changes: dict[Operation, Change] = {
        Operation.REQUIRE_REENROLMENT: Flagging(due_at=due_at),
        Operation.LIFT_REENROLMENT: Lifting(),
        Operation.SEND_RECOVERY_LINK: Sending(),
        Operation.WITHDRAW_RECOVERY_LINK: Withdrawing(),
    }
    return changes[operation]


def _run(
    order: Order,
    subjects: Iterable[int],
    change: Change,
    also: Also | None,
    *,
    all_or_nothing: bool,
) -> Result:
    run = carry_out_or_nothing if all_or_nothing else carry_out
    return run(order, subjects, change, also=also)
