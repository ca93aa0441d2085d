"""An incident that is about no account: what was found, and the form that closes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from console import forms
from console.dialogs import Dialog
from recovery import actions
from recovery.audit.alarms import finding_of
from recovery.enums import IncidentKind, Operation
from recovery.errors import PermissionMissing, RecoveryError
from recovery.models import Incident

if TYPE_CHECKING:
    from django.contrib.admin import AdminSite
    from django.http import HttpRequest, HttpResponse


class IncidentDialog(Dialog):
    """The same words and the same call, on a page of its own."""

    def account_of(self, subject: Incident) -> None:
        return None

    def action_url(self, subject: Incident) -> str:
        return url_of(subject)

    def close_url(self, subject: Incident) -> str:
        return reverse("admin:index")


CLOSE = IncidentDialog(
    operation=Operation.CLOSE_INCIDENT,
    description=_("You have looked into it. The reason is kept as the note of the incident."),
    verb=actions.close_incident,
    icon="assignment_turned_in",
    form_class=forms.IncidentForm,
    submit_text=_("Close the incident"),
    done=_("The incident is closed."),
)


@sensitive_post_parameters("one_time_code")
@require_http_methods(["GET", "HEAD", "POST"])
def incident_page(request: HttpRequest, incident_id: int, *, site: AdminSite) -> HttpResponse:
    """Show what was found, and close it when a lead says what came of it."""
    incident = _found(request, incident_id)
    if request.method != "POST":
        return _page(site, request, CLOSE.context(request, incident), incident)
    form = CLOSE.form(request, incident, request.POST)
    is_whole = form.is_valid()
    try:
        CLOSE.require_permission(request, incident, form)
        if not is_whole:
            return _page(site, request, CLOSE.context(request, incident, form=form), incident, 422)
        CLOSE.run(request, incident, form)
    except PermissionMissing as refusal:
        raise PermissionDenied from refusal
    except RecoveryError as refusal:
        again = CLOSE.form_again(request, incident, form)
        context = CLOSE.context(request, incident, form=again, refusal=refusal)
        return _page(site, request, context, incident, 409)
    messages.info(request, CLOSE.done)
    return redirect(CLOSE.close_url(incident))


def url_of(incident: Incident) -> str:
    return reverse("admin:incident", args=[incident.pk])


def found_in(incident: Incident) -> dict[str, Any]:
    """What an incident found, where it is about the ledger; what was said of it, elsewhere."""
    if incident.kind != IncidentKind.LEDGER:
        return {"finding": incident.finding, "sequence": ""}
    finding, sequence = finding_of(incident)
    return {"finding": finding, "sequence": sequence}


def _found(request: HttpRequest, incident_id: int) -> Incident:
    """The incident, while it is open. Whether there is one is for leads alone to know."""
    incident = Incident.objects.filter(pk=incident_id, account=None).first()
    is_lead = request.user.has_perm(CLOSE.operation.permission)
    if not is_lead and request.method != "POST":
        raise PermissionDenied
    if incident is None or (incident.closed_at and request.method != "POST"):
        raise Http404
    return incident


def _page(
    site: AdminSite,
    request: HttpRequest,
    dialog: dict[str, Any],
    incident: Incident,
    status: int = 200,
) -> HttpResponse:
    context = {
        **site.each_context(request),
        "title": incident.get_kind_display(),
        "incident": {"raised_at": incident.raised_at, **found_in(incident)},
        "is_about_the_ledger": incident.kind == IncidentKind.LEDGER,
        "dialog": dialog,
    }
    return TemplateResponse(request, "console/incident.html", context, status=status)
