"""The rooms of the auditors that belong to no one table."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from console import bundles, completeness, integrity, recording
from recovery.enums import Operation

if TYPE_CHECKING:
    from django.contrib.admin import AdminSite
    from django.http import HttpRequest, HttpResponse

READS: str = "recovery.view_auditevent"
Page = Callable[["HttpRequest"], dict[str, Any]]


def urls(site: AdminSite) -> list[Any]:
    """Where the rooms are, each behind the console's own door."""
    rooms = [
        path(f"{name}/", site.admin_view(_room(site, name, page)), name=name)
        for name, page in (("integrity", integrity_page), ("completeness", completeness_page))
    ]
    taking = site.admin_view(partial(bundles.bundle, site=site))
    return [*rooms, path("bundle/", taking, name="bundle")]


def integrity_page(_request: HttpRequest) -> dict[str, Any]:
    return {"title": _("Integrity"), "integrity": integrity.page()}


def completeness_page(request: HttpRequest) -> dict[str, Any]:
    return {"title": _("Completeness"), "completeness": completeness.page(request)}


def _room(site: AdminSite, name: str, page: Page) -> Callable[..., HttpResponse]:
    """A page that whoever may read the ledger may look at, and nobody can send anything to."""

    @require_safe
    @wraps(page)
    def room(request: HttpRequest) -> HttpResponse:
        with recording.refusals(request, Operation.READ_LEDGER):
            if not request.user.has_perm(READS):
                raise PermissionDenied
        filters = recording.filters_of(request)
        recording.seen(request, Operation.READ_LEDGER, view=name, filters=filters)
        context = {**site.each_context(request), **page(request)}
        return TemplateResponse(request, f"console/{name}.html", context)

    return room
