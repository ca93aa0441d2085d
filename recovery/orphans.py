"""Operations without their notice or ticket, and notices without their operation.

Each question is about a span of time and answered by an index: none looks at the whole ledger.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db.models import Exists, OuterRef, Q

from recovery.announcements import WHAT_HAPPENED
from recovery.enums import DESK_OPERATIONS, STAFF_OPERATIONS, NoticeState, Outcome
from recovery.models import AuditEvent, ContactAddress, Notice, PurgeRecord

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from django.db.models import QuerySet

SHOWN: Final = 50
"""More orphans of one kind than these call for a look at the mail server, not for a longer list."""
LOOKED_AT: Final = 2_000
"""Of operations without a notice: nearly all were on people who have no confirmed address."""
TICKETED: Final = (*DESK_OPERATIONS, *STAFF_OPERATIONS)


def announced(begin: datetime, end: datetime) -> QuerySet[AuditEvent]:
    """The completed operations that somebody has to be told of."""
    completed = AuditEvent.objects.filter(outcome=Outcome.COMPLETED, operation__in=WHAT_HAPPENED)
    return completed.filter(at__gte=begin, at__lt=end).exclude(subject_id="")


def untold(begin: datetime, end: datetime) -> tuple[list[AuditEvent], bool]:
    """Operations that nobody was told of, and had to be; and whether all were looked at."""
    told = Notice.objects.to_subjects().filter(event_id=OuterRef("pk"))
    silent = announced(begin, end).filter(~Exists(told)).order_by("-at", "-id")
    events = list(silent[: LOOKED_AT + 1])
    since = _confirmed_since({event.subject_id for event in events})
    found = [event for event in events if _had_to_be_told(event, since.get(event.subject_id))]
    return found, len(events) <= LOOKED_AT


def dead_letters(begin: datetime, end: datetime) -> list[Notice]:
    """Notices that no mail server took, the newest first."""
    dead = Notice.objects.filter(state=NoticeState.DEAD, ended_at__gte=begin, ended_at__lt=end)
    return list(dead.order_by("-pk")[: SHOWN + 1])


def without_event(begin: datetime, end: datetime) -> list[Notice]:
    """Notices about an event that is not on the ledger, and that no purge has taken."""
    known = AuditEvent.objects.filter(pk=OuterRef("event_id"))
    queued = Q(queued_at__gte=begin, queued_at__lt=end)
    purged = PurgeRecord.objects.order_by("-newest_at").values_list("newest_at", flat=True).first()
    if purged is not None:
        queued &= Q(queued_at__gt=purged)
    notices = Notice.objects.filter(_within(begin, end) & queued, ~Exists(known))
    return list(notices.order_by("-event_id")[: SHOWN + 1])


def without_ticket(begin: datetime, end: datetime) -> list[AuditEvent]:
    """What the desk did without a ticket."""
    done = announced(begin, end).filter(operation__in=TICKETED, ticket="")
    return list(done.order_by("-at", "-id")[: SHOWN + 1])


def _within(begin: datetime, end: datetime) -> Q:
    """The numbers that events of the span have: notices are found by them, and by no date."""
    by_time = AuditEvent.objects.order_by("at", "id").values_list("pk", flat=True)
    first, after = by_time.filter(at__gte=begin).first(), by_time.filter(at__gte=end).first()
    numbers = Q(event_id__isnull=False)
    if first is not None:
        numbers &= Q(event_id__gte=first)
    return numbers & Q(event_id__lt=after) if after is not None else numbers


def _had_to_be_told(event: AuditEvent, since: datetime | None) -> bool:
    """Whether the event itself says so, or an address that is still there was confirmed by then."""
    return bool(event.detail.get("notices")) or (since is not None and since <= event.at)


def _confirmed_since(subjects: Iterable[str]) -> dict[str, datetime]:
    """When the first address of each was confirmed that nobody has removed since."""
    confirmed = ContactAddress.objects.confirmed().filter(
        account__user__in=subjects  # type: ignore[misc]  # Django reads a key from its text
    )
    since: dict[str, datetime] = {}
    for user_id, at in confirmed.values_list("account__user_id", "confirmed_at"):
        if at is not None:
            since[str(user_id)] = min(at, since.get(str(user_id), at))
    return since
