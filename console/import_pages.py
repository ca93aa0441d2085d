"""Bringing a table in: the form, the examples to begin with, and what a table may weigh."""

from __future__ import annotations

import csv
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from console import import_preview, step_up
from console.import_forms import ImportForm
from console.requests import actor_from
from recovery import errors, importing
from recovery.audit import Draft, append, append_failure
from recovery.conf import conf
from recovery.enums import JobKind, Operation, Outcome
from recovery.errors import FormInvalid, PermissionMissing, RecoveryError
from recovery.models import Job

if TYPE_CHECKING:
    from django.contrib.admin import AdminSite
    from django.http import HttpRequest

ANSWERS: Final = 64 * 1024
"""What the answers of the form may weigh besides the file."""
SHOWN: Final = 5
EXAMPLES: Final = {
    Operation.REQUIRE_REENROLMENT.value: (
        ("login name", "staff number"),
        ("anna.beispiel@example.org", "40017"),
    ),
    Operation.LIFT_REENROLMENT.value: (
        ("login name", "staff number"),
        ("anna.beispiel@example.org", "40017"),
    ),
    Operation.IMPORT_ADDRESS.value: (
        ("staff number", "new address"),
        ("40017", "anna.beispiel@mail.example"),
    ),
}
BRINGS_IN: Final = Operation.IMPORT_TABLE.permission


def urls(site: AdminSite) -> list[Any]:
    """Where tables are brought in and looked at, behind the console's own door."""
    form = site.admin_view(_weighed(partial(import_page, site=site)))
    look = site.admin_view(partial(import_preview.preview, site=site))
    wrong = site.admin_view(import_preview.problems)
    return [
        path("imports/", form, name="import_table"),
        path("imports/example/<slug:operation>.csv", site.admin_view(example), name="example"),
        path("imports/<int:job_id>/", look, name="import_preview"),
        path("imports/<int:job_id>/problems.csv", wrong, name="import_problems"),
    ]


def _weighed(view: Any) -> Any:
    """Turn a body away that is too large, by what it says of itself, before any of it is read.

    WSGI hands on no more than that. The form's own token is asked for once it is let in.
    """
    protected = csrf_protect(view)

    @csrf_exempt
    def weighed(request: HttpRequest) -> HttpResponse:
        limit = conf.IMPORT_SIZE_LIMIT
        if _weight(request) <= limit + ANSWERS:
            return protected(request)
        if not request.user.has_perm(BRINGS_IN):
            raise PermissionDenied
        refusal = errors.FileTooLarge(limit=filesizeformat(limit))
        return _page(request, view.keywords["site"], _form(request), refusal=refusal, status=413)

    return weighed


def _weight(request: HttpRequest) -> int:
    said = request.META.get("CONTENT_LENGTH") or "0"
    return int(said) if said.isdecimal() else 0


@sensitive_post_parameters("one_time_code")
@require_http_methods(["GET", "HEAD", "POST"])
def import_page(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """The form, or on to what the worker finds in the table, or why not."""
    if not request.user.has_perm(BRINGS_IN):
        if request.method == "POST":
            draft = Draft(operation=Operation.IMPORT_TABLE, actor=actor_from(request))
            append(draft, Outcome.REFUSED, refusal=PermissionMissing.code)
        raise PermissionDenied
    if request.method != "POST":
        return _page(request, site, _form(request))
    form = _form(request, request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, site, form, status=422)
    try:
        job = _bring_in(request, form)
    except RecoveryError as refusal:
        again = _form(request)
        kept = ("about", "due", "reason", "ticket")
        again.initial |= {name: form.cleaned_data.get(name) for name in kept}
        return _page(request, site, again, refusal=refusal, status=409)
    return redirect("admin:import_preview", job.pk)


@require_safe
def example(request: HttpRequest, operation: str) -> HttpResponse:
    """A file with the right headings and an invented line, so that nobody has to guess."""
    if not request.user.has_perm(BRINGS_IN):
        raise PermissionDenied
    if operation not in EXAMPLES:
        raise Http404
    response = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{operation}.csv"'
    csv.writer(response).writerows(EXAMPLES[operation])
    return response


def _bring_in(request: HttpRequest, form: ImportForm) -> Job:
    try:
        grounds = form.grounds()
    except FormInvalid as refusal:
        draft = Draft(operation=form.operation, actor=actor_from(request), grounds=form.said())
        append_failure(draft, type(refusal))
        raise
    if form.cleaned_data.get("one_time_code"):
        step_up.prove(request, form.cleaned_data["one_time_code"])
    return importing.import_table(actor=actor_from(request), grounds=grounds, **form.values())


def _form(request: HttpRequest, data: Any = None, files: Any = None) -> ImportForm:
    return ImportForm(
        data,
        files,
        request=request,
        operation=Operation.IMPORT_TABLE,
        subject=None,
        needs_step_up=step_up.is_needed(request),
    )


def _page(
    request: HttpRequest, site: AdminSite, form: ImportForm, *, status: int = 200, **more: Any
) -> HttpResponse:
    mine = Job.objects.filter(owner_id=request.user.pk, kind=JobKind.IMPORT)
    context = {
        **site.each_context(request),
        "title": _("Bring in a table"),
        "form": form,
        "examples": [
            (Operation(name).label, reverse("admin:example", args=[name])) for name in EXAMPLES
        ],
        "lately": mine.order_by("-pk")[:SHOWN],
        "too_large": str(errors.FileTooLarge(limit=filesizeformat(conf.IMPORT_SIZE_LIMIT))),
    }
    return TemplateResponse(request, "console/import_table.html", context | more, status=status)
