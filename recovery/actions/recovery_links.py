"""Sending a subject the way back in by mail, and taking it back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from recovery import errors, links
from recovery.addresses import mask_address
from recovery.audit import audited
from recovery.conf import conf
from recovery.enums import LinkState, Operation
from recovery.insertion import among
from recovery.models import ContactAddress

if TYPE_CHECKING:
    from recovery.actors import Actor, Grounds
    from recovery.models import Account, RecoveryLink


def send_recovery_link(
    *, actor: Actor, subject: Account, grounds: Grounds, address_id: int | None = None
) -> RecoveryLink:
    """Send ``subject`` a recovery link at a confirmed address; an earlier link is withdrawn.

    The address has to be on record as confirmed for seven days: the newest is what a thief
    would have added. The mail leaves by the worker, which makes the token as it sends.
    """
    operation = Operation.SEND_RECOVERY_LINK
    with audited(operation, actor=actor, subject=subject, grounds=grounds) as draft:
        address = suitable_address(draft.account, address_id)
        withdrawn = links.end_open(draft.account, state=LinkState.WITHDRAWN)
        purpose = links.purpose_for(draft.account)
        link = links.queue(draft.account, address, operation=operation, purpose=purpose)
        draft.detail = {"address": mask_address(address.address), "withdrawn": withdrawn}
    return link


def withdraw_recovery_link(*, actor: Actor, subject: Account, grounds: Grounds) -> RecoveryLink:
    """Make the open link of ``subject`` useless, whether or not it has left yet."""
    operation = Operation.WITHDRAW_RECOVERY_LINK
    with audited(operation, actor=actor, subject=subject, grounds=grounds) as draft:
        link = links.open_link_of(draft.account)
        if link is None:
            raise errors.NoOpenLink
        links.end(link, state=LinkState.WITHDRAWN)
        draft.detail = {"link": link.pk}
    return link


def suitable_address(account: Account, address_id: int | None = None) -> ContactAddress:
    """The named address, or the one confirmed longest ago; only one that may receive a link."""
    fit = ContactAddress.objects.old_enough_for_links().filter(account=account)
    if address_id is not None:
        fit = fit.filter(pk=address_id)
    found = fit.order_by("confirmed_at", "pk").first()
    if found is None:
        raise errors.NoSuitableAddress(days=conf.ADDRESS_MIN_AGE.days)
    return found


def suitable_addresses(accounts: Iterable[int]) -> dict[int, ContactAddress]:
    """For each of many accounts the address that ``suitable_address`` finds, if there is one."""
    fit = ContactAddress.objects.old_enough_for_links().filter(account__in=among(accounts))
    newest_first = fit.order_by("-confirmed_at", "-pk")
    return {address.account_id: address for address in newest_first}
