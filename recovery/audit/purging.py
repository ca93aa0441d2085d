"""Letting old events leave the ledger: exported and checked first, and with a signed record."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from django.db import connection
from django.db.models import Max, Min

from recovery import errors
from recovery.audit import bundle, checkpoints, comparing, days, signing, verifier
from recovery.audit.operations import audited
from recovery.canonical import COMMITTED, moment
from recovery.enums import Operation
from recovery.models import (
    AuditEvent,
    ChainEntry,
    Checkpoint,
    Cursor,
    LedgerDay,
    PurgeRecord,
    ReviewItem,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from recovery.actors import Actor
    from recovery.audit import Draft

CURSOR: Final = "purge"
EVERYTHING: Final = frozenset(COMMITTED)
ENTRIES, EVENTS = ChainEntry._meta.db_table, AuditEvent._meta.db_table
_LEAVING: Final = f"FROM {ENTRIES} WHERE sequence BETWEEN %s AND %s"
LEAVE: Final = (
    f"DELETE FROM {EVENTS} WHERE id IN (SELECT event_id {_LEAVING})",  # noqa: S608 - names of our own tables
    f"DELETE {_LEAVING}",
)
"""Events first: what may leave is found by their entries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Which events would leave: the first ones, up to the last before a younger one."""

    first: int
    last: int
    last_hash: str
    newest_at: datetime

    @property
    def events(self) -> int:
        """How many."""
        return self.last - self.first + 1


def plan(*, before: datetime, kept_from: datetime) -> Plan:
    """What would leave of all before ``before``; refused if that is after ``kept_from``.

    The head never leaves: the next event has to follow from it.
    """
    if before > kept_from:
        raise errors.PurgeTooYoung(kept_from=f"{kept_from:%Y-%m-%d}")
    ends = ChainEntry.objects.aggregate(first=Min("sequence"), head=Max("sequence"))
    young = ChainEntry.objects.filter(event__at__gte=before).aggregate(first=Min("sequence"))
    if ends["first"] is None:
        raise errors.NothingToPurge
    last = min(young["first"] or ends["head"], ends["head"]) - 1
    leaving = ChainEntry.objects.filter(sequence__lte=last)
    newest = leaving.aggregate(at=Max("event__at"))["at"]
    if newest is None:
        raise errors.NothingToPurge
    last_hash = leaving.values_list("hash", flat=True).get(sequence=last)
    return Plan(first=ends["first"], last=last, last_hash=last_hash, newest_at=newest)


def purge(leaving: Plan, *, to: Path, actor: Actor, progress: Callable[[str], None]) -> PurgeRecord:
    """Export what leaves, check the export, and let it go: all of it, or nothing.

    Whatever dies before the last step leaves a file too many, and no event too few.
    """
    checkpoints.make_checkpoint()
    progress(f"Exporting {leaving.events} events …")
    digest = _export(leaving, to)
    progress("The export is whole, and signed for. Deleting …")
    with audited(Operation.PURGE_LEDGER, actor=actor) as draft:
        Cursor.objects.select_for_update().get_or_create(name=CURSOR)
        record = _record(draft, leaving, digest)
        _leave(leaving)
        draft.detail = {
            "events": leaving.events,
            "from": leaving.first,
            "to": leaving.last,
            "sha256": digest,
            "record": record.pk,
        }
    return record


def _export(leaving: Plan, to: Path) -> str:
    """Write the bundle, whole and to the disk, or not at all; its SHA-256."""
    if to.exists():
        raise errors.ExportExists(path=to)
    keys = comparing.keys_of_all_time()
    signed = Checkpoint.objects.filter(sequence__gte=leaving.last, key_id__in=keys.trusted)
    last = signed.order_by("sequence").values_list("sequence", flat=True)[0]
    # mkstemp's file can be read by its owner alone.
    handle, draft = tempfile.mkstemp(dir=to.parent, prefix=f".{to.name}.")
    try:
        with os.fdopen(handle, "w+b") as file:
            bundle.write_bundle(file, first=leaving.first, last=last, fields=EVERYTHING)
            file.flush()
            os.fsync(file.fileno())
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        _must_be_there(leaving)
        _must_be_signed_for(Path(draft))
        _name(Path(draft), to)
    finally:
        Path(draft).unlink()
    return digest


def _must_be_there(leaving: Plan) -> None:
    """Refuse where another purge was quicker."""
    if ChainEntry.objects.aggregate(first=Min("sequence"))["first"] != leaving.first:
        raise errors.ChangedMeanwhile


def _must_be_signed_for(export: Path) -> None:
    """Check the export as an outsider would: ``Broken`` if it is not what was written."""
    if verifier.verify(verifier.Source(export), signing.root_key()).unsigned:
        raise errors.ExportNotSigned


def _name(draft: Path, to: Path) -> None:
    """Give a file its name, for good. A name that is taken meanwhile is not taken over."""
    try:
        os.link(draft, to)
    except FileExistsError as error:
        raise errors.ExportExists(path=to) from error
    directory = os.open(to.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _record(draft: Draft, leaving: Plan, digest: str) -> PurgeRecord:
    """Sign what leaves."""
    _must_be_there(leaving)
    said: dict[str, Any] = {
        "at": moment(draft.at),
        "export_sha256": digest,
        "first": leaving.first,
        "last": leaving.last,
        "last_hash": leaving.last_hash,
        "newest_at": moment(leaving.newest_at),
        "previous": comparing.purged_up_to().hash,
    }
    signed = signing.sign(signing.PURGE_DOMAIN, said)
    return PurgeRecord.objects.create(
        first_sequence=leaving.first,
        last_sequence=leaving.last,
        last_hash=leaving.last_hash,
        newest_at=leaving.newest_at,
        export_sha256=digest,
        at=draft.at,
        key_id=signed.key_id,
        statement=signed.statement,
        signature=signed.signature,
    )


def _leave(leaving: Plan) -> None:
    """Take the events out, with what was only kept beside them; a day that goes on stays."""
    ReviewItem.objects.filter(sequence__lte=leaving.last).delete()
    days.forget_purged(leaving.last)
    begun = LedgerDay.objects.filter(first_sequence__lte=leaving.last)
    begun.update(first_sequence=leaving.last + 1)
    with connection.cursor() as cursor:
        for statement in LEAVE:
            cursor.execute(statement, [leaving.first, leaving.last])
