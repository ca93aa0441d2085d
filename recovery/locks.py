"""The one order in which a subject's rows are locked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

import django_otp
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import QuerySet

from recovery import sync
from recovery.insertion import among
from recovery.models import Account, BackupCodeSet, TotpAuthenticator
from recovery.models.devices import in_order

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


DEVICES: Final = (TotpAuthenticator, BackupCodeSet)
"""Ours, in the order in which django-otp takes them."""


STANDING: Final = (
    *("user", "tier", "enrolment", "enrolled_at", "frozen_at"),
    *("reenrolment_required_at", "reenrolment_due_at", "reenrolment_origin", "reenrolment_reason"),
)
DECIDING: Final = ("is_active", "is_staff", "is_superuser")
"""What the policy and an event ask of an account, and of its user."""


def device_models() -> list[Any]:
    """Every device model, the host project's too, in the order in which django-otp takes them."""
    return list(django_otp.device_classes())


def locked(account: Account) -> Account:
    """Lock a subject's live devices and then the account, and return it as it is now.

    django-otp locks a device before it asks us to verify, and verifying then writes the
    account. Whoever goes the other way round would meet it in a deadlock.
    """
    fresh = None
    while fresh is None:
        fresh = _locked_in_order(account)
    return fresh


def locked_many(pks: Iterable[int]) -> list[Account]:
    """Lock those accounts that still are, in the order of their ids, and return them as they are.

    For whoever wants nothing of their devices. Who holds a device and waits for its account waits
    for us, and we never wait for a device; those who lock many accounts go the same way up.
    """
    return list(standings(pks).select_for_update(of=("self",)).order_by("pk"))


def lock_many(pks: Iterable[int]) -> None:
    """Lock the same way, for whoever will read them later in the same transaction."""
    _ids(Account.objects.select_for_update().filter(pk__in=among(pks)).order_by("pk"))


def standings(pks: Iterable[int]) -> QuerySet[Account]:
    """Accounts with their users, and of both what decides; all else is read if it is asked for."""
    user = get_user_model()
    accounts = Account.objects.filter(pk__in=among(pks)).select_related("user")
    columns = {field.name for field in user._meta.concrete_fields}
    if not columns.issuperset(DECIDING):  # a property may ask for any column
        return accounts
    return accounts.only(*STANDING, *(f"user__{name}" for name in (user.USERNAME_FIELD, *DECIDING)))


def lock_sets(user_id: object) -> None:
    """Lock the live code sets alone: for whoever holds one of them already."""
    _ids(_live(BackupCodeSet, user_id).select_for_update())


def _locked_in_order(account: Account) -> Account | None:
    """Take the locks; give them back if a device came meanwhile, which we would lock too late.

    Only whoever holds the account adds devices of ours to it: once it is ours, there come no more.
    """
    user_id = account.user_id
    with transaction.atomic():
        models = device_models()
        held = [_ids(_live(model, user_id).select_for_update()) for model in models]
        accounts = Account.objects.select_for_update(of=("self",)).select_related("user")
        fresh = accounts.get(pk=account.pk)
        if [_ids(_live(model, user_id)) for model in models] == held:
            return fresh
        transaction.set_rollback(True)
    return None


def _live(model: Any, user_id: object) -> QuerySet[Any]:
    return in_order(QuerySet(model).filter(user_id=user_id, confirmed=True))


def _ids(rows: QuerySet[Any]) -> list[int]:
    return list(rows.values_list("pk", flat=True))


def account_of(user: AbstractBaseUser) -> Account:
    """The account of a user, made now if the user came in by a way that sends no signal."""
    accounts = Account.objects.select_related("user")
    found = accounts.filter(user_id=user.pk).first()
    if found is None:
        sync.keep_up(user, using="default", update_fields=None)
        found = accounts.get(user_id=user.pk)
    return found
