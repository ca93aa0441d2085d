"""Reports: which there are, what of one is asked for, and the way to a file that was made."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from console import step_up
from console.disclosure import hidden_from
from console.reporting import sending
from console.reporting.forms import FetchForm, TakeOutForm, asked_by, filters_of
from console.requests import actor_from
from recovery.audit import Draft, append
from recovery.enums import JobKind, Outcome
from recovery.errors import FileIsGone, PermissionMissing, RecoveryError
from recovery.models import Job
from recovery.reports import REPORTS

if TYPE_CHECKING:
    from django.contrib.admin import AdminSite
    from django.http import HttpRequest, HttpResponse

    from console.reporting.forms import Filters
    from recovery.reports import Asked, Report

WAYS = ("GET", "HEAD", "POST")
REFUSED, GONE, NOT_UNDERSTOOD = 409, 410, 422
NO_ROWS = _("No row fits these filters, so the file would be empty. Choose wider ones.")

READERS: Final = {
    "coverage": _("For whoever sees to it that everybody can get back in."),
    "at_risk": _("For leads: whom to call before they have to call you."),
    "actions": _("For leads and auditors: single operations, with what they rested on."),
    "agents": _("For leads: how the work is spread, and how well callers are proven."),
    "ledger": _("For auditors. For a copy that can be checked without us, take out a bundle."),
}
"""Whom each report is for."""


def urls(site: AdminSite) -> list[Any]:
    """Where they are, each behind the console's own door."""
    rooms = (
        ("reports/", report_list, "reports"),
        ("reports/<slug:name>/", report_page, "report"),
        ("jobs/<int:job_id>/file/", job_file, "job_file"),
    )
    return [
        path(route, site.admin_view(partial(view, site=site)), name=name)
        for route, view, name in rooms
    ]


def open_to(user: Any) -> list[Report]:
    """The reports that somebody may take out."""
    return [report for report in REPORTS.values() if is_open_to(user, report)]


def is_open_to(user: Any, report: Report) -> bool:
    """Seeing and taking out are two permissions, and this needs both."""
    return bool(user.has_perm(report.sees) and user.has_perm(report.operation.permission))


@require_safe
def report_list(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """A card for each report that the viewer may take out."""
    reports = open_to(request.user)
    if not reports:
        raise PermissionDenied
    cards = [{"report": report, "readers": READERS[report.name]} for report in reports]
    context = {**site.each_context(request), "title": _("Reports"), "cards": cards}
    return TemplateResponse(request, "console/reports.html", context)


@sensitive_post_parameters("one_time_code")
@require_http_methods(WAYS)
def report_page(request: HttpRequest, name: str, site: AdminSite) -> HttpResponse:
    """The form of one report, or the file that it asked for, or why not."""
    report = REPORTS.get(name)
    if report is None:
        raise Http404
    require(request, report)
    show = partial(_page, request, site, report)
    if request.method != "POST":
        found = filters_of(report, request.GET, hidden=hidden_from(request))
        return show(found, _form(request), status=200 if found.is_valid() else NOT_UNDERSTOOD)
    found, form = filters_of(report, request.POST, hidden=hidden_from(request)), _form(request)
    if not (found.is_valid() and form.is_valid()):
        return show(found, form, status=NOT_UNDERSTOOD)
    asked = asked_by(found)
    if not _has_rows(report, asked):
        return show(found, form, status=NOT_UNDERSTOOD, nothing=NO_ROWS)
    try:
        _prove(request)
        return sending.take_out(request, report, asked, form.cleaned_data["format"])
    except RecoveryError as refusal:
        return show(found, _form(request), status=REFUSED, refusal=refusal)


def require(request: HttpRequest, report: Report) -> None:
    """Refuse whoever may not take it out; put it on the ledger, if they tried to."""
    if is_open_to(request.user, report):
        return
    if request.method == "POST":
        draft = Draft(operation=report.operation, actor=actor_from(request))
        append(draft, Outcome.REFUSED, refusal=PermissionMissing.code)
    raise PermissionDenied


@sensitive_post_parameters("one_time_code")
@require_http_methods(WAYS)
def job_file(request: HttpRequest, job_id: int, site: AdminSite) -> HttpResponse:
    """The file of a job, for whoever asked for it; a one-time code first, if the last is old."""
    job = get_object_or_404(Job, pk=job_id, kind=JobKind.EXPORT)
    show = partial(_file_page, request, site, job)
    is_theirs = job.owner_id == request.user.pk
    if is_theirs and job.is_under_way:
        return show()
    if is_theirs and job.has_file and request.method != "POST" and step_up.is_needed(request):
        return show()
    try:
        _prove(request)
        return sending.hand_out(request, job)
    except RecoveryError as refusal:
        if not is_theirs or isinstance(refusal, PermissionMissing):
            raise PermissionDenied from refusal
        is_gone = isinstance(refusal, FileIsGone)
        return show(status=GONE if is_gone else REFUSED, refusal=refusal)


def _prove(request: HttpRequest) -> None:
    code = request.POST.get("one_time_code", "")
    if code:
        step_up.prove(request, code)


def _has_rows(report: Report, asked: Asked) -> bool:
    return report.over(report.narrowed(asked)).exists()


def _form(request: HttpRequest) -> TakeOutForm:
    data = request.POST if request.method == "POST" else None
    return TakeOutForm(data, needs_step_up=step_up.is_needed(request))


def _page(
    request: HttpRequest,
    site: AdminSite,
    report: Report,
    found: Filters,
    form: TakeOutForm,
    *,
    status: int,
    **more: Any,
) -> HttpResponse:
    context = {
        **site.each_context(request),
        "title": report.title,
        "report": report,
        "columns": report.shown(hidden_from(request)),
        "filters": found,
        "form": form,
        "zone": timezone.get_current_timezone_name(),
    }
    return TemplateResponse(request, "console/report.html", context | more, status=status)


def _file_page(
    request: HttpRequest, site: AdminSite, job: Job, *, status: int = 200, **more: Any
) -> HttpResponse:
    needs_step_up = job.has_file and step_up.is_needed(request)
    context = {
        **site.each_context(request),
        "title": _("Fetch the file"),
        "job": job,
        "form": FetchForm() if needs_step_up else None,
        "job_url": reverse("admin:job", args=[job.pk]),
    }
    return TemplateResponse(request, "console/report_file.html", context | more, status=status)
