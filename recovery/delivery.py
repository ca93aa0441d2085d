"""Taking one notice from the outbox to the mail server, or to the dead letters."""

from __future__ import annotations

import logging
from datetime import timedelta
from smtplib import SMTPResponseException
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from recovery import confirmations, links, mails, notices
from recovery.actors import Actor
from recovery.addresses import mask_address
from recovery.audit import Draft, append
from recovery.conf import conf
from recovery.enums import NoticeState, Operation, Outcome
from recovery.models import AuditEvent, ContactAddress, Notice
from recovery.trace import traced

if TYPE_CHECKING:
    from django.core.mail import EmailMultiAlternatives

logger = logging.getLogger(__name__)

AT_ONCE: Final = 50
LEASE: Final = timedelta(minutes=2)
"""How long a worker may be busy with one mail before another takes it over."""
FIRST_RETRY: Final = timedelta(seconds=15)
LONGEST_RETRY: Final = timedelta(hours=1)


def due() -> list[int]:
    """The notices that wait and are not in a worker's hands, oldest first."""
    now = timezone.now()
    waiting = Notice.objects.filter(_free(now), state=NoticeState.QUEUED, next_attempt_at__lte=now)
    return list(waiting.order_by("next_attempt_at", "pk").values_list("pk", flat=True)[:AT_ONCE])


def deliver(pk: int) -> bool:
    """Claim one notice and send it; whether it left. What goes wrong is kept with the notice."""
    notice = _claim(pk)
    if notice is None:
        return False
    with traced(_trace_of(notice)):
        return _deliver(notice)


def _trace_of(notice: Notice) -> str:
    """The trace of what the notice is about: its delivery belongs to it."""
    about = AuditEvent.objects.filter(pk=notice.event_id or 0)
    return about.values_list("trace", flat=True).first() or ""


def _deliver(notice: Notice) -> bool:
    if notice.attempts > conf.NOTICE_ATTEMPTS:  # on each attempt the worker itself died
        _give_up(notice)
        return False
    try:
        message = _message(notice)
        if message is None:
            return False
        message.send()
    except Exception as error:  # noqa: BLE001 - every mail backend raises errors of its own
        _failed(notice, error)
        return False
    _sent(notice)
    return True


def _claim(pk: int) -> Notice | None:
    """Take a notice for the time of a lease: of many workers, one gets it."""
    now = timezone.now()
    free = Notice.objects.filter(_free(now), pk=pk, state=NoticeState.QUEUED)
    if not free.update(leased_until=now + LEASE, attempts=F("attempts") + 1):
        return None
    return Notice.objects.select_related("account__user", "link").get(pk=pk)


def _free(now: object) -> Q:
    return Q(leased_until__isnull=True) | Q(leased_until__lte=now)


def _message(notice: Notice) -> EmailMultiAlternatives | None:
    """Write the mail; None if it carries a link that ended meanwhile."""
    if "confirms" in notice.context:
        return _confirmation(notice)
    if notice.link is None:
        return mails.about_operation(notice)
    token = links.make_token(notice.link)
    if token is None:
        notices.end_for_link(notice.link)
        return None
    return mails.with_link(notice, token)


def _confirmation(notice: Notice) -> EmailMultiAlternatives | None:
    waiting = ContactAddress.objects.kept().filter(confirmed_at__isnull=True)
    address = waiting.filter(pk=notice.context["confirms"]).first()
    if address is None:
        notice.state, notice.ended_at = NoticeState.CANCELLED, timezone.now()
        notice.save(update_fields=["state", "ended_at"])
        return None
    return mails.with_confirmation(notice, confirmations.make(address))


def _sent(notice: Notice) -> None:
    with transaction.atomic():
        if notice.link is not None:
            _hand_over(notice)
        _end(notice, NoticeState.SENT, Outcome.COMPLETED)


def _hand_over(notice: Notice) -> None:
    link = notice.link
    if link is None or not links.handed_over(link):
        return
    draft = Draft(
        operation=Operation.HAND_OVER_RECOVERY_LINK,
        actor=Actor.worker(),
        subject=notice.account,
        detail={
            "link": link.pk,
            "expires_at": link.expires_at and link.expires_at.isoformat(timespec="seconds"),
            "attempt": notice.attempts,
        },
    )
    append(draft, Outcome.COMPLETED)


def _failed(notice: Notice, error: Exception) -> None:
    """Try again later, or give up: a dead letter is shown to staff."""
    logger.warning("Notice %s could not be sent: %s", notice.pk, _name(error))
    notice.last_error = _name(error)
    if notice.attempts < conf.NOTICE_ATTEMPTS:
        wait = min(FIRST_RETRY * 2 ** (notice.attempts - 1), LONGEST_RETRY)
        notice.next_attempt_at = timezone.now() + wait
        notice.leased_until = None
        notice.save(update_fields=["last_error", "next_attempt_at", "leased_until"])
        return
    _give_up(notice)


def _give_up(notice: Notice) -> None:
    with transaction.atomic():
        _end(notice, NoticeState.DEAD, Outcome.FAILED)


def _end(notice: Notice, state: NoticeState, outcome: Outcome) -> None:
    notice.state, notice.ended_at, notice.leased_until = state, timezone.now(), None
    notice.save(update_fields=["state", "ended_at", "leased_until", "last_error"])
    draft = Draft(
        operation=Operation.DELIVER_NOTICE,
        actor=Actor.worker(),
        subject=notice.account,
        detail={
            "notice": notice.pk,
            "about": notice.operation,
            "attempts": notice.attempts,
            "event": notice.event_id,
            "address": mask_address(notice.address),
        },
    )
    append(draft, outcome)


def _name(error: Exception) -> str:
    """The kind of an error and its number. Its text might quote the mail, and that a link."""
    if isinstance(error, SMTPResponseException):
        return f"{type(error).__name__} {error.smtp_code}"
    return type(error).__name__
