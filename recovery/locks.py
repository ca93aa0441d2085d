"""The one order in which a subject's rows are locked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recovery import sync
from recovery.models import Account, BackupCodeSet, TotpAuthenticator

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


def locked(account: Account) -> Account:
    """Lock a subject's live devices and then the account, and return it as it is now.

    django-otp locks a device before it asks us to verify, and verifying then writes the
    account. Whoever goes the other way round would meet it in a deadlock.
    """
    lock_devices(account.user_id)
    fresh = Account.objects.select_for_update(of=("self",)).select_related("user")
    return fresh.get(pk=account.pk)


def lock_devices(user_id: object) -> None:
    """Lock the live authenticators and code sets of a user, in django-otp's own order."""
    apps = TotpAuthenticator.objects.filter(user_id=user_id, confirmed=True).order_by("pk")
    list(apps.select_for_update().values_list("pk", flat=True))
    lock_sets(user_id)


def lock_sets(user_id: object) -> None:
    """Lock the live code sets alone: for whoever holds one of them already."""
    sets = BackupCodeSet.objects.filter(user_id=user_id, confirmed=True).order_by("pk")
    list(sets.select_for_update().values_list("pk", flat=True))


def account_of(user: AbstractBaseUser) -> Account:
    """The account of a user, made now if the user came in by a way that sends no signal."""
    accounts = Account.objects.select_related("user")
    found = accounts.filter(user_id=user.pk).first()
    if found is None:
        sync.keep_up(user, using="default", update_fields=None)
        found = accounts.get(user_id=user.pk)
    return found
