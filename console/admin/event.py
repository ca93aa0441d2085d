"""The page of one event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.template.response import TemplateResponse

from console import event_page

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


class EventPage:
    """One line of the ledger, and what hangs together with it. Not Unfold's form: nobody types."""

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if request.method not in {"GET", "HEAD"} or not self.has_view_permission(request):
            raise PermissionDenied
        event = self.get_object(request, unquote(object_id))
        if event is None:
            raise Http404
        context = {
            **self.admin_site.each_context(request),
            "title": event.get_operation_display(),
            "opts": self.opts,
            "original": event,
            "event": event_page.event_context(event, request),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "console/event.html", context)
