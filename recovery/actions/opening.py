"""A claimant comes with a recovery link."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recovery import errors, links, policy
from recovery.actors import Actor
from recovery.audit import Draft, append_failure, audited
from recovery.enums import LinkState, Operation

if TYPE_CHECKING:
    from recovery.models import RecoveryLink
    from recovery.secret import Secret


def look_at_link(*, token: Secret) -> RecoveryLink:
    """The usable link of a token; every other kind is refused alike, and recorded."""
    link = links.find(token)
    if link is None or not link.is_open_now:
        _record(link, _refusal_of(link))
        raise _refusal_of(link)
    return link


def count_password(*, link: RecoveryLink) -> None:
    """Count a password before it is compared; past the fifth it is refused, and recorded."""
    if not links.count_password(link):
        _record(link, errors.LinkNotUsable)
        raise errors.LinkNotUsable


def _record(link: RecoveryLink | None, refusal: type[errors.RecoveryError]) -> None:
    subject = link.account if link is not None else None
    draft = Draft(operation=Operation.OPEN_RECOVERY_LINK, actor=Actor.stranger(), subject=subject)
    append_failure(draft, refusal)


def _refusal_of(link: RecoveryLink | None) -> type[errors.RecoveryError]:
    """A link that comes a second time is suspicious, and stands out on the ledger."""
    was_used = link is not None and link.state == LinkState.USED
    return errors.LinkReplayed if was_used else errors.LinkNotUsable


def open_recovery_link(*, token: Secret) -> RecoveryLink:
    """Use a recovery link up: of several who try at once, one gets it."""
    link = look_at_link(token=token)
    operation, claimant = Operation.OPEN_RECOVERY_LINK, Actor.stranger()
    with audited(operation, actor=claimant, subject=link.account) as draft:
        policy.require_way(draft.account, links.way_of(link))
        if not links.use(link):
            raise errors.LinkNotUsable
        draft.detail = {"link": link.pk}
    return link
