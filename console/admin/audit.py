"""The ledger, to be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import (
    ChoicesDropdownFilter,
    FieldTextFilter,
)
from unfold.decorators import display

from console import displays, exports
from console.admin import filters
from console.admin.looking import LookOnly
from console.admin.pagination import CappedPaginator
from console.admin.recording import LedgerReading
from console.resources import EVENT_COLUMNS, EventResource
from recovery.enums import Operation
from recovery.errors import text_of
from recovery.models import AuditEvent

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@admin.register(AuditEvent)
class AuditEventAdmin(LedgerReading, LookOnly, exports.AuditedExport, ModelAdmin):
    """Who did or tried what to whom. Nothing here can be added, changed or deleted."""

    list_display = (
        "at",
        "operation",
        "shown_outcome",
        "subject_name",
        "actor_name",
        "ticket",
        "source_address",
    )
    list_display_links = ("at", "operation")
    list_filter = (
        ("operation", ChoicesDropdownFilter),
        ("outcome", ChoicesDropdownFilter),
        ("subject_name", FieldTextFilter),
        ("actor_name", FieldTextFilter),
        ("ticket", FieldTextFilter),
        ("at", filters.MomentFilter),
    )
    list_filter_submit = True
    list_fullwidth = True
    list_per_page = 50
    list_disable_select_all = True
    actions = None
    ordering = ("-at", "-id")
    paginator = CappedPaginator
    show_full_result_count = False
    fields = (*(name for name in EVENT_COLUMNS if name != "refusal"), "refusal_in_words")
    readonly_fields = fields
    resource_classes = (EventResource,)
    export_operation = Operation.EXPORT_EVENTS

    @display(description=_("Outcome"), ordering="outcome")
    def shown_outcome(self, event: AuditEvent) -> str:
        return displays.outcome_badge(event.outcome)

    @display(description=_("Refusal"))
    def refusal_in_words(self, event: AuditEvent) -> str:
        if not event.refusal:
            return "–"
        return f"{event.refusal}: {text_of(event.refusal)}"

    def get_urls(self) -> list[Any]:
        """Stock history would show Django's own log, of which there is none."""
        left_out = {f"recovery_auditevent_{name}" for name in ("add", "delete", "history")}
        return [url for url in super().get_urls() if url.name not in left_out]

    def change_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method not in {"GET", "HEAD"}:
            raise PermissionDenied
        return super().change_view(request, *args, **kwargs)
