"""Asking for a password, in the same way for everybody."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from django.contrib.auth import authenticate, get_user_model

from recovery import errors, throttling
from recovery.actors import Actor
from recovery.audit import Draft, append_failure
from recovery.enums import Operation
from recovery.middleware import source_of
from recovery.models import Account

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser
    from django.http import HttpRequest

MaySignIn = Callable[["AbstractBaseUser"], bool]

DOORS: Final = {Operation.OPEN_RECOVERY_LINK: Operation.HOLDER_SIGN_IN}
"""A link asks for the password of the sign-in: who guesses at both guesses at one."""


def checked_password(
    request: HttpRequest, *, name: str, password: str, operation: Operation, may: MaySignIn
) -> AbstractBaseUser:
    """The user that name and password fit, or one refusal for everybody else.

    The same statements and hashes run for known and unknown names, and for those who may not
    come in by this door: no page must tell who exists or whose password was right.
    """
    source = source_of(request)
    subject = _account_named(name)
    door, key = DOORS.get(operation, operation), f"password:{name.casefold()}"
    try:
        throttling.admit(door=door, name=key, source=source.address)
        user = authenticate(request, username=name, password=password)
        if user is None or not may(user):
            raise errors.WrongPassword
    except errors.RecoveryError as refusal:
        claimant = Actor(user=None, name="", source=source)
        append_failure(Draft(operation=operation, actor=claimant, subject=subject), type(refusal))
        raise
    throttling.succeeded(door=door, name=key, source=source.address)
    return user


def _account_named(name: str) -> Account | None:
    by_name = {f"user__{get_user_model().USERNAME_FIELD}": name}
    return Account.objects.select_related("user").filter(**by_name).first()
