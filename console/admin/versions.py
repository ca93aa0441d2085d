"""The versions of an account's row: read by those who may, each with the events of its making."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.http import Http404

from console import recording
from console.changes import events_of, may_see_versions
from console.displays import outcome_badge
from console.ledger_values import event_url
from recovery.enums import Operation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpRequest, HttpResponse

    from recovery.models import Account


class Versions:
    """simple-history's own pages, behind the permission that it gives and does not ask for."""

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """simple-history would look for an account of any name, and break."""
        account = self.account_with_versions(request, object_id)
        recording.seen(request, Operation.OPEN_ACCOUNT, subject=account, page="history")
        return super().history_view(request, object_id, extra_context)

    def history_form_view(
        self, request: HttpRequest, object_id: str, version_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """simple-history would save a view-only user's POST here."""
        if request.method not in {"GET", "HEAD"}:
            raise PermissionDenied
        account = self.account_with_versions(request, object_id)
        if not version_id.isdecimal():
            raise Http404
        recording.seen(request, Operation.OPEN_ACCOUNT, subject=account, page="version")
        return super().history_form_view(request, object_id, version_id, extra_context)

    def account_with_versions(self, request: HttpRequest, object_id: str) -> Account:
        account = self.account_or_404(request, object_id)
        with recording.refusals(request, Operation.OPEN_ACCOUNT, subject=account):
            if not may_see_versions(request):
                raise PermissionDenied
        return account

    def set_history_delta_changes(
        self, request: HttpRequest, historical_records: Sequence[Any], *args: Any, **kwargs: Any
    ) -> None:
        """Besides what changed, say by which events, to those who read the ledger."""
        super().set_history_delta_changes(request, historical_records, *args, **kwargs)
        if not request.user.has_perm("recovery.view_auditevent"):
            return
        found = events_of(historical_records)
        for version in historical_records:
            version.events = [
                {
                    "operation": event.get_operation_display(),
                    "outcome": outcome_badge(event.outcome),
                    "url": event_url(event.pk),
                }
                for event in found.get(version.trace, [])
            ]
