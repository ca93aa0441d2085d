"""The rooms of the jobs: their list, one of them, and taking one back."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from console import recording
from console.jobs import rows, show
from console.requests import actor_from
from recovery import actions
from recovery.enums import Operation
from recovery.errors import JobHasEnded, PermissionMissing
from recovery.models import Job

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.admin import AdminSite
    from django.http import HttpRequest, HttpResponse


def urls(site: AdminSite) -> list[Any]:
    """Where they are, each behind the console's own door."""

    def room(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        return site.admin_view(partial(view, site=site))

    return [
        path("jobs/", room(job_list), name="jobs"),
        path("jobs/<int:job_id>/", room(job_page), name="job"),
        path("jobs/<int:job_id>/progress/", room(job_progress), name="job_progress"),
        path("jobs/<int:job_id>/cancel/", room(job_cancel), name="job_cancel"),
    ]


@require_safe
def job_list(request: HttpRequest, *, site: AdminSite) -> HttpResponse:
    """The viewer's jobs; all of them, for whoever may act on many accounts."""
    with recording.refusals(request, Operation.ACT_ON_MANY):
        if not show.sees_any(request.user):
            raise PermissionDenied
    context = {**site.each_context(request), "title": _("Jobs"), "list": show.listed(request)}
    return TemplateResponse(request, "console/jobs.html", context)


@require_safe
def job_page(request: HttpRequest, job_id: int, *, site: AdminSite) -> HttpResponse:
    """How a job stands, and what came of its rows."""
    job = _found(request, job_id)
    shown = rows.page(request, job) if job.rows_total else None
    if shown and shown["lines"]:
        filters, found = {"job": str(job.pk), "state": shown["state"]}, len(shown["lines"])
        recording.seen(request, Operation.SEARCH_ACCOUNTS, query="", filters=filters, found=found)
    context = {
        **site.each_context(request),
        "title": show.title(job),
        "status": show.status(request, job),
        "rows": shown,
    }
    return TemplateResponse(request, "console/job.html", context)


@require_safe
def job_progress(request: HttpRequest, job_id: int, *, site: AdminSite) -> HttpResponse:
    """The part of that page that changes while the job runs."""
    status = show.status(request, _found(request, job_id))
    return TemplateResponse(request, "console/components/job_status.html", {"status": status})


@require_http_methods(["GET", "HEAD", "POST"])
def job_cancel(request: HttpRequest, job_id: int, *, site: AdminSite) -> HttpResponse:
    """Say what stays done, and take the job back once that is confirmed."""
    if request.method != "POST":
        status = show.status(request, _found(request, job_id))
        context = {**site.each_context(request), "title": _("Cancel a job"), "status": status}
        return TemplateResponse(request, "console/job_cancel.html", context)
    return _cancelled(request, job_id)


def _cancelled(request: HttpRequest, job_id: int) -> HttpResponse:
    job = Job.objects.filter(pk=job_id).first() or _found(request, job_id)
    try:
        actions.cancel_job(actor=actor_from(request), job=job)
    except PermissionMissing as refusal:
        raise PermissionDenied from refusal
    except JobHasEnded as refusal:
        messages.warning(request, str(refusal))
    else:
        messages.info(request, _("Taken back. What is done by now stays done."))
    return redirect("admin:job", job_id)


def _found(request: HttpRequest, job_id: int) -> Job:
    """A job that the viewer may see. Whether there is another is not for everybody to know."""
    job = Job.objects.seen_by(request.user).filter(pk=min(job_id, rows.LARGEST_ID)).first()
    if job is not None:
        return job
    with recording.refusals(request, Operation.ACT_ON_MANY):
        if not request.user.has_perm(Operation.ACT_ON_MANY.permission):
            raise PermissionDenied
    raise Http404
