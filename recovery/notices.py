"""What the subject is told: queued in the operation's own transaction, sent by the worker."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from email.utils import make_msgid
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.contrib.auth import get_user_model
from django.utils import timezone

from recovery.announcements import WHAT_HAPPENED
from recovery.conf import conf
from recovery.enums import LinkState, NoticeState, Operation, Role
from recovery.models import ContactAddress, Notice

if TYPE_CHECKING:
    from recovery.models import Account, AuditEvent, RecoveryLink
TOLD_VALUES = ("left", "failures", "address")
"""Parts of an event's detail that a notice's sentence may name."""


def queue(
    event: AuditEvent, account: Account | None, *, also_tell: Iterable[str] = ()
) -> list[Notice]:
    """Queue one mail to each confirmed address of the account about ``event``."""
    if account is None or event.operation not in WHAT_HAPPENED:
        return []
    addresses = dict.fromkeys([*addresses_of(account), *also_tell])
    return _queue_all(event, account, addresses, key="event", context={})


def queue_for_leads(event: AuditEvent, account: Account | None) -> list[Notice]:
    """Tell every lead of the desk about ``event``, which may be about nobody's account."""
    leads = get_user_model().objects.filter(groups__name=Role.LEAD.value, is_active=True)
    confirmed = ContactAddress.objects.confirmed().filter(account__user__in=leads)
    addresses = confirmed.order_by("pk").values_list("address", flat=True)
    return _queue_all(event, account, addresses, key="lead", context={"for_leads": True})


def queue_confirmation(address: ContactAddress) -> Notice:
    """Queue the mail that carries a code to confirm ``address``: made as the mail leaves."""
    notice = _notice(
        Operation.ADD_ADDRESS,
        account=address.account,
        address=address.address,
        dedupe_key=f"confirm:{address.pk}:{timezone.now().timestamp()}",
        context={"confirms": address.pk},
    )
    notice.save(force_insert=True)
    return notice


def queue_link(link: RecoveryLink, *, operation: Operation) -> Notice:
    """Queue the mail that carries a link. Its token does not exist yet, and is never stored."""
    notice = _notice(
        operation,
        account=link.account,
        address=link.address.address,
        event_id=None,
        dedupe_key=f"link:{link.pk}",
        context={},
    )
    notice.link = link
    notice.save(force_insert=True)
    return notice


def count_for(operation: Operation, account: Account | None) -> int:
    """How many addresses will be told, for the event's detail."""
    if account is None or operation not in WHAT_HAPPENED:
        return 0
    return len(addresses_of(account))


def addresses_of(account: Account) -> list[str]:
    """Every confirmed address, the young ones too: telling is safe, sending a link is not."""
    confirmed = ContactAddress.objects.confirmed().filter(account=account)
    return list(confirmed.order_by("pk").values_list("address", flat=True))


def end_for_link(link: RecoveryLink) -> int:
    """End the mail of a link that ended before it left: taken back, or a dead letter."""
    undelivered = link.state == LinkState.CANCELLED
    state = NoticeState.DEAD if undelivered else NoticeState.CANCELLED
    waiting = Notice.objects.filter(link=link, state=NoticeState.QUEUED)
    return waiting.update(state=state, ended_at=timezone.now())


def _queue_all(
    event: AuditEvent,
    account: Account | None,
    addresses: Iterable[str],
    *,
    key: str,
    context: dict[str, Any],
) -> list[Notice]:
    values = {name: event.detail[name] for name in TOLD_VALUES if name in event.detail}
    return Notice.objects.bulk_create(
        _notice(
            Operation(event.operation),
            account=account,
            address=address,
            event_id=event.pk,
            dedupe_key=f"{key}:{event.pk}:{_digest(address)}",
            context=context | {"at": event.at.isoformat(), "values": values},
        )
        for address in addresses
    )


def _digest(address: str) -> str:
    """An address may be longer than the key that tells notices apart."""
    return hashlib.sha256(address.encode()).hexdigest()


def _notice(operation: Operation, **fields: Any) -> Notice:
    host = urlsplit(conf.BASE_URL).hostname or "localhost"
    return Notice(operation=operation, message_id=make_msgid(domain=host), **fields)
