"""The way out of a list: its own address for taking out what it shows, which leads to a report."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_safe
from import_export.admin import ExportMixin

from console.reporting import pages

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from recovery.reports import Report


class LeadsToReport(ExportMixin):
    """import-export's button and address in a list, for a report that takes the same filters."""

    export_report: ClassVar[Report]

    def has_export_permission(self, request: HttpRequest) -> bool:
        return pages.is_open_to(request.user, self.export_report)

    @method_decorator(require_safe)
    def export_action(self, request: HttpRequest) -> HttpResponse:
        """Carry the list's search and filters along."""
        if not self.has_export_permission(request):
            raise PermissionDenied
        report = reverse("admin:report", args=[self.export_report.name])
        query = request.GET.urlencode()
        return redirect(f"{report}?{query}" if query else report)
