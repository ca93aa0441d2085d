"""A holder asks for a link by themselves: the page writes a row, the worker decides."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.utils import timezone

from recovery import errors, links, notices, passwords, policy
from recovery.actions.recovery_links import suitable_address
from recovery.actors import Actor, Source, current_source
from recovery.addresses import mask_address
from recovery.audit import Draft, append, append_failure
from recovery.conf import conf
from recovery.enums import LinkOrigin, LinkState, Operation, Outcome, RequestState
from recovery.locks import locked
from recovery.models import ContactAddress, LinkRequest, RecoveryLink
from recovery.trace import traced

if TYPE_CHECKING:
    from recovery.models import Account

AT_ONCE: Final = 50
WINDOW: Final = timedelta(hours=1)
MOST_BY_ACCOUNT: Final = 3
MOST_WAITING: Final = MOST_BY_ACCOUNT + 1
"""Wishes of one account that wait at a time: one more than are granted, so that it is refused."""
MOST_BY_SOURCE: Final = 20
MOST_BY_ADDRESS: Final = 5


def ask(account: Account) -> None:
    """Write the wish down. The same row for everybody, whether or not anything can be sent.

    A further one while a few wait adds nothing: the worker's pass is for everybody.
    """
    waiting = LinkRequest.objects.filter(account=account, state=RequestState.WAITING)
    if waiting.count() >= MOST_WAITING:
        return
    LinkRequest.objects.create(account=account, source_address=current_source.get().address)


def decide_due() -> int:
    """Grant or refuse the wishes that wait; return how many links were queued."""
    waiting = LinkRequest.objects.filter(state=RequestState.WAITING).order_by("pk")
    return sum(_decide(pk) for pk in waiting.values_list("pk", flat=True)[:AT_ONCE])


def _decide(pk: int) -> bool:
    with traced(), transaction.atomic():
        claimed = LinkRequest.objects.filter(pk=pk, state=RequestState.WAITING)
        if not claimed.update(state=RequestState.REFUSED):
            return False
        request = LinkRequest.objects.select_related("account__user").get(pk=pk)
        account = locked(request.account)
        refusal = _refusal(account, request)
        _record(account, request, refusal)
        if refusal is None:
            _grant(account, request)
    return refusal is None


def _grant(account: Account, request: LinkRequest) -> None:
    links.end_open(account, state=LinkState.WITHDRAWN)
    address = suitable_address(account)
    link = links.queue(account, address, operation=Operation.ASK_RECOVERY_LINK)
    link.origin = LinkOrigin.HOLDER
    link.save(update_fields=["origin"])
    LinkRequest.objects.filter(pk=request.pk).update(state=RequestState.GRANTED)


def _record(account: Account, request: LinkRequest, refusal: errors.RecoveryError | None) -> None:
    claimant = Actor(user=None, name="", source=Source(address=request.source_address))
    draft = Draft(
        operation=Operation.ASK_RECOVERY_LINK,
        actor=claimant,
        subject=account,
        detail={"request": request.pk},
    )
    if refusal is None:
        draft.detail["address"] = mask_address(suitable_address(account).address)
        draft.detail["notices"] = notices.count_for(draft.operation, account)
        notices.queue(append(draft, Outcome.COMPLETED), account)
        return
    append_failure(draft, type(refusal))
    LinkRequest.objects.filter(pk=request.pk).update(refusal=refusal.code)


def _refusal(account: Account, request: LinkRequest) -> errors.RecoveryError | None:
    try:
        for rule in RULES:
            rule(account, request)
    except errors.RecoveryError as refusal:
        return refusal
    return None


def _is_active(account: Account, _request: LinkRequest) -> None:
    if not account.user.is_active:
        raise errors.SubjectInactive


def _is_not_frozen(account: Account, _request: LinkRequest) -> None:
    if account.frozen_at is not None:
        raise errors.AccountFrozen


def _is_not_privileged(account: Account, _request: LinkRequest) -> None:
    if policy.is_staff(account.user):
        raise errors.SubjectIsPrivileged


def _asks_seldom(account: Account, request: LinkRequest) -> None:
    recent = LinkRequest.objects.filter(requested_at__gt=request.requested_at - WINDOW)
    if recent.filter(account=account).count() > MOST_BY_ACCOUNT:
        raise errors.AskedTooOften
    source = request.source_address
    if source and recent.filter(source_address=source).count() > MOST_BY_SOURCE:
        raise errors.AskedTooOften


def _address_gets_few(account: Account, request: LinkRequest) -> None:
    """However many accounts share a mailbox, it is not flooded."""
    address = suitable_address(account).address
    sent = RecoveryLink.objects.filter(
        address__address__iexact=address, requested_at__gt=request.requested_at - WINDOW
    )
    if sent.count() >= MOST_BY_ADDRESS:
        raise errors.AskedTooOften


def _has_a_settled_password(account: Account, _request: LinkRequest) -> None:
    if not passwords.is_settled(account):
        raise errors.PasswordTooNew


def _has_settled_addresses(account: Account, _request: LinkRequest) -> None:
    week_ago = timezone.now() - conf.ADDRESS_MIN_AGE
    of_account = ContactAddress.objects.filter(account=account)
    changes = ("added_at", "confirmed_at", "removed_at")
    if any(of_account.filter(**{f"{change}__gt": week_ago}).exists() for change in changes):
        raise errors.AddressTooNew


def _has_a_suitable_address(account: Account, _request: LinkRequest) -> None:
    suitable_address(account)


Rule = Callable[["Account", LinkRequest], None]
RULES: Final[tuple[Rule, ...]] = (
    _is_active,
    _is_not_frozen,
    _is_not_privileged,
    _asks_seldom,
    _has_a_settled_password,
    _has_settled_addresses,
    _has_a_suitable_address,
    _address_gets_few,
)
"""What has to hold for a link by self-service: one hijacked mailbox must not be enough."""
