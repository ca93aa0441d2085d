"""The life of a recovery link, from the queue to its one use."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from typing import Final

from django.db.models import F
from django.utils import timezone

from recovery import notices
from recovery.conf import conf
from recovery.enums import OPEN_LINK_STATES, LinkPurpose, LinkState, Operation, Way
from recovery.insertion import among
from recovery.models import Account, ContactAddress, RecoveryLink, RecoveryLinkToken
from recovery.secret import Secret

WRONG_PASSWORDS: Final = 5
"""How many wrong passwords end a link."""
TOKEN_BYTES: Final = 32
"""256 random bits, so a plain SHA-256 is enough to keep it (ASVS 6.5.2 draws the line at 112)."""


def queue(
    account: Account,
    address: ContactAddress,
    *,
    operation: Operation,
    purpose: LinkPurpose = LinkPurpose.RECOVERY,
) -> RecoveryLink:
    """Make a link that waits for the worker, and the notice that will carry it."""
    link = RecoveryLink.objects.create(account=account, address=address, purpose=purpose)
    notices.queue_link(link, operation=operation)
    return link


def open_link_of(account: Account) -> RecoveryLink | None:
    """The one link that waits or could be opened."""
    still_open = RecoveryLink.objects.filter(account=account, state__in=OPEN_LINK_STATES)
    return still_open.select_for_update().first()


def end_open(account: Account, *, state: LinkState) -> int:
    """End whatever link is open; return how many there were, none or one."""
    link = open_link_of(account)
    if link is None:
        return 0
    end(link, state=state)
    return 1


def open_links_of_many(accounts: Iterable[int], *, lock: bool) -> dict[int, int]:
    """The open link of each account that has one."""
    still_open = RecoveryLink.objects.filter(
        account__in=among(accounts), state__in=OPEN_LINK_STATES
    )
    found = still_open.select_for_update() if lock else still_open
    return dict(found.order_by("pk").values_list("account_id", "pk"))


def end_many(links: Sequence[int], *, state: LinkState) -> None:
    """End locked links and their mails, as ``end`` would one by one."""
    still_open = RecoveryLink.objects.filter(pk__in=among(links), state__in=OPEN_LINK_STATES)
    still_open.update(state=state, ended_at=timezone.now())
    notices.end_for_links(links, state=state)


def queue_many(wanted: Iterable[tuple[Account, ContactAddress]], *, operation: Operation) -> None:
    """Make a link for each account, as ``queue`` would one by one."""
    links = RecoveryLink.objects.bulk_create(
        RecoveryLink(account=account, address=address, purpose=purpose_for(account))
        for account, address in wanted
    )
    notices.queue_links(links, operation=operation)


def purpose_for(account: Account) -> LinkPurpose:
    """What the desk's link leads to: whoever never enrolled is invited."""
    return LinkPurpose.RECOVERY if account.enrolled_at else LinkPurpose.INVITATION


def end(link: RecoveryLink, *, state: LinkState) -> bool:
    """End a link: of several who try at once, one gets True."""
    still_open = RecoveryLink.objects.filter(pk=link.pk, state__in=OPEN_LINK_STATES)
    ended = still_open.update(state=state, ended_at=timezone.now())
    if ended:
        link.refresh_from_db()
        notices.end_for_link(link)
    return bool(ended)


def make_token(link: RecoveryLink) -> Secret | None:
    """Make a token for a mail that leaves now; None if the link has ended.

    A retried mail has a token of its own. All of them open the one link, which is used once.
    """
    if not RecoveryLink.objects.filter(pk=link.pk, state__in=OPEN_LINK_STATES).exists():
        return None
    token = Secret(secrets.token_urlsafe(TOKEN_BYTES))
    RecoveryLinkToken.objects.create(link=link, digest=token_digest(token))
    return token


def handed_over(link: RecoveryLink) -> bool:
    """Start the link's lifetime: a mail server has it. False if the link ended meanwhile."""
    now = timezone.now()
    still_open = RecoveryLink.objects.filter(pk=link.pk, state__in=OPEN_LINK_STATES)
    started = still_open.update(
        state=LinkState.LIVE, handed_over_at=now, expires_at=now + conf.LINK_LIFETIME
    )
    link.refresh_from_db()
    return bool(started)


def find(token: Secret) -> RecoveryLink | None:
    """The link that a token belongs to, usable or not. Uses nothing up."""
    found = RecoveryLinkToken.objects.select_related("link__account__user", "link__address")
    row = found.filter(digest=token_digest(token)).first()
    return row.link if row is not None else None


def count_password(link: RecoveryLink) -> bool:
    """Count a password before it is compared. False past the fifth: that one is not looked at."""
    live = RecoveryLink.objects.filter(pk=link.pk, state=LinkState.LIVE)
    admitted = live.filter(password_failures__lt=WRONG_PASSWORDS)
    return bool(admitted.update(password_failures=F("password_failures") + 1))


def give_password_back(link: RecoveryLink) -> None:
    """Undo the count of a password that was right, or was not compared."""
    counted = RecoveryLink.objects.filter(pk=link.pk, password_failures__gt=0)
    counted.update(password_failures=F("password_failures") - 1)


def is_guessed_at(link: RecoveryLink) -> bool:
    """Whether as many wrong passwords were typed at the link as it bears."""
    guessed = RecoveryLink.objects.filter(pk=link.pk, password_failures__gte=WRONG_PASSWORDS)
    return guessed.exists()


def use(link: RecoveryLink) -> bool:
    """Use a live link up: of several who try at once, one gets True."""
    now = timezone.now()
    live = RecoveryLink.objects.filter(pk=link.pk, state=LinkState.LIVE, expires_at__gt=now)
    return bool(live.update(state=LinkState.USED, ended_at=now))


def way_of(link: RecoveryLink) -> Way:
    """What the link opens an enrolment by, together with the password."""
    is_invitation = link.purpose == LinkPurpose.INVITATION
    return Way.INVITATION if is_invitation else Way.LINK


def token_digest(token: Secret) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.reveal().encode()).hexdigest()
