"""The account holder's own pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache

from recovery import actions, links
from recovery.conf import conf
from recovery.csrf import quiet_origin
from recovery.errors import RecoveryError
from recovery.secret import Secret

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@method_decorator(never_cache, name="dispatch")
class RecoveryLinkView(View):
    """Where a recovery link leads. Looking uses nothing up: mail scanners open links."""

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        return quiet_origin(super().as_view(**initkwargs))

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """Show whether the link can be used; HEAD is answered from here too."""
        link = links.find(Secret(token))
        return _page(request, "usable" if link is not None and link.is_usable else "unusable")

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        """Use the link up, once."""
        try:
            actions.open_recovery_link(token=Secret(token))
        except RecoveryError:
            return _page(request, "unusable")
        return _page(request, "used")


def _page(request: HttpRequest, state: str) -> HttpResponse:
    """One calm page for every link: the same words for expired, used and made-up ones."""
    response = render(
        request,
        "recovery/link.html",
        {"state": state, "desk_name": conf.DESK_NAME, "desk_contact": conf.DESK_CONTACT},
        status=410 if state == "unusable" else 200,
    )
    response["Referrer-Policy"] = "no-referrer"
    return response
