"""A member of staff proves their own authenticator: at sign-in, and again before they act."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from django.utils import timezone

from console.requests import actor_from
from console.staff_session import Mark
from recovery import codes, errors, throttling, totp
from recovery.actors import Actor
from recovery.audit import Draft, append, append_failure
from recovery.conf import conf
from recovery.enums import Operation, Outcome

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser
    from django.http import HttpRequest

    from recovery.models import TotpAuthenticator


def is_needed(request: HttpRequest) -> bool:
    """Whether the last one-time code of this session is too old to act on."""
    mark = Mark.of(request)
    return mark is None or timezone.now() - mark.verified_at > conf.STEP_UP_MAX_AGE


def prove(request: HttpRequest, typed: str) -> None:
    """Renew the session's proof by a fresh one-time code, or raise why not."""
    actor = actor_from(request)
    authenticator = verified(request.user, typed, operation=Operation.STEP_UP, actor=actor)
    now = timezone.now()
    mark = Mark.of(request)
    if mark is None:
        raise errors.NotVerified
    replace(mark, verified_at=now, authenticator=authenticator.persistent_id).write(request)
    append(Draft(operation=Operation.STEP_UP, actor=actor_from(request)), Outcome.COMPLETED)


def verified(
    user: AbstractBaseUser, typed: str, *, operation: Operation, actor: Actor
) -> TotpAuthenticator:
    """The authenticator of ``user`` that took the code; raises, and records, if none did.

    A recovery code is recognised and left unspent: it gives no power here.
    """
    name, source = f"code:{user.pk}", actor.source.address
    try:
        if codes.read(typed) is not None:
            raise errors.CodeGivesNoPower
        throttling.admit(door=operation, name=name, source=source)
        authenticator = totp.verify_any(user, typed=typed)
        if authenticator is None:
            raise errors.WrongCode
    except errors.RecoveryError as refusal:
        append_failure(Draft(operation=operation, actor=actor), type(refusal))
        raise
    throttling.succeeded(door=operation, name=name, source=source)
    return authenticator
