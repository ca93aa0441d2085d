"""What the subject is told: queued in the operation's own transaction, sent by the worker."""

from __future__ import annotations

import hashlib
from email.utils import make_msgid
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recovery.conf import conf
from recovery.enums import LinkState, NoticeState, Operation
from recovery.models import ContactAddress, Notice

if TYPE_CHECKING:
    from django.utils.functional import Promise

    from recovery.models import Account, AuditEvent, RecoveryLink

WHAT_HAPPENED: Final[dict[Operation, str | Promise]] = {
    Operation.REGENERATE_BACKUP_CODES: _(
        "New backup codes were issued for your account. The old ones stopped working."
    ),
    Operation.ISSUE_PHONE_CODE: _(
        "A phone code was issued for your account. It can be used once, for a few minutes."
    ),
    Operation.SEND_RECOVERY_LINK: _(
        "A recovery link for your account is on its way to one of your confirmed addresses."
    ),
    Operation.WITHDRAW_RECOVERY_LINK: _("A recovery link for your account was withdrawn."),
    Operation.REQUIRE_REENROLMENT: _(
        "Your account was flagged: you will be asked to set up your authenticator again."
    ),
    Operation.LIFT_REENROLMENT: _(
        "You no longer have to set up your authenticator again: the flag was lifted."
    ),
    Operation.REPORT_AUTHENTICATOR_LOST: _(
        "An authenticator of your account was reported lost and stopped working."
    ),
    Operation.INVITE_STAFF: _("You were given a role at the help desk."),
    Operation.CHANGE_ROLE: _("Your role at the help desk was changed."),
    Operation.REMOVE_STAFF: _("Your role at the help desk was taken away."),
    Operation.REDEEM_BACKUP_CODE: _(
        "A backup code was used to sign in to your account. You will be asked to set up your "
        "authenticator again."
    ),
    Operation.REDEEM_PHONE_CODE: _(
        "A phone code was used to sign in to your account. You will be asked to set up your "
        "authenticator again."
    ),
    Operation.KILL_BACKUP_CODES: _(
        "Your backup codes were switched off after too many wrong attempts. Ask the help desk "
        "for new ones."
    ),
    Operation.OPEN_RECOVERY_LINK: _("A recovery link for your account was opened."),
    Operation.ENROL_STAFF: _("An authenticator was bound to your account by an administrator."),
    Operation.ADOPT_AUTHENTICATOR: _(
        "Your authenticator was taken over into the new recovery desk. It works as before."
    ),
    Operation.ADOPT_BACKUP_CODES: _(
        "Your backup codes were taken over into the new recovery desk. They work as before."
    ),
}
"""One sentence for each operation that is announced. What is not here is told to nobody."""


def queue(event: AuditEvent, account: Account | None) -> list[Notice]:
    """Queue one mail to each confirmed address of the account about ``event``."""
    if account is None or event.operation not in WHAT_HAPPENED:
        return []
    return Notice.objects.bulk_create(
        _notice(
            Operation(event.operation),
            account=account,
            address=address,
            event_id=event.pk,
            dedupe_key=f"event:{event.pk}:{_digest(address)}",
            context={"at": event.at.isoformat()},
        )
        for address in addresses_of(account)
    )


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


def _digest(address: str) -> str:
    """An address may be longer than the key that tells notices apart."""
    return hashlib.sha256(address.encode()).hexdigest()


def _notice(operation: Operation, **fields: Any) -> Notice:
    host = urlsplit(conf.BASE_URL).hostname or "localhost"
    return Notice(operation=operation, message_id=make_msgid(domain=host), **fields)
