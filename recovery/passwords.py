"""When a password changed: one hijacked mailbox resets it, and must not get a link as well."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.utils import timezone

from recovery import links, notices
from recovery.actors import Actor, Grounds
from recovery.audit.ledger import Draft, append
from recovery.conf import conf
from recovery.enums import LinkState, Operation, Outcome
from recovery.models import Account, RecoveryLink

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.contrib.auth.models import AbstractBaseUser


TYPED: Final = "_password"
"""Where Django's user keeps a password that was just set, until it is saved."""
SET_BY_HAND: Final = "_recovery_password_was_set"


def digest_of(user: AbstractBaseUser) -> str:
    """A digest of the stored password hash: it differs after every change."""
    return hashlib.sha256(user.password.encode()).hexdigest()


def note_saved(user: AbstractBaseUser, *, update_fields: Iterable[str] | None) -> None:
    """Notice a changed password on a saved user: it withdraws whatever link is open.

    A hash that Django upgrades at sign-in is the same password, and not a change.
    """
    is_upgrade = _is_upgrade(user, update_fields)
    if update_fields is not None and "password" not in update_fields:
        return
    account = Account.objects.filter(user_id=user.pk).first()
    now_seen = digest_of(user)
    if account is None or account.seen_password == now_seen:
        return
    row = Account.objects.filter(pk=account.pk)
    if not account.seen_password:
        row.update(seen_password=now_seen)
    elif is_upgrade:
        was_trusted = account.trusted_password == account.seen_password
        trusted = now_seen if was_trusted else account.trusted_password
        row.update(seen_password=now_seen, trusted_password=trusted)
    else:
        _changed(account, now_seen)


def _is_upgrade(user: AbstractBaseUser, update_fields: Iterable[str] | None) -> bool:
    """Whether Django saves this object from within ``check_password``, as nothing else does.

    There the password was set on the object and taken off again before a save of that one column.
    A hash that was merely written leaves no such trace, and ours is wiped for the next save.
    """
    held = vars(user)
    if held.get(TYPED) is not None:
        held[SET_BY_HAND] = True
    was_taken_off = TYPED in held and held[TYPED] is None and SET_BY_HAND not in held
    if not was_taken_off or set(update_fields or ()) != {"password"}:
        return False
    del held[TYPED]
    return True


def trust(user: AbstractBaseUser) -> None:
    """Note that this password was used together with an authenticator."""
    digest = digest_of(user)
    Account.objects.filter(user_id=user.pk).exclude(
        trusted_password=digest, password_changed_at=None
    ).update(trusted_password=digest, seen_password=digest, password_changed_at=None)


def is_settled(account: Account) -> bool:
    """Whether the password was last used in a two-factor sign-in, or is a week old."""
    digest = digest_of(account.user)
    if digest == account.trusted_password:
        return True
    changed_at = account.password_changed_at
    return (
        digest == account.seen_password
        and changed_at is not None
        and changed_at <= timezone.now() - conf.ADDRESS_MIN_AGE
    )


def _changed(account: Account, now_seen: str) -> None:
    with transaction.atomic():
        Account.objects.filter(pk=account.pk).update(
            seen_password=now_seen, password_changed_at=timezone.now()
        )
        link = links.open_link_of(account)
        if link is not None and links.end(link, state=LinkState.WITHDRAWN):
            _record_withdrawal(account, link, reason="The password was changed.")


def end_link_if_guessed_at(link: RecoveryLink) -> None:
    """End a link at which five wrong passwords were typed; the ledger and its owner hear of it."""
    with transaction.atomic():
        if links.is_guessed_at(link) and links.end(link, state=LinkState.WITHDRAWN):
            _record_withdrawal(
                link.account, link, reason="Five wrong passwords were typed at the link."
            )


def _record_withdrawal(account: Account, link: RecoveryLink, *, reason: str) -> None:
    """Nobody withdrew it by hand: the ledger and its owner still hear of it."""
    draft = Draft(
        operation=Operation.WITHDRAW_RECOVERY_LINK,
        actor=Actor.stranger(),
        subject=account,
        grounds=Grounds(reason=reason),
        detail={"link": link.pk},
    )
    notices.queue(append(draft, Outcome.COMPLETED), account)
