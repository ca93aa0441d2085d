"""Fresh codes on their one page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from console.dialogs import account_url
from console.displays import spell
from recovery import codes

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from unfold.admin import ModelAdmin

    from recovery.actions import IssuedCodes
    from recovery.models import Account
    from recovery.secret import Secret

SHOWN_SECONDS = 180
"""How long the page shows codes before it wipes itself."""


def page(
    admin: ModelAdmin, request: HttpRequest, account: Account, issued: IssuedCodes
) -> HttpResponse:
    """Show fresh codes in the response to the POST that made them, and nowhere else."""
    context = _context(admin, request, account) | {
        "title": _("New codes for %(name)s") % {"name": account.text.display_name},
        "codes": [Shown(code) for code in issued.codes],
        "kind": issued.kind.value,
        "expires_at": issued.expires_at,
        "seconds": SHOWN_SECONDS,
        "notice_count": issued.event.detail["notices"],
    }
    return _rendered(request, "console/relay.html", context)


def already_shown(admin: ModelAdmin, request: HttpRequest, account: Account) -> HttpResponse:
    """What a repeated POST of the same form gets: no codes, and no second set."""
    context = _context(admin, request, account) | {"title": _("Already shown")}
    return _rendered(request, "console/already_shown.html", context, status=409)


def _context(admin: ModelAdmin, request: HttpRequest, account: Account) -> dict[str, Any]:
    return {
        **admin.admin_site.each_context(request),
        "opts": admin.opts,
        "subject_name": account.text.display_name,
        "done_url": account_url(account),
    }


@dataclass(frozen=True, slots=True)
class Shown:
    """A code on its way into the page: a mask to everything but the template's own questions.

    At DEBUG Django's template engine logs its whole context when a name in it is missing.
    """

    code: Secret

    @property
    def groups(self) -> tuple[str, ...]:
        return codes.groups(self.code)

    @property
    def spelling(self) -> list[tuple[str, str]]:
        return spell("".join(self.groups))


def _rendered(
    request: HttpRequest, template: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """Render now, while the codes are at hand, so that no later middleware holds them."""
    response = TemplateResponse(request, template, context, status=status).render()
    response["Cache-Control"] = "no-store, private"
    # With no-referrer browsers send "Origin: null", and Django would refuse to sign out from here.
    response["Referrer-Policy"] = "same-origin"
    return response
