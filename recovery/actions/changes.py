"""What the operations that can be done to many accounts at once do to a batch of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from recovery import errors, flags, links, versions
from recovery.actions.recovery_links import suitable_addresses
from recovery.actions.reenrolment import lifting, raising, require_to_come
from recovery.addresses import mask_address
from recovery.conf import conf
from recovery.enums import FlagOrigin, LinkState, Operation

if TYPE_CHECKING:
    from recovery.audit.many import Batch
    from recovery.models import Account, ContactAddress


@dataclass(slots=True, kw_only=True)
class Flagging:
    """As ``require_reenrolment`` does it."""

    due_at: datetime | None

    def judge(self, batch: Batch) -> None:
        require_to_come(self.due_at)
        batch.judge(lambda account: raising(account, self.due_at))

    def write(self, batch: Batch) -> None:
        _change(batch, partial(self._columns, reason=batch.order.reason, at=batch.at))

    def _columns(self, account: Account, *, reason: str, at: datetime) -> dict[str, Any]:
        origin, due_at = FlagOrigin.DESK, self.due_at
        return flags.raised(account, origin=origin, reason=reason, due_at=due_at, at=at)


class Lifting:
    """As ``lift_reenrolment`` does it."""

    def judge(self, batch: Batch) -> None:
        batch.judge(lifting)

    def write(self, batch: Batch) -> None:
        _change(batch, flags.lowered)


@dataclass(slots=True)
class Sending:
    """As ``send_recovery_link`` does it, to the address that was confirmed longest ago."""

    addresses: dict[int, ContactAddress] = field(default_factory=dict)
    open_links: dict[int, int] = field(default_factory=dict)

    def judge(self, batch: Batch) -> None:
        pks = [account.pk for account in batch.passed]
        self.addresses = suitable_addresses(pks)
        self.open_links = links.open_links_of_many(pks, lock=not batch.is_dry)
        batch.judge(self._detail)

    def write(self, batch: Batch) -> None:
        passed = batch.passed
        old = [self.open_links[one.pk] for one in passed if one.pk in self.open_links]
        links.end_many(old, state=LinkState.WITHDRAWN)
        wanted = [(account, self.addresses[account.pk]) for account in passed]
        links.queue_many(wanted, operation=Operation.SEND_RECOVERY_LINK)

    def _detail(self, account: Account) -> dict[str, Any]:
        address = self.addresses.get(account.pk)
        if address is None:
            raise errors.NoSuitableAddress(days=conf.ADDRESS_MIN_AGE.days)
        withdrawn = int(account.pk in self.open_links)
        return {"address": mask_address(address.address), "withdrawn": withdrawn}


@dataclass(slots=True)
class Withdrawing:
    """As ``withdraw_recovery_link`` does it."""

    open_links: dict[int, int] = field(default_factory=dict)

    def judge(self, batch: Batch) -> None:
        pks = [account.pk for account in batch.passed]
        self.open_links = links.open_links_of_many(pks, lock=not batch.is_dry)
        batch.judge(self._detail)

    def write(self, batch: Batch) -> None:
        open_links = [self.open_links[account.pk] for account in batch.passed]
        links.end_many(open_links, state=LinkState.WITHDRAWN)

    def _detail(self, account: Account) -> dict[str, Any]:
        if account.pk not in self.open_links:
            raise errors.NoOpenLink
        return {"link": self.open_links[account.pk]}


def _change(batch: Batch, columns: Callable[[Account], dict[str, Any]]) -> None:
    versions.change_many(
        [(account, columns(account)) for account in batch.passed],
        actor=batch.order.actor,
        reason=batch.order.reason,
        traces=batch.traces,
    )
