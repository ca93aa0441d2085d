"""Lists and pages that put on the ledger who was shown them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from console import recording
from recovery.enums import Operation
from recovery.models import AuditEvent

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

SHOWN = 200


class LedgerReading:
    """Reading the ledger, narrowing it down and opening an event are events (PCI DSS 10.2.1.3)."""

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        with recording.refusals(request, Operation.READ_LEDGER):
            response = super().changelist_view(request, extra_context)
        if response.status_code == SHOWN:
            filters = recording.filters_of(request)
            recording.seen(request, Operation.READ_LEDGER, view="timeline", filters=filters)
        return response

    def change_view(
        self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        with recording.refusals(request, Operation.OPEN_EVENT):
            response = super().change_view(request, object_id, *args, **kwargs)
        if response.status_code == SHOWN:
            recording.seen(request, Operation.OPEN_EVENT, **_place(object_id))
        return response


class AccountSearching:
    """Whom somebody looked for in the list, and how many were found."""

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        with recording.refusals(request, Operation.SEARCH_ACCOUNTS):
            response = super().changelist_view(request, extra_context)
        if response.status_code == SHOWN:
            recording.seen(request, Operation.SEARCH_ACCOUNTS, **_search(request, response))
        return response


def _search(request: HttpRequest, response: Any) -> dict[str, Any]:
    """The settled query: a list is asked for with Enter, and not letter by letter."""
    filters = recording.filters_of(request)
    query, found = filters.pop("q", ""), response.context_data["cl"].result_count
    return {"query": query, "filters": filters, "found": found}


def _place(object_id: str) -> dict[str, int]:
    """Which event it is, and where in the chain."""
    found = AuditEvent.objects.filter(pk=object_id).values_list("pk", "entry__sequence").get()
    return dict(zip(("event", "sequence"), found, strict=True))
