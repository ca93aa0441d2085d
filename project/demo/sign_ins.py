"""Letting six people sign in: passwords and marked authenticators, made on the spot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model

from project.demo import standings
from project.demo.cast import STAFF
from recovery import actions, passwords
from recovery.actors import Grounds
from recovery.locks import account_of
from recovery.models import Account, TotpAuthenticator

if TYPE_CHECKING:
    from project.demo.memory import Memory

Users: Any = get_user_model()


def give(memory: Memory) -> None:
    """Give everybody in the memory a password and an authenticator, unless they once had them.

    One that was lost or replaced since stays lost: this is how the demo shows a lockout.
    """
    for user in Users.objects.filter(username__in=memory.passwords):
        if authenticators_of(user, memory).exists():
            continue
        user.set_password(memory.passwords[user.get_username()])
        user.save(update_fields=["password"])
        _bind(account_of(user), name=memory.authenticator_name)
        # As after a sign-in with both: a password of today gets no link by self-service.
        passwords.trust(user)


def authenticators_of(user: Any, memory: Memory) -> Any:
    """The authenticators that the demo bound to somebody, dead ones too."""
    return TotpAuthenticator.objects.filter(user_id=user.pk, name=memory.authenticator_name)


def _bind(account: Account, *, name: str) -> None:
    role = STAFF.get(account.user.get_username())
    if role is None:
        standings.bind(account, name=name)
        return
    actions.enrol_staff(
        actor=standings.DEMO,
        subject=account,
        grounds=Grounds(reason="Made for the demo"),
        name=name,
        role=role,
    )
