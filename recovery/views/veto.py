"""“That was not me”: no sign-in, nothing on GET, and on POST everything stops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recovery import actions
from recovery.announcements import WHAT_HAPPENED, said
from recovery.enums import Operation
from recovery.errors import RecoveryError
from recovery.secret import Secret
from recovery.views.pages import Page

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


class VetoView(Page):
    """The page behind the link in a notice."""

    template_name = "recovery/veto.html"
    referrer_policy = "no-referrer"

    def get(self, request: HttpRequest, token: str) -> HttpResponse:  # noqa: ARG002 - Django's
        try:
            _, event = actions.look_at_veto(token=Secret(token))
        except RecoveryError as refusal:
            return self.page(refusal=refusal, status=410)
        what = WHAT_HAPPENED[Operation(event.operation)] % said(event.detail)
        return self.page(what=what, at=event.at)

    def post(self, request: HttpRequest, token: str) -> HttpResponse:  # noqa: ARG002 - Django's
        try:
            account, event = actions.look_at_veto(token=Secret(token))
            incident = actions.veto(subject=account, event=event)
        except RecoveryError as refusal:
            return self.page(refusal=refusal, status=410)
        return self.page(froze=incident.froze)
