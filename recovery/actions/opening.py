"""A claimant comes with a recovery link."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recovery import errors, links
from recovery.actors import Actor
from recovery.audit import Draft, append_failure, audited
from recovery.enums import Operation

if TYPE_CHECKING:
    from recovery.models import RecoveryLink
    from recovery.secret import Secret


def open_recovery_link(*, token: Secret) -> RecoveryLink:
    """Use a recovery link up; expired, used, withdrawn and made-up ones are refused alike."""
    operation, claimant = Operation.OPEN_RECOVERY_LINK, Actor.stranger()
    link = links.find(token)
    if link is None or not link.is_usable:
        subject = link.account if link is not None else None
        append_failure(
            Draft(operation=operation, actor=claimant, subject=subject), errors.LinkNotUsable
        )
        raise errors.LinkNotUsable
    with audited(operation, actor=claimant, subject=link.account) as draft:
        if not links.use(link):
            raise errors.LinkNotUsable
        draft.detail = {"link": link.pk}
    return link
