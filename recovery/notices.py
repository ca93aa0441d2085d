"""What the subject is told: queued in the operation's own transaction, sent by the worker."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from email.utils import make_msgid
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

from django.contrib.auth import get_user_model
from django.utils import timezone

from recovery.announcements import WHAT_HAPPENED
from recovery.conf import conf
from recovery.enums import LinkState, NoticeState, Operation, Role
from recovery.insertion import Value, among, insert_like
from recovery.models import ContactAddress, Notice

if TYPE_CHECKING:
    from recovery.models import Account, AuditEvent, RecoveryLink
TOLD_VALUES = ("left", "failures", "address")
"""Parts of an event's detail that a notice's sentence may name."""
VARYING: Final = ("account_id", "event_id", "address", "context", "dedupe_key", "message_id")


class Told(NamedTuple):
    """One of many accounts that one operation was done to, and who hears of it."""

    account_id: int
    event_id: int
    detail: dict[str, Any]
    addresses: Sequence[str]


def queue(
    event: AuditEvent, account: Account | None, *, also_tell: Iterable[str] = ()
) -> list[Notice]:
    """Queue one mail to each confirmed address of the account about ``event``."""
    if account is None or event.operation not in WHAT_HAPPENED:
        return []
    addresses = dict.fromkeys([*addresses_of(account), *also_tell])
    return _queue_all(event, account, addresses, key="event", context={})


def queue_many(operation: Operation, at: datetime, told: Iterable[Told]) -> None:
    """Queue for each of many accounts what ``queue`` would, about events of one operation."""
    insert_like(_notice(operation), VARYING, _rows(at, told))


def _rows(at: datetime, told: Iterable[Told]) -> Iterator[tuple[Value, ...]]:
    for one in told:
        context = json.dumps(_context(at, one.detail))
        for address in dict.fromkeys(one.addresses):
            key = _dedupe_key("event", one.event_id, address)
            mail = make_msgid(domain=_host())
            yield one.account_id, one.event_id, address, context, key, mail


def queue_for_leads(event: AuditEvent, account: Account | None) -> list[Notice]:
    """Tell every lead of the desk about ``event``, which may be about nobody's account."""
    leads = get_user_model().objects.filter(groups__name=Role.LEAD.value, is_active=True)
    confirmed = ContactAddress.objects.confirmed().filter(account__user__in=leads)
    addresses = confirmed.order_by("pk").values_list("address", flat=True)
    return _queue_all(event, account, addresses, key="lead", context={"for_leads": True})


def queue_confirmation(address: ContactAddress) -> Notice:
    """Queue the mail that carries a code to confirm ``address``: made as the mail leaves."""
    notice = _to_confirm(address)
    notice.save(force_insert=True)
    return notice


def queue_confirmations(addresses: Iterable[ContactAddress]) -> None:
    """Queue the mails that carry the codes of many addresses."""
    Notice.objects.bulk_create(map(_to_confirm, addresses))


def _to_confirm(address: ContactAddress) -> Notice:
    return _notice(
        Operation.ADD_ADDRESS,
        account=address.account,
        address=address.address,
        dedupe_key=f"confirm:{address.pk}:{timezone.now().timestamp()}",
        context={"confirms": address.pk},
    )


def queue_link(link: RecoveryLink, *, operation: Operation) -> Notice:
    """Queue the mail that carries a link. Its token does not exist yet, and is never stored."""
    notice = _for_link(link, operation)
    notice.save(force_insert=True)
    return notice


def queue_links(links: Iterable[RecoveryLink], *, operation: Operation) -> None:
    """Queue the mails that carry many links."""
    Notice.objects.bulk_create(_for_link(link, operation) for link in links)


def _for_link(link: RecoveryLink, operation: Operation) -> Notice:
    return _notice(
        operation,
        account=link.account,
        address=link.address.address,
        event_id=None,
        link=link,
        dedupe_key=f"link:{link.pk}",
        context={},
    )


def count_for(operation: Operation, account: Account | None) -> int:
    """How many addresses will be told, for the event's detail."""
    if account is None or operation not in WHAT_HAPPENED:
        return 0
    return len(addresses_of(account))


def addresses_of_many(operation: Operation, accounts: Iterable[int]) -> dict[int, list[str]]:
    """Who will be told of each of many accounts, as ``queue`` would find them one by one."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    if operation in WHAT_HAPPENED:
        confirmed = ContactAddress.objects.confirmed().filter(account__in=among(accounts))
        for account, address in confirmed.order_by("pk").values_list("account_id", "address"):
            found[account].append(address)
    return found


def addresses_of(account: Account) -> list[str]:
    """Every confirmed address, the young ones too: telling is safe, sending a link is not."""
    confirmed = ContactAddress.objects.confirmed().filter(account=account)
    return list(confirmed.order_by("pk").values_list("address", flat=True))


def end_for_link(link: RecoveryLink) -> int:
    """End the mail of a link that ended before it left: taken back, or a dead letter."""
    return end_for_links([link.pk], state=LinkState(link.state))


def end_for_links(links: Sequence[int], *, state: LinkState) -> int:
    """End the mails of links that ended in that state before they left."""
    mail_state = NoticeState.DEAD if state is LinkState.CANCELLED else NoticeState.CANCELLED
    waiting = Notice.objects.filter(link__in=among(links), state=NoticeState.QUEUED)
    return waiting.update(state=mail_state, ended_at=timezone.now())


def _queue_all(
    event: AuditEvent,
    account: Account | None,
    addresses: Iterable[str],
    *,
    key: str,
    context: dict[str, Any],
) -> list[Notice]:
    return Notice.objects.bulk_create(
        _notice(
            Operation(event.operation),
            account=account,
            address=address,
            event_id=event.pk,
            dedupe_key=_dedupe_key(key, event.pk, address),
            context=context | _context(event.at, event.detail),
        )
        for address in addresses
    )


def _context(at: datetime, detail: dict[str, Any]) -> dict[str, Any]:
    values = {name: detail[name] for name in TOLD_VALUES if name in detail}
    return {"at": at.isoformat(), "values": values}


def _dedupe_key(key: str, event_id: int, address: str) -> str:
    """Tell notices apart. An address may be longer than the key, so its digest stands for it."""
    return f"{key}:{event_id}:{hashlib.sha256(address.encode()).hexdigest()}"


def _notice(operation: Operation, **fields: Any) -> Notice:
    return Notice(operation=operation, message_id=make_msgid(domain=_host()), **fields)


def _host() -> str:
    return urlsplit(conf.BASE_URL).hostname or "localhost"
