"""A code that was taken by a login of the host's own opens the enrolment here as well."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.utils import timezone

from recovery.conf import conf
from recovery.enums import CodeKind, Way
from recovery.locks import account_of
from recovery.models import BackupCodeSet
from recovery.second_factor import WAYS
from recovery.views import session
from recovery.views.pages import safe_next

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser
    from django.http import HttpRequest


def take_over(request: HttpRequest) -> session.Recovering | None:
    """Turn a session that a code has just verified into a recovery session.

    The code is spent, and may have been the only one: nobody is asked for a second.
    """
    stamp = session.Stamp.of(request)
    if stamp is None or not _is_fresh_code(stamp) or not request.user.is_authenticated:
        return None
    account = account_of(cast("AbstractBaseUser", request.user))
    if account.frozen_at is not None:
        return None
    user = account.user
    user.backend = request.session["_auth_user_backend"]
    onward = safe_next(request)
    code_set = _set_of(stamp)
    session.Recovering.open(
        request,
        user,
        way=WAYS[CodeKind(code_set.kind)] if code_set is not None else Way.BACKUP_CODE,
        generation=stamp.generation,
        code_set=code_set.pk if code_set is not None else None,
        onward=onward,
    )
    return session.Recovering.of(request)


def _is_fresh_code(stamp: session.Stamp) -> bool:
    at = stamp.verified_at
    lifetime = conf.SESSION_LIFETIME
    return stamp.by_code and at is not None and timezone.now() - at <= lifetime


def _set_of(stamp: session.Stamp) -> BackupCodeSet | None:
    """The set of ours whose code it was; none for a token of django-otp's own."""
    label, _, pk = stamp.device.rpartition("/")
    if label != BackupCodeSet.model_label():
        return None
    found: BackupCodeSet | None = BackupCodeSet.objects.filter(pk=pk).first()
    return found
