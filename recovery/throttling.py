"""Counting failures before anything is compared, so that attempts at once all count."""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone

from recovery.errors import TooManyAttempts
from recovery.models import Throttle

if TYPE_CHECKING:
    from django.db.models import QuerySet

LONGEST_DELAY: Final = timedelta(minutes=15)
FREE_BY_NAME: Final = 3
"""Failures of one name from one source before its delay begins to grow."""
FREE_BY_SOURCE: Final = 20
"""Failures of one source, whatever the name: an office may share an address."""
HALVED_EVERY: Final = timedelta(hours=1)
"""Ten slips an hour in one office, every hour, cost nobody any time."""
FORGOTTEN_AFTER: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Whether an attempt may be looked at, and the number of failures with it counted."""

    failures: int
    admitted: bool
    retry_at: datetime | None = None


def delay(failures: int) -> timedelta:
    """How long to wait after so many failures in a row: one second, doubling, to 15 minutes."""
    if failures <= 0:
        return timedelta(0)
    return min(timedelta(seconds=2 ** min(failures - 1, 20)), LONGEST_DELAY)


def count_attempt(row: QuerySet[Any]) -> Admission:
    """Count an attempt on one row with ``failures`` and ``retry_at``; undo it on success.

    Every attempt counts, those that come too early too: of many at once, one is compared and
    none is free. The first statement takes the row's lock, which makes the rest consistent.
    A row that is gone meanwhile admits nobody.
    """
    with transaction.atomic():
        if not row.update(failures=F("failures") + 1):
            return Admission(failures=0, admitted=False)
        failures, retry_at = row.values_list("failures", "retry_at").get()
        now = timezone.now()
        if retry_at is not None and retry_at > now:
            return Admission(failures=failures, admitted=False, retry_at=retry_at)
        row.update(retry_at=now + delay(failures))
        return Admission(failures=failures, admitted=True)


def take_back(row: QuerySet[Any]) -> None:
    """Undo the count of an attempt that succeeded, without forgetting earlier failures."""
    row.update(failures=Greatest(F("failures") - 1, 0), retry_at=None)


def admit(*, door: str, name: str, source: str) -> None:
    """Count an attempt under its name-and-source and its source, or raise ``TooManyAttempts``.

    Never under the name alone: a stranger must not be able to shut the desk out. And each door by
    itself: nor may one who comes to another door, from behind the same address.
    """
    with transaction.atomic():
        everybody, one = _locked(_key(door, source)), _locked(_key(door, name, source))
        # A neighbour's wait is not held against the name, nor the name's against its neighbours.
        wait = _wait_of_source(everybody) or _count_name(one)
        if not wait:
            _count_source(everybody)
    if wait:
        raise TooManyAttempts(seconds=int(wait.total_seconds()) + 1)


def succeeded(*, door: str, name: str, source: str) -> None:
    """Forget the failures of this name here; give the source its one attempt back."""
    _give_back(_key(door, source))
    Throttle.objects.filter(pk=_key(door, name, source)).delete()


def admits_source(source: str) -> bool:
    """Count an attempt to redeem under its source, whatever the account; whether it may be."""
    if not source:
        return True
    with transaction.atomic():
        everybody = _locked(_key("redeem", source))
        if _wait_of_source(everybody):
            return False
        _count_source(everybody)
    return True


def give_back(source: str) -> None:
    """An attempt to redeem succeeded: give its source that one back."""
    _give_back(_key("redeem", source))


def forget_old(*, now: datetime | None = None) -> int:
    """Delete counts that nobody added to for a day; return how many."""
    before = (now or timezone.now()) - FORGOTTEN_AFTER
    with transaction.atomic():
        # A locked one is being counted right now, by somebody who might be waiting for ours.
        old = Throttle.objects.select_for_update(skip_locked=True).filter(last_failed_at__lt=before)
        return Throttle.objects.filter(pk__in=old.values("pk")).delete()[0]


def _locked(key: str) -> Throttle:
    now = timezone.now()
    rows = Throttle.objects.select_for_update()
    return rows.get_or_create(key=key, defaults={"retry_at": now, "last_failed_at": now})[0]


def _count_name(row: Throttle) -> timedelta:
    """Count one attempt; return how long it has to wait. One that comes too early counts too."""
    now, wait = timezone.now(), _wait(row)
    if wait:
        _count(row)
    else:
        next_at = now + delay(row.failures + 1 - FREE_BY_NAME)
        _count(row, retry_at=next_at, last_failed_at=now)
    return wait


def _wait_of_source(row: Throttle) -> timedelta:
    """Forgive half the failures for each hour that passed; return how long is left to wait.

    The hours are those of the clock and not of silence: in an office somebody always mistypes.
    """
    hours = (timezone.now() - row.last_failed_at) // HALVED_EVERY
    if hours > 0:
        row.failures >>= hours
        row.last_failed_at += hours * HALVED_EVERY
        row.save()
    return _wait(row)


def _count_source(row: Throttle) -> None:
    """Count an attempt that is going to be compared. One that has to wait gives no guess away."""
    _count(row, retry_at=timezone.now() + delay(row.failures + 1 - FREE_BY_SOURCE))


def _count(row: Throttle, **moments: datetime) -> None:
    Throttle.objects.filter(pk=row.pk).update(failures=F("failures") + 1, **moments)


def _wait(row: Throttle) -> timedelta:
    return max(row.retry_at - timezone.now(), timedelta(0))


def _give_back(key: str) -> None:
    """Take one attempt back, and the wait it began.

    No failure of others goes with it: who has an account of their own could guess without end
    between two sign-ins. A failure's wait can't be ended so, because nobody is let in during it.
    """
    row = Throttle.objects.filter(pk=key)
    row.update(failures=Greatest(F("failures") - 1, 0), retry_at=timezone.now())


def _key(*parts: str) -> str:
    *before, source = parts
    return hashlib.sha256("\0".join((*before, network_of(source))).encode()).hexdigest()


def network_of(source: str) -> str:
    """The address, or for IPv6 its /64: one customer has 2^64 addresses to come from.

    A server that listens on both sees IPv4 as IPv6; those of all the world share one /64.
    """
    try:
        address = ipaddress.ip_address(source)
    except ValueError:
        return source
    if isinstance(address, ipaddress.IPv4Address):
        return source
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))
