"""What is certain to be refused whatever a form will say: for pages that tell so beforehand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from recovery import errors, policy
from recovery.actions.authenticators import require_something_bound
from recovery.actions.recovery_links import suitable_address
from recovery.actions.reenrolment import require_sooner
from recovery.actions.staff import address_to_invite, roles_of
from recovery.enums import Operation

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from recovery.actors import Actor
    from recovery.models import Account

CONDITIONS: Final[dict[Operation, Callable[[Account], object]]] = {
    Operation.SEND_RECOVERY_LINK: suitable_address,
    Operation.REQUIRE_REENROLMENT: require_sooner,
    Operation.REPORT_AUTHENTICATOR_LOST: require_something_bound,
    Operation.INVITE_STAFF: address_to_invite,
}
"""What the verbs themselves refuse an account for, as far as it needs nothing of the form."""


def refusals(
    operations: Sequence[Operation], *, actor: Actor, subject: Account
) -> dict[Operation, errors.RecoveryError]:
    """Why each of ``operations`` would be refused, by the rules or by the state of the account."""
    own = {operation: refusal for operation in operations if (refusal := _own(operation, subject))}
    return own | policy.standing_refusals(operations, actor=actor, subject=subject)


def is_at_the_desk(account: Account) -> bool:
    """Whether somebody holds a role of the desk, whatever the host project made them besides."""
    return bool(roles_of(account))


def _own(operation: Operation, subject: Account) -> errors.RecoveryError | None:
    condition = CONDITIONS.get(operation)
    try:
        if condition is not None:
            condition(subject)
    except errors.RecoveryError as refusal:
        return refusal
    return None
