"""Addresses that an organisation brings in: unconfirmed, and each mailed a code."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from recovery import errors, notices
from recovery.actions.addresses import MOST
from recovery.addresses import mask_address
from recovery.audit.batches import carry_out, carry_out_or_nothing
from recovery.audit.many import Also, Order, Result
from recovery.enums import Operation
from recovery.importing.matching import same
from recovery.models import ContactAddress

if TYPE_CHECKING:
    from recovery.actors import Actor, Grounds
    from recovery.audit.many import Batch
    from recovery.models import Account


def import_addresses_of_many(
    *,
    actor: Actor,
    addresses: Mapping[int, str],
    grounds: Grounds,
    all_or_nothing: bool = False,
    also: Also | None = None,
) -> Result:
    """Add an unconfirmed address to each account, and mail it a code to confirm it with.

    All confirmed addresses are told. ``addresses`` goes by the ids of the accounts; for the rest
    see ``require_reenrolment_of_many``.
    """
    order = Order(operation=Operation.IMPORT_ADDRESS, actor=actor, grounds=grounds)
    run = carry_out_or_nothing if all_or_nothing else carry_out
    return run(order, addresses, Adding(addresses), also=also)


@dataclass(slots=True)
class Adding:
    """As ``add_address`` does it, for whoever has no say in it: nothing is confirmed by it."""

    addresses: Mapping[int, str]
    kept: defaultdict[int, set[str]] = field(default_factory=lambda: defaultdict(set))

    def judge(self, batch: Batch) -> None:
        """Read what they have, then refuse what is there or has no room."""
        passed = [account.pk for account in batch.passed]
        kept = ContactAddress.objects.kept().filter(account__in=passed)
        self.kept = defaultdict(set)
        for account, address in kept.values_list("account_id", "address"):
            self.kept[account].add(same(address))
        batch.judge(self._detail)

    def write(self, batch: Batch) -> None:
        """Add the addresses, and queue the mail with a code for each."""
        added = ContactAddress.objects.bulk_create(
            ContactAddress(account=account, address=self.addresses[account.pk])
            for account in batch.passed
        )
        notices.queue_confirmations(added)

    def _detail(self, account: Account) -> dict[str, Any]:
        address = self.addresses[account.pk]
        if same(address) in self.kept[account.pk]:
            raise errors.AddressThere
        if len(self.kept[account.pk]) >= MOST:
            raise errors.NoRoomForAddress
        return {"address": mask_address(address)}
