"""An invented organisation of any size: rows in sets, past the domain, for trials and benchmarks.

Nobody in it has a password or an authenticator, and the digests of the codes are of no code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import Max

from recovery import sync
from recovery.models import Account, AccountText, AuditEvent, BackupCode, BackupCodeSet, ChainEntry
from recovery.seeding import people, standings
from recovery.seeding.events import write_events

Report = Callable[[str], None]


def seed(users: int, *, events: int = 0, with_codes: bool = True, progress: Report = print) -> int:
    """Add ``users`` invented people, with accounts, and codes if wanted; return how many.

    Of a hundred, one has no code left, four have one or two, three never enrolled, one is flagged
    and one has rights of staff. The counters are right: ``reconcile`` finds nothing. ``events``
    are added about all invented people: chained, so that ``audit verify`` finds nothing either.
    """
    after = _last(Account)
    if users:
        progress(f"Writing {users:,} users …")
        people.write_users(users)
        progress("Making their accounts …")
        sync.insert_missing_accounts()
        people.write_texts(after)
        sync.make_missing()
        progress("Giving them a history …")
        standings.give(after)
        if with_codes:
            standings.insert_codes(after)
    if events:
        progress(f"Writing {events:,} events …")
        write_events(events, progress=progress)
    _gather_statistics()
    return users


def holds_others() -> bool:
    """Whether there are users that were not made here."""
    return people.others().exists()


def holds_invented() -> bool:
    """Whether there are users that were."""
    return people.invented().exists()


def _gather_statistics() -> None:
    """Without them the database would plan for the tables as they were."""
    seeded = (Account, AccountText, BackupCodeSet, BackupCode, AuditEvent, ChainEntry)
    with connection.cursor() as cursor:
        for model in (get_user_model(), *seeded):
            cursor.execute(f"ANALYZE {connection.ops.quote_name(model._meta.db_table)}")


def _last(model: Any) -> int:
    return int(model.objects.aggregate(last=Max("pk", default=0))["last"])
