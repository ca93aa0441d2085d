"""What a recovery rests on: looked at afresh at each request, and again under the lock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django_otp.models import Device

from recovery.conf import conf
from recovery.enums import EndReason, LinkState
from recovery.models import Account, BackupCodeSet, RecoveryLink

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import AbstractBaseUser
    from django.db.models import QuerySet


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What was true of an account when its recovery began."""

    generation: int
    password: str
    at: datetime
    link: int | None = None
    device: str = ""
    """The authenticator that opened it: it lasts only while that is bound."""
    code_set: int | None = None
    """The set whose code opened it: it ends with the set, and with any that is issued since."""

    def holds_for(self, account: Account) -> bool:
        """Whether all of it still is."""
        is_late = timezone.now() - self.at > conf.SESSION_LIFETIME
        user = account.user
        if is_late or account.frozen_at is not None or not user.is_active:
            return False
        if self.generation != account.session_generation or self.password != fingerprint(user):
            return False
        return self._was_not_taken_back(account)

    def _was_not_taken_back(self, account: Account) -> bool:
        if self.link is not None and used_link(account, self.link) is None:
            return False
        if self.device and not _is_bound(account, self.device):
            return False
        return self.code_set is None or self._set_stands(account, self.code_set)

    def _set_stands(self, account: Account, pk: int) -> bool:
        spent_at = Coalesce(OuterRef("ended_at"), self.at)
        since = _issued(account).exclude(pk=pk).filter(issued_at__gt=spent_at)
        opened = _issued(account).filter(pk=pk, ended_because__in=("", EndReason.REDEEMED))
        return bool(opened.exclude(Exists(since)).exists())


def fingerprint(user: AbstractBaseUser) -> str:
    """Changes with the password, as Django's own session hash does."""
    return str(user.get_session_auth_hash())


def used_link(account: Account, pk: int | None) -> RecoveryLink | None:
    """The link that opened a recovery, unless it or its address was taken away since."""
    if pk is None:
        return None
    used = RecoveryLink.objects.filter(pk=pk, account=account, state=LinkState.USED)
    return used.filter(address__removed_at__isnull=True).select_related("address").first()


def _is_bound(account: Account, device: str) -> bool:
    """Of any kind, and of that very one: rows of two kinds may have the same number."""
    found = Device.from_persistent_id(device)
    return bool(found and found.user_id == account.user_id and found.confirmed)


def _issued(account: Account) -> QuerySet[BackupCodeSet]:
    """Sets that are or were in force, and none that only waits to be typed back."""
    sets: QuerySet[BackupCodeSet] = BackupCodeSet.objects.filter(user_id=account.user_id)
    return sets.filter(Q(confirmed=True) | Q(ended_at__isnull=False))
