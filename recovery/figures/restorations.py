"""From the desk's help to a working authenticator: who waits, who is back, how long it took."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from recovery.enums import Measure, Operation, Outcome
from recovery.figures import tables
from recovery.figures.tables import Place
from recovery.models import Restoration

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HELPS: Final = frozenset(
    {
        Operation.REGENERATE_BACKUP_CODES,
        Operation.ISSUE_PHONE_CODE,
        Operation.SEND_RECOVERY_LINK,
    }
)
RETURNS: Final = frozenset(
    {Operation.BIND_AUTHENTICATOR, Operation.HOLDER_SIGN_IN, Operation.SIGN_IN}
)
"""What only somebody with a working authenticator completes."""
WAITED_FOR: Final = timedelta(days=7)
"""Whoever signs in later than that was not brought back by that help."""
WEEK: Final = timedelta(days=7)
SHARES: Final = {"median": 0.5, "tenth": 0.9}
"""The kept times: half of those who came back did so within the first, nine of ten the second."""


class Step(NamedTuple):
    """What one event says of a way back."""

    sequence: int
    event_id: int
    at: datetime
    who: str
    is_help: bool


def step_of(seen: Any) -> Step | None:
    """What an event says, if it says anything of a way back."""
    if seen.outcome != Outcome.COMPLETED or seen.operation not in HELPS | RETURNS:
        return None
    is_help = seen.operation in HELPS
    who = seen.subject_id if is_help else seen.actor_id
    return Step(seen.sequence, seen.event_id, seen.at, who, is_help) if who else None


def follow(steps: Sequence[Step]) -> None:
    """Open and close what these events open and close, and time the weeks that changed."""
    waiting = _waiting({step.who for step in steps})
    begun: dict[int, Restoration] = {}
    ended: dict[int, Restoration] = {}
    for step in steps:
        one = waiting.get(step.who)
        if one is not None and step.at - one.helped_at > WAITED_FOR:
            one = None
        if step.is_help and one is None:
            waiting[step.who] = begun[step.sequence] = _begin(step)
        elif not step.is_help and one is not None:
            one.restored_at = max(step.at, one.helped_at)
            ended[one.sequence] = waiting.pop(step.who)
    Restoration.objects.bulk_create(begun.values())
    Restoration.objects.bulk_update(
        [one for sequence, one in ended.items() if sequence not in begun],
        ["restored_at"],
        batch_size=500,
    )
    for week in {week_of(one.helped_at) for one in ended.values()}:
        tables.put(_timed(week))


def week_of(moment: datetime) -> date:
    """The Monday of its week, in UTC."""
    day = tables.day_of(moment)
    return day - timedelta(days=day.weekday())


def quantile(ordered: Sequence[int], share: float) -> int:
    """The smallest value that so large a share does not exceed."""
    return ordered[max(math.ceil(share * len(ordered)), 1) - 1]


def _waiting(who: Iterable[str]) -> dict[str, Restoration]:
    """The last of each who has not come back; an earlier one has run out."""
    found = Restoration.objects.filter(subject_id__in=list(who), restored_at=None)
    return {one.subject_id: one for one in found.order_by("sequence")}


def _begin(step: Step) -> Restoration:
    return Restoration(
        sequence=step.sequence, event_id=step.event_id, subject_id=step.who, helped_at=step.at
    )


def _timed(week: date) -> dict[Place, int]:
    begin = datetime.combine(week, time.min, UTC)
    inside = Restoration.objects.filter(helped_at__gte=begin, helped_at__lt=begin + WEEK)
    back = inside.filter(restored_at__isnull=False).values_list("helped_at", "restored_at")
    took = sorted(_seconds(*ends) for ends in back)
    kept = {"count": len(took)} | {name: quantile(took, share) for name, share in SHARES.items()}
    return {Place(Measure.RESTORED, week, key=name): value for name, value in kept.items()}


def _seconds(helped_at: datetime, restored_at: datetime | None) -> int:
    return int((restored_at - helped_at).total_seconds()) if restored_at is not None else 0
