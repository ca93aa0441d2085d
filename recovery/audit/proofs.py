"""A verification that somebody asked for: recorded, and told of if something is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recovery.audit import alarms
from recovery.audit.operations import audited
from recovery.audit.verification import Verified, verify_ledger
from recovery.audit.verifier import Broken
from recovery.conf import conf
from recovery.enums import Operation

if TYPE_CHECKING:
    from recovery.actors import Actor


def verify_and_record(*, actor: Actor, **how: Any) -> Verified:
    """Verify as ``verify_ledger`` does, and put what came of it on the ledger."""
    try:
        verified = verify_ledger(**how)
    except Broken as broken:
        _record(actor, {"finding": broken.finding.value, "sequence": broken.sequence})
        alarms.raise_alarm(broken.finding.value, broken.sequence)
        raise
    _record(actor, {"events": verified.events, "from": verified.first, "to": verified.last})
    return verified


def is_signed_in_time(verified: Verified) -> bool:
    """Whether no more events wait for their checkpoint than may."""
    is_signed = verified.signed_to > 0 or not verified.events
    return is_signed and verified.unsigned <= conf.CHECKPOINT_EVENTS


def _record(actor: Actor, detail: dict[str, Any]) -> None:
    # Not around the verification: that would be one long transaction, and on SQLite the only one.
    with audited(Operation.VERIFY_LEDGER, actor=actor) as draft:
        draft.detail = detail
