"""Handing out a part of the ledger that convinces an outsider."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Final

from recovery import errors, policy
from recovery.audit import Draft, append, require_beforehand
from recovery.audit.bundle import covered, write_bundle
from recovery.audit.checkpoints import latest, make_checkpoint
from recovery.canonical import PEOPLE, SOURCES
from recovery.enums import Operation, Outcome
from recovery.models import AuditEvent
from recovery.trace import traced

if TYPE_CHECKING:
    from datetime import datetime

    from recovery.actors import Actor
    from recovery.audit.bundle import Manifest

OPENED_BY: Final = {
    "recovery.view_event_people": frozenset(PEOPLE),
    "recovery.view_event_sources": frozenset(SOURCES),
}
"""Which fields are in the file in the clear for whoever may see them on a page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What of the ledger is asked for: all of it, what came after a place, or a span of time."""

    after: int = 0
    begin: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What went into the file, and the line of the ledger that says so."""

    manifest: Manifest
    event: AuditEvent


def export_events(*, actor: Actor, file: IO[bytes], part: Part) -> Taken:
    """Write a part of the ledger into ``file``, signed to its last line, and put that on record.

    What is not on record is not to be handed out: whoever calls this sends the file after it.
    """
    draft = Draft(operation=Operation.EXPORT_EVENTS, actor=actor)
    with traced():
        require_beforehand(draft)
        try:
            manifest = _write(draft, file, part)
        except errors.RecoveryError as refusal:
            append(draft, Outcome.REFUSED, refusal=refusal.code)
            raise
        except Exception as fault:
            draft.detail = {"error": type(fault).__name__, "format": "bundle"}
            append(draft, Outcome.FAILED)
            raise
        return Taken(manifest=manifest, event=append(draft, Outcome.COMPLETED))


def _write(draft: Draft, file: IO[bytes], part: Part) -> Manifest:
    """Sign the head first, so that the last line is vouched for like every other one."""
    make_checkpoint()
    first, last = _range(part)
    fields = _fields_shown_to(draft.actor)
    manifest = write_bundle(file, first=first, last=last, fields=fields)
    draft.detail = {
        "from": first,
        "to": last,
        "rows": manifest.count,
        "columns": sorted(fields),
        "format": "bundle",
        "sha256": digest_of(file),
    }
    return manifest


def _range(part: Part) -> tuple[int, int]:
    """From where to where in the chain, widened to what is signed at both of its ends."""
    head = latest()
    last = head.sequence if head is not None else 0
    first = part.after + 1
    if part.begin is not None and part.end is not None:
        first, last = _places_between(part.begin, part.end)
    if first > last:
        raise errors.NothingToExport
    return covered(first, last)


def _places_between(begin: datetime, end: datetime) -> tuple[int, int]:
    """The first and the last place of the span's events; nowhere, if there are none.

    An event stands where its operation ended and is dated from where it began: neighbours may
    stand in another order than their times, so a few of them are asked.
    """
    within = AuditEvent.objects.filter(at__gte=begin, at__lt=end, entry__isnull=False)
    early = within.order_by("at", "id").values_list("entry__sequence", flat=True)[:NEIGHBOURS]
    late = within.order_by("-at", "-id").values_list("entry__sequence", flat=True)[:NEIGHBOURS]
    return min(early, default=1), max(late, default=0)


NEIGHBOURS: Final = 100


def _fields_shown_to(actor: Actor) -> frozenset[str]:
    held = policy.permissions_of(actor.user) if actor.user is not None else frozenset()
    opened = [fields for permission, fields in OPENED_BY.items() if permission in held]
    return frozenset().union(*opened)


def digest_of(file: IO[bytes]) -> str:
    """The SHA-256 of a whole file, which is then at its beginning again."""
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]  # it can be read
    file.seek(0)
    return digest
