"""Which events somebody has to look at: some always, and of the rest a share by chance."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, NamedTuple

from django.core import signing
from django.db import transaction
from django.utils import timezone

from recovery.conf import conf
from recovery.enums import (
    DESK_OPERATIONS,
    EXPORT_OPERATIONS,
    MANY_OPERATIONS,
    STAFF_OPERATIONS,
    Operation,
    Outcome,
    ReviewCause,
    Tier,
)
from recovery.models import ChainEntry, Cursor, ReviewItem

if TYPE_CHECKING:
    from collections.abc import Iterable

REVIEWED: Final[dict[Operation, str]] = {
    **dict.fromkeys(DESK_OPERATIONS, "the desk acts on somebody's way in"),
    **dict.fromkeys(STAFF_OPERATIONS, "somebody gains, loses or regains power"),
    **dict.fromkeys(EXPORT_OPERATIONS, "a table leaves the house"),
    **dict.fromkeys(MANY_OPERATIONS, "one press of a button meets many accounts"),
    Operation.IMPORT_ADDRESS: "a thief would do this to get the mails",
    Operation.CHANGE_RIGHTS: "somebody gains or loses power outside the desk",
    Operation.ENROL_STAFF: "a shell gives somebody power",
    Operation.REDEEM_BACKUP_CODE: "somebody comes back without an authenticator",
    Operation.REDEEM_PHONE_CODE: "somebody comes back without an authenticator",
    Operation.OPEN_RECOVERY_LINK: "somebody comes back without an authenticator",
    Operation.ASK_RECOVERY_LINK: "somebody asks to come back without the desk",
    Operation.BIND_AUTHENTICATOR: "a thief would do this first",
    Operation.TAKE_BACKUP_CODES: "a thief would do this to stay",
    Operation.REVOKE_AUTHENTICATOR: "a thief would do this to lock the holder out",
    Operation.ADD_ADDRESS: "a thief would do this to get the mails",
    Operation.CONFIRM_ADDRESS: "a thief would do this to get the mails",
    Operation.REMOVE_ADDRESS: "a thief would do this so that nobody hears of it",
    Operation.FREEZE_RECOVERY: "the account holder is worried",
    Operation.VETO: "the account holder says that it was not them",
    Operation.NOTE_FAILED_ATTEMPTS: "somebody guesses at a second factor",
    Operation.KILL_BACKUP_CODES: "somebody guessed a hundred times",
    Operation.KILL_AUTHENTICATOR: "somebody guessed a hundred times",
}
"""What people do to a way in, or to power at the desk, and why it is worth a second look."""

NOT_REVIEWED: Final[dict[Operation, str]] = {
    Operation.SIGN_IN: "daily work; guesses at it are counted, and noted as failed attempts",
    Operation.STEP_UP: "daily work; guesses at it are counted, and noted as failed attempts",
    Operation.SIGN_OUT: "nobody is harmed by a sign-out",
    Operation.HOLDER_SIGN_IN: "strangers fail at it all day; many failures are noted",
    Operation.HOLDER_STEP_UP: "precedes what is reviewed",
    Operation.HOLDER_SIGN_OUT: "nobody is harmed by a sign-out",
    Operation.HAND_OVER_RECOVERY_LINK: "the worker's; the link itself is reviewed",
    Operation.CANCEL_RECOVERY_LINK: "the worker's; the link itself is reviewed",
    Operation.EXPIRE_RECOVERY_LINK: "the clock's",
    Operation.EXPIRE_PHONE_CODE: "the clock's",
    Operation.DELIVER_NOTICE: "the worker's; the page on completeness lists dead letters",
    Operation.ADOPT_AUTHENTICATOR: "a whole table at once, and each holder was told",
    Operation.ADOPT_BACKUP_CODES: "a whole table at once, and each holder was told",
    Operation.ADOPT_ADDRESS: "a whole table at once",
    Operation.ROTATE_KEYS: "changes how secrets are kept, and no account",
    Operation.RECONCILE: "sets a counter to what the rows say",
    Operation.SIGN_OFF_EVENT: "the review itself: it would never end",
    Operation.ESCALATE_EVENT: "the review itself: a lead looks into it as an incident",
    Operation.OPEN_ACCOUNT: "reading",
    Operation.SEARCH_ACCOUNTS: "reading",
    Operation.READ_LEDGER: "reading",
    Operation.OPEN_EVENT: "reading",
    Operation.START_SERVICE: "a process, and no person",
    Operation.STOP_SERVICE: "a process, and no person",
    Operation.CHAIN_LEDGER: "a migration's",
    Operation.VERIFY_LEDGER: "what it finds is an incident",
    Operation.PURGE_LEDGER: "leaves a signed record, which the page on integrity lists",
    Operation.ROTATE_SIGNING_KEY: "leaves a signed record, which the page on integrity lists",
    Operation.RAISE_ALARM: "is an incident",
    Operation.CANCEL_JOB: "nobody is harmed by what is not done",
    Operation.FINISH_JOB: "the worker's; what began the job is reviewed",
    Operation.DELETE_EXPORT: "the clock's",
}
"""What never gets into the queue, and why not."""

CURSOR: Final = "review"
STEP: Final = 2_000
"""How many events one transaction looks at."""
STEPS_AT_ONCE: Final = 25
"""After so many, the other tasks of the worker have their turn."""


class Seen(NamedTuple):
    """What decides about one event."""

    sequence: int
    event_id: int
    operation: str
    outcome: str
    subject_tier: str
    actor_id: str


COLUMNS: Final = (
    "sequence",
    "event_id",
    *(f"event__{name}" for name in ("operation", "outcome", "subject_tier", "actor_id")),
)


def queue_for_review() -> int:
    """Walk the chain on from where the last walk ended; return how many events were queued."""
    Cursor.objects.get_or_create(name=CURSOR)
    queued = 0
    for _ in range(STEPS_AT_ONCE):
        walked, found = _step()
        queued += found
        if walked < STEP:
            break
    return queued


def is_drawn(sequence: int) -> bool:
    """Whether chance has it that this event is looked at: the same for the same seed, always."""
    digest = hashlib.sha256(f"{_seed()}\n{sequence}".encode()).digest()
    return int.from_bytes(digest[:8]) * 100 < conf.REVIEW_SHARE << 64


def _seed() -> str:
    """The seed of the setting; else one that nobody at the desk can know beforehand."""
    return conf.REVIEW_SEED or signing.Signer(salt="recovery.reviewing").signature("seed")


def _step() -> tuple[int, int]:
    with transaction.atomic():
        cursor = Cursor.objects.select_for_update().get(name=CURSOR)
        seen = list(_after(cursor.sequence))
        if not seen:
            return 0, 0
        items = [item for one in seen if (item := _item(one)) is not None]
        ReviewItem.objects.bulk_create(items)
        cursor.sequence, cursor.moved_at = seen[-1].sequence, timezone.now()
        cursor.save(update_fields=["sequence", "moved_at"])
    return len(seen), len(items)


def _after(sequence: int) -> Iterable[Seen]:
    entries = ChainEntry.objects.filter(sequence__gt=sequence).order_by("sequence")
    return (Seen(*row) for row in entries.values_list(*COLUMNS)[:STEP])


def _item(one: Seen) -> ReviewItem | None:
    cause = _cause(one)
    if cause is None:
        return None
    return ReviewItem(event_id=one.event_id, sequence=one.sequence, cause=cause)


def _cause(one: Seen) -> ReviewCause | None:
    """Why this event has to be looked at, if it has to.

    What a stranger was refused is drawn by chance like the rest: it could be any number.
    """
    if one.operation not in REVIEWED:
        return None
    if one.subject_tier == Tier.PRIVILEGED:
        return ReviewCause.PRIVILEGED
    if one.outcome == Outcome.REFUSED and one.actor_id:
        return ReviewCause.REFUSED
    return ReviewCause.SAMPLED if is_drawn(one.sequence) else None
