"""What a table would do, line by line, the word to do it, and what came of it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import PermissionDenied
from django.http import Http404, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from console import import_rows, step_up
from console.import_forms import CANCEL, WordForm
from console.requests import actor_from
from recovery import importing, jobs
from recovery.audit import Draft, append, append_failure
from recovery.cells import harmless
from recovery.enums import JobKind, JobState, Operation, Outcome, RowState
from recovery.errors import FormInvalid, PermissionMissing, RecoveryError
from recovery.models import Job

if TYPE_CHECKING:
    from django.contrib.admin import AdminSite
    from django.http import HttpRequest, HttpResponse

BRINGS_IN: Final = Operation.IMPORT_TABLE.permission
SEES_ALL: Final = Operation.ACT_ON_MANY.permission
HEADINGS: Final = ("line", "given", "state", "code", "why")


@sensitive_post_parameters("one_time_code")
@require_http_methods(["GET", "HEAD", "POST"])
def preview(request: HttpRequest, job_id: int, *, site: AdminSite) -> HttpResponse:
    """What the worker found, or what came of it; and the word to do it, from whoever asked."""
    job = _found(request, job_id)
    if request.method != "POST":
        return _page(request, site, job, _form(request, job))
    form = _form(request, job, request.POST)
    try:
        if not form.is_valid():
            return _page(request, site, job, form, status=422)
        _give_word(request, job, form)
    except PermissionMissing as refusal:
        raise PermissionDenied from refusal
    except RecoveryError as refusal:
        job.refresh_from_db()
        return _page(request, site, job, _form(request, job), refusal=refusal, status=409)
    return redirect("admin:import_preview", job.pk)


@require_safe
def problems(request: HttpRequest, job_id: int) -> StreamingHttpResponse:
    """The lines that nothing was, or would be, done for: to correct them and bring them in again.

    No cell of it is anything that a spreadsheet would run.
    """
    job = _found(request, job_id)
    response = StreamingHttpResponse(_lines(job), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="problems-{job.pk}.csv"'
    return response


class Echo:
    """Hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def _lines(job: Job) -> Iterator[str]:
    writer = csv.writer(Echo())
    yield "\ufeff" + writer.writerow(HEADINGS)
    rows = job.rows.exclude(refusal="").order_by("number").iterator(chunk_size=2_000)
    for row in rows:
        cells = (row.given, row.get_state_display(), row.refusal, import_rows.why_not(row))
        yield writer.writerow([row.number, *(harmless(str(cell)) for cell in cells)])


def _found(request: HttpRequest, job_id: int) -> Job:
    """The table of whoever asks, or anybody's for those who act on many themselves."""
    if not request.user.has_perm(BRINGS_IN):
        raise _refused(request)
    found = Job.objects.filter(pk=job_id, kind=JobKind.IMPORT).first()
    is_theirs = found is not None and found.owner_id == request.user.pk
    if found is None or not (is_theirs or request.user.has_perm(SEES_ALL)):
        raise Http404
    if not is_theirs and request.method == "POST" and request.POST.get("mode") != CANCEL:
        raise _refused(request)
    return found


def _refused(request: HttpRequest) -> PermissionDenied:
    """Put down that somebody wanted what is not theirs to do; looking alone leaves no line."""
    if request.method == "POST":
        draft = Draft(operation=Operation.IMPORT_TABLE, actor=actor_from(request))
        append(draft, Outcome.REFUSED, refusal=PermissionMissing.code)
    return PermissionDenied()


def _give_word(request: HttpRequest, job: Job, form: WordForm) -> None:
    if form.cleaned_data["mode"] == CANCEL:
        jobs.cancel(actor=actor_from(request), job=job)
        return
    try:
        mark = form.grounds().form
    except FormInvalid as refusal:
        draft = Draft(operation=form.operation, actor=actor_from(request), grounds=form.said())
        append_failure(draft, type(refusal))
        raise
    if form.cleaned_data.get("one_time_code"):
        step_up.prove(request, form.cleaned_data["one_time_code"])
    importing.apply_import(actor=actor_from(request), job=job, form=mark, **form.values())


def _form(request: HttpRequest, job: Job, data: Any = None) -> WordForm:
    return WordForm(
        data,
        request=request,
        operation=Operation.IMPORT_TABLE,
        subject=job,
        needs_step_up=step_up.is_needed(request),
        waiting=_waiting(job),
    )


def _waiting(job: Job) -> int:
    if job.state != JobState.READY:
        return 0
    return job.rows.filter(state=RowState.WAITING).count()


def _page(
    request: HttpRequest,
    site: AdminSite,
    job: Job,
    form: WordForm,
    *,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    is_theirs = job.owner_id == request.user.pk
    context = {
        **site.each_context(request),
        "title": _("Table: %(name)s") % {"name": job.file_name or job.pk},
        "job": job,
        "about": import_rows.about(job),
        "rows": import_rows.page(request, job),
        "form": form,
        "may_give_word": is_theirs and job.state == JobState.READY,
        "may_cancel": is_theirs or request.user.has_perm(SEES_ALL),
        "waiting": form.fields["count"].initial or _waiting(job),
        "earlier": importing.earlier(job) if job.state == JobState.READY else None,
    }
    return TemplateResponse(request, "console/import_preview.html", context | more, status=status)
