"""What the head of the chain is at a time, signed, and told outside the database too."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import F, Sum
from django.utils import timezone

from recovery.audit import alarms, comparing, signing, sinks
from recovery.audit.comparing import Head
from recovery.audit.verifier import Broken
from recovery.canonical import moment
from recovery.conf import conf
from recovery.models import ChainEntry, Checkpoint, Cursor, PurgeRecord

CURSOR: Final = "checkpoint"


def make_checkpoint(*, now: datetime | None = None) -> Checkpoint | None:
    """Sign the head of the chain; None where the last checkpoint covers it already.

    A chain that does not fit what was signed before is not signed: ``Broken``, and an alarm.
    """
    try:
        head = comparing.follow()
    except Broken as broken:
        alarms.raise_alarm(broken.finding.value, broken.sequence)
        raise
    if head is None:
        return None
    with transaction.atomic(durable=True):
        Cursor.objects.select_for_update().get_or_create(name=CURSOR)
        last = latest()
        if last is not None and last.sequence >= head.sequence:
            return None
        checkpoint = _signed(head, now or timezone.now())
        # First the sinks: the database never holds one that they lack, whatever dies when.
        sinks.tell(checkpoint)
        checkpoint.save(force_insert=True)
    return checkpoint


def sign_due(*, now: datetime | None = None) -> int:
    """Compare and sign, where enough has happened or enough time has passed; return how many.

    Of several workers one does it. What is broken was told of, and is not signed over.
    """
    at = now or timezone.now()
    if not _is_due(at):
        return 0
    try:
        return int(make_checkpoint(now=at) is not None)
    except Broken:
        return 0


def latest() -> Checkpoint | None:
    """The checkpoint that reaches furthest."""
    return Checkpoint.objects.order_by("-sequence", "-pk").first()


def _is_due(at: datetime) -> bool:
    cursor, _ = Cursor.objects.get_or_create(name=CURSOR)
    ends = ChainEntry.objects.order_by("-sequence").values_list("sequence", flat=True)
    end = ends.first() or 0
    is_late = cursor.moved_at <= at - conf.CHECKPOINT_INTERVAL
    is_first = end and not cursor.sequence and not Checkpoint.objects.exists()
    if not is_first and not is_late and end - cursor.sequence < conf.CHECKPOINT_EVENTS:
        return False
    unclaimed = Cursor.objects.filter(name=CURSOR, moved_at=cursor.moved_at)
    return bool(unclaimed.update(moved_at=at, sequence=end))


def _signed(head: Head, at: datetime) -> Checkpoint:
    count = head.sequence - _purged()
    signed = signing.sign(
        signing.CHECKPOINT_DOMAIN,
        {"at": moment(at), "count": count, "head": head.hash, "sequence": head.sequence},
    )
    return Checkpoint(
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
