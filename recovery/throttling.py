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


def admit(*, name: str, source: str) -> None:
    """Count an attempt under its name-and-source and its source, or raise ``TooManyAttempts``.

    Never under the name alone: a stranger must not be able to shut the desk out.
    """
    waits = [_count(_key(name, source), FREE_BY_NAME), _count(_key(source), FREE_BY_SOURCE)]
    longest = max(waits)
    if longest > timedelta(0):
        raise TooManyAttempts(seconds=int(longest.total_seconds()) + 1)


def succeeded(*, name: str, source: str) -> None:
    """Forget the failures of this name here; give the source its one attempt back."""
    Throttle.objects.filter(pk=_key(name, source)).delete()
    take_back_source = Throttle.objects.filter(pk=_key(source), failures__gt=0)
    take_back_source.update(failures=F("failures") - 1)


def admits_source(source: str) -> bool:
    """Count an attempt to redeem under its source, whatever the account; whether it may be."""
    return not source or _count(_key("redeem", source), FREE_BY_SOURCE) <= timedelta(0)


def give_back(source: str) -> None:
    """An attempt to redeem succeeded: give its source that one back."""
    counted = Throttle.objects.filter(pk=_key("redeem", source), failures__gt=0)
    counted.update(failures=F("failures") - 1)


def forget_old(*, now: datetime | None = None) -> int:
    """Delete counts that nobody added to for a day; return how many."""
    before = (now or timezone.now()) - FORGOTTEN_AFTER
    return Throttle.objects.filter(last_failed_at__lt=before).delete()[0]


def _count(key: str, free: int) -> timedelta:
    """Count one attempt; return how long it has to wait, zero if it may be looked at."""
    with transaction.atomic():
        Throttle.objects.get_or_create(key=key)
        row = Throttle.objects.filter(pk=key)
        row.update(failures=F("failures") + 1)
        failures, retry_at = row.values_list("failures", "retry_at").get()
        now = timezone.now()
        if retry_at > now:
            return timedelta(seconds=(retry_at - now).total_seconds())
        row.update(retry_at=now + delay(failures - free), last_failed_at=now)
        return timedelta(0)


def _key(*parts: str) -> str:
    *name, source = parts
    return hashlib.sha256("\0".join((*name, network_of(source))).encode()).hexdigest()


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
