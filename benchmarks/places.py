"""What the databases are asked beside the pages: where their middle lies, and what SQL costs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.db import connection
from django.urls import reverse

from console.admin.keyset import ROWS, Place
from recovery.models import Account, AuditEvent
from recovery.seeding.people import LOGIN

RAW = f"""
    SELECT a.id, a.backup_codes_left, a.enrolment, a.reenrolment_due_at, a.last_recovered_at,
        t.display_name, t.login_name, t.address
    FROM recovery_accounttext t JOIN recovery_account a ON a.id = t.account_id
    ORDER BY t.display_name, t.account_id LIMIT {ROWS + 1}"""  # noqa: S608 - our own number


def accounts() -> str:
    """The page of the account list with half of the accounts before it."""
    from console.admin.orders import ORDERS  # noqa: PLC0415 - beside the list alone

    by_name = Account.objects.select_related("text").order_by("text__display_name", "pk")
    middle = by_name[Account.objects.count() // 2]
    place = ORDERS["person"].place(middle)
    return f"{reverse('admin:recovery_account_changelist')}?{urlencode({'after': place})}"


def events() -> str:
    """The page of the ledger with half of the events before it."""
    ends = AuditEvent.objects.order_by("pk").values_list("pk", flat=True)
    first, last = ends.first(), ends.last()
    middle = AuditEvent.objects.filter(pk__gte=(first + last) // 2).order_by("pk")[0]
    return f"{reverse('admin:recovery_auditevent_changelist')}?before={Place.of(middle)}"


def somebody() -> dict[str, Any]:
    """What some event says, for views of the ledger that are as narrow in each database."""
    invented = AuditEvent.objects.exclude(ticket="").filter(actor_name__startswith=LOGIN)
    event = invented.latest("pk")
    return {
        "ticket": event.ticket,
        "subject": event.subject_id,
        "subject_name": event.subject_name,
        "actor": event.actor_id,
        "actor_name": event.actor_name,
        "source": event.source_address,
        "trace": event.trace,
        "half_time": events().partition("before=")[2][:8],
    }


def statements(visit: Callable[[], object]) -> list[tuple[str, float]]:
    """Each statement that ``visit`` sends, with its milliseconds, those of commits included."""
    seen: list[tuple[str, float]] = []

    def timed(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001 - Django's signature
        started = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            seen.append((str(sql), (time.perf_counter() - started) * 1000))

    with connection.execute_wrapper(timed):
        visit()
    return seen


def raw_rows() -> float:
    """What the rows of the first page take by themselves, in milliseconds."""
    with connection.cursor() as cursor:
        started = time.perf_counter()
        cursor.execute(RAW)
        cursor.fetchall()
        return (time.perf_counter() - started) * 1000
