"""The ledger, to be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from unfold.admin import ModelAdmin

from console import exports
from console.admin.event import EventPage
from console.admin.looking import LookOnly
from console.admin.recording import LedgerReading
from console.admin.timeline import Timeline
from console.disclosure import hidden_from
from console.resources import EventResource
from recovery.enums import Operation
from recovery.models import AuditEvent

if TYPE_CHECKING:
    from django.http import HttpRequest


@admin.register(AuditEvent)
class AuditEventAdmin(
    LedgerReading, Timeline, EventPage, LookOnly, exports.AuditedExport, ModelAdmin
):
    """Who did or tried what to whom. Nothing here can be added, changed or deleted."""

    resource_classes = (EventResource,)
    export_operation = Operation.EXPORT_EVENTS

    def get_export_resource_kwargs(self, request: HttpRequest, **kwargs: Any) -> dict[str, Any]:
        """Leave out of a file what the pages withhold."""
        return super().get_export_resource_kwargs(request, **kwargs) | {
            "hidden": hidden_from(request)
        }

    def get_urls(self) -> list[Any]:
        """Stock history would show Django's own log, of which there is none."""
        left_out = {f"recovery_auditevent_{name}" for name in ("add", "delete", "history")}
        return [url for url in super().get_urls() if url.name not in left_out]
