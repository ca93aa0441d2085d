"""Where an event stands in the chain, and what is known of the chain as far as there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from console.ledger_values import event_url
from recovery.canonical import GENESIS
from recovery.enums import DayState
from recovery.models import ChainEntry, Checkpoint, LedgerDay, PurgeRecord

if TYPE_CHECKING:
    from recovery.models import AuditEvent

FIRST = 1


def chain_of(event: AuditEvent) -> dict[str, Any] | None:
    """The event's own hash and neighbours, and what vouches for them; None before it is linked."""
    entry = getattr(event, "entry", None)
    if entry is None:
        return None
    around = ChainEntry.objects.filter(sequence__in=(entry.sequence - 1, entry.sequence + 1))
    beside = {one.sequence: one for one in around.select_related("event")}
    previous, following = beside.get(entry.sequence - 1), beside.get(entry.sequence + 1)
    return {
        "sequence": entry.sequence,
        "hash": entry.hash,
        "previous_hash": _hash_before(entry, previous),
        "neighbours": [
            _neighbour(_("The one before"), previous),
            _neighbour(_("The one after"), following),
        ],
        "mark": _mark(entry.sequence),
        "checkpoint": _checkpoint_over(entry.sequence),
    }


def _hash_before(entry: ChainEntry, previous: ChainEntry | None) -> str:
    """What this event was linked to; empty where what should be there is not."""
    if previous is not None:
        return previous.hash
    if entry.sequence == FIRST:
        return GENESIS
    purged = PurgeRecord.objects.filter(last_sequence=entry.sequence - 1)
    return purged.values_list("last_hash", flat=True).first() or ""


def _neighbour(label: Any, entry: ChainEntry | None) -> dict[str, Any]:
    event = getattr(entry, "event", None)
    if event is None:
        return {"label": label, "url": ""}
    return {
        "label": label,
        "sequence": entry.sequence,
        "operation": event.get_operation_display(),
        "at": event.at,
        "url": event_url(event.pk),
    }


def _mark(sequence: int) -> dict[str, Any]:
    """What the last checks of the days found, from the first event to this one."""
    days = LedgerDay.objects.filter(first_sequence__lte=sequence)
    broken = days.filter(state=DayState.BROKEN, found_at_sequence__lte=sequence)
    worst = broken.order_by("found_at_sequence").first()
    if worst is not None:
        return {"state": "broken", "at": worst.checked_at, "found_at": worst.found_at_sequence}
    verified = days.filter(state=DayState.VERIFIED, last_sequence__gte=sequence)
    best = verified.order_by("day").first()
    if best is not None:
        return {"state": "verified", "at": best.checked_at}
    return {"state": "waiting", "at": None}


def _checkpoint_over(sequence: int) -> Checkpoint | None:
    """The first signature that stands for this event too."""
    signed = Checkpoint.objects.filter(sequence__gte=sequence)
    return signed.order_by("sequence", "pk").first()
