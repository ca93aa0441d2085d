"""The ledger, to be read."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from unfold.admin import ModelAdmin

from console import exports
from console.admin.event import EventPage
from console.admin.looking import LookOnly
from console.admin.recording import LedgerReading
from console.admin.timeline import Timeline
from recovery.models import AuditEvent
from recovery.reports.ledger import LEDGER


@admin.register(AuditEvent)
class AuditEventAdmin(
    LedgerReading, Timeline, EventPage, LookOnly, exports.LeadsToReport, ModelAdmin
):
    """Who did or tried what to whom. Nothing here can be added, changed or deleted."""

    export_report = LEDGER

    def get_urls(self) -> list[Any]:
        """Stock history would show Django's own log, of which there is none."""
        left_out = {f"recovery_auditevent_{name}" for name in ("add", "delete", "history")}
        return [url for url in super().get_urls() if url.name not in left_out]
