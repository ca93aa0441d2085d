"""What the head of the chain is at a time, signed, and told outside the database too."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import F, Sum
from django.utils import timezone

from recovery.audit import signing
from recovery.canonical import moment
from recovery.models import ChainEntry, Checkpoint, Cursor, PurgeRecord

CURSOR: Final = "checkpoint"


def make_checkpoint(*, now: datetime | None = None) -> Checkpoint | None:
    """Sign the head of the chain; None where the last checkpoint covers it already."""
    at = now or timezone.now()
    with transaction.atomic(durable=True):
        Cursor.objects.select_for_update().get_or_create(name=CURSOR)
        head, last = ChainEntry.objects.order_by("sequence").last(), latest()
        if head is None or (last is not None and last.sequence >= head.sequence):
            return None
        return _signed(head, at)


def latest() -> Checkpoint | None:
    """The checkpoint that reaches furthest."""
    return Checkpoint.objects.order_by("-sequence", "-pk").first()


def _signed(head: ChainEntry, at: datetime) -> Checkpoint:
    count = head.sequence - _purged()
    signed = signing.sign(
        signing.CHECKPOINT_DOMAIN,
        {"at": moment(at), "count": count, "head": head.hash, "sequence": head.sequence},
    )
    return Checkpoint.objects.create(
        sequence=head.sequence,
        head=head.hash,
        count=count,
        at=at,
        key_id=signed.key_id,
        statement=signed.statement,
        signature=signed.signature,
    )


def _purged() -> int:
    gone = PurgeRecord.objects.aggregate(
        events=Sum(F("last_sequence") - F("first_sequence") + 1, default=0)
    )
    return int(gone["events"])
