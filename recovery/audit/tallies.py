"""Failures of strangers: each is recorded, until there are so many that they are counted."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from recovery.actors import Actor, Source
from recovery.audit.ledger import Draft, append
from recovery.enums import Operation, Outcome
from recovery.models import FailureTally
from recovery.throttling import network_of

if TYPE_CHECKING:
    from recovery.errors import RecoveryError

SINGLY_A_MINUTE: Final = 10
"""How many like failures of a source stand on the ledger one by one in each minute."""


def append_failure(draft: Draft, refusal: type[RecoveryError]) -> None:
    """Record a failed attempt, or count it once its source has failed often this minute."""
    with transaction.atomic():
        if _count(draft, refusal) <= SINGLY_A_MINUTE:
            append(draft, Outcome.REFUSED, refusal=refusal.code)


def flush_tallies(*, now: datetime | None = None) -> int:
    """Write one counted event for each ended minute that had more; return how many."""
    this_minute = _minute(now or timezone.now())
    written = 0
    for tally in FailureTally.objects.filter(minute__lt=this_minute):
        with transaction.atomic():
            taken, _ = FailureTally.objects.filter(pk=tally.pk).delete()
            if taken and tally.count > SINGLY_A_MINUTE:
                _append_counted(tally)
                written += 1
    return written


def _count(draft: Draft, refusal: type[RecoveryError]) -> int:
    minute = _minute(timezone.now())
    source = network_of(draft.actor.source.address)
    parts = (minute.isoformat(), draft.operation, refusal.code, source)
    key = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    FailureTally.objects.get_or_create(
        key=key,
        defaults={
            "minute": minute,
            "operation": draft.operation,
            "refusal": refusal.code,
            "source_address": source,
        },
    )
    FailureTally.objects.filter(pk=key).update(count=F("count") + 1)
    return FailureTally.objects.values_list("count", flat=True).get(pk=key)


def _append_counted(tally: FailureTally) -> None:
    draft = Draft(
        operation=Operation(tally.operation),
        actor=Actor(user=None, name="", source=Source(address=tally.source_address)),
        detail={
            "count": tally.count - SINGLY_A_MINUTE,
            "minute": tally.minute.isoformat(timespec="minutes"),
        },
    )
    append(draft, Outcome.REFUSED, refusal=tally.refusal)


def _minute(moment: datetime) -> datetime:
    return moment - timedelta(seconds=moment.second, microseconds=moment.microsecond)
