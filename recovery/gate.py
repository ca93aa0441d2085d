"""Who has to enrol before anything else: asked by our middleware, and by APIs that have none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recovery.errors import EnrolmentRequired
from recovery.locks import account_of

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


def must_enrol(user: AbstractBaseUser) -> bool:
    """Whether the gate is shut for ``user`` now."""
    return account_of(user).must_enrol_now


def require_enrolled(user: AbstractBaseUser) -> None:
    """Raise ``EnrolmentRequired`` for whoever has to re-enrol.

    Call it where a token authenticates the caller: a middleware sees nobody there.
    """
    if must_enrol(user):
        raise EnrolmentRequired
