"""The addresses a person is told things at: their own to add, confirm and remove."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.utils import timezone

from recovery import confirmations, errors, links, notices
from recovery.addresses import mask_address
from recovery.audit import Draft, append_failure, audited
from recovery.enums import LinkState, Operation
from recovery.models import ContactAddress, RecoveryLink

if TYPE_CHECKING:
    from recovery.actors import Actor
    from recovery.models import Account, AuditEvent

MOST: Final = 5
"""How many addresses an account can have, confirmed or not."""
CONFIRMED_FROM: Final = "the account holder, by code"


def add_address(*, actor: Actor, subject: Account, address: str) -> ContactAddress:
    """Add an unconfirmed address and mail it a code. All confirmed addresses are told."""
    operation = Operation.ADD_ADDRESS
    with audited(operation, actor=actor, subject=subject) as draft:
        kept = ContactAddress.objects.kept().filter(account=draft.account)
        if kept.filter(address__iexact=address).exists():
            raise errors.AddressTaken
        if kept.count() >= MOST:
            raise errors.TooManyAddresses
        added = ContactAddress.objects.create(account=draft.account, address=address)
        notices.queue_confirmation(added)
        draft.detail = {"address": mask_address(address)}
    return added


def confirm_address(*, actor: Actor, subject: Account, address_id: int, typed: str) -> AuditEvent:
    """Confirm an address with the code that was mailed to it. Links only from the seventh day."""
    operation = Operation.CONFIRM_ADDRESS
    try:
        confirmations.require_right_code(subject, address_id, typed)
    except errors.WrongCode as refusal:
        append_failure(Draft(operation=operation, actor=actor, subject=subject), type(refusal))
        raise
    with audited(operation, actor=actor, subject=subject) as draft:
        waiting = ContactAddress.objects.kept().filter(account=draft.account, pk=address_id)
        if not waiting.filter(confirmed_at__isnull=True).update(
            confirmed_at=timezone.now(), confirmed_from=CONFIRMED_FROM
        ):
            raise errors.NoSuchAddress
        confirmations.forget(address_id)
        draft.detail = {"address": mask_address(waiting.get().address)}
    return draft.written


def remove_address(*, actor: Actor, subject: Account, address_id: int) -> AuditEvent:
    """Remove an address and kill its links. It is told as well, and so are all others."""
    operation = Operation.REMOVE_ADDRESS
    with audited(operation, actor=actor, subject=subject) as draft:
        kept = ContactAddress.objects.kept().filter(account=draft.account, pk=address_id)
        removed = kept.first()
        if removed is None:
            raise errors.NoSuchAddress
        for link in RecoveryLink.objects.filter(address=removed):
            links.end(link, state=LinkState.WITHDRAWN)
        draft.also_tell = [removed.address] if removed.confirmed_at else []
        kept.update(removed_at=timezone.now())
        draft.detail = {"address": mask_address(removed.address)}
    return draft.written
