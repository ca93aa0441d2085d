"""What can be done by a table: the same verbs as for a selection, and as by hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from recovery import actions, policy
from recovery.audit.batches import outlook as outlook_on
from recovery.audit.many import Also, Order, Result
from recovery.enums import Operation
from recovery.importing.addresses import Adding, import_addresses_of_many

if TYPE_CHECKING:
    from recovery.actors import Actor, Grounds
    from recovery.errors import RecoveryError

OFFERED: Final = (
    Operation.REQUIRE_REENROLMENT,
    Operation.LIFT_REENROLMENT,
    Operation.IMPORT_ADDRESS,
)
"""What a table can be about. The rules of each are asked for each row."""


def outlook(
    operation: Operation,
    *,
    actor: Actor,
    grounds: Grounds,
    addresses: Mapping[int, str],
    due_at: datetime | None,
) -> dict[int, RecoveryError]:
    """Who would be refused now, by account; what is refused about the actor is raised."""
    if operation is Operation.IMPORT_ADDRESS:
        order = Order(operation=operation, actor=actor, grounds=grounds)
        later = {policy.stepped_up_recently}
        return outlook_on(order, addresses, Adding(addresses), but=later)
    return actions.outlook_of_many(
        operation, actor=actor, subjects=addresses, grounds=grounds, due_at=due_at
    )


def carry_out(
    operation: Operation,
    *,
    actor: Actor,
    grounds: Grounds,
    addresses: Mapping[int, str],
    due_at: datetime | None,
    all_or_nothing: bool,
    also: Also,
) -> Result:
    """Do it to each account, with an event for each; ``also`` runs in the same transactions."""
    known: dict[str, Any] = {
        "actor": actor,
        "grounds": grounds,
        "all_or_nothing": all_or_nothing,
        "also": also,
    }
    if operation is Operation.IMPORT_ADDRESS:
        return import_addresses_of_many(addresses=addresses, **known)
    if operation is Operation.LIFT_REENROLMENT:
        return actions.lift_reenrolment_of_many(subjects=addresses, **known)
    return actions.require_reenrolment_of_many(subjects=addresses, due_at=due_at, **known)
