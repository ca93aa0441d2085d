"""The page with all the pictures that a role sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from console import pictures, recording
from recovery.enums import Operation

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.admin import AdminSite
    from django.http import HttpRequest, HttpResponse


def room(site: AdminSite) -> Callable[[HttpRequest], HttpResponse]:
    """A page of figures: what they count is recorded as read when its list is opened."""

    @require_safe
    def pictures_page(request: HttpRequest) -> HttpResponse:
        with recording.refusals(request, Operation.READ_LEDGER):
            if not pictures.sees_any(request):
                raise PermissionDenied
        context = {**site.each_context(request), **pictures.page(request)}
        return TemplateResponse(request, "console/pictures.html", context)

    return pictures_page
