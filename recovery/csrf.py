"""Django's CSRF check for pages that tell nobody whence a request comes, and its failures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.middleware.csrf import CsrfViewMiddleware
from django.utils.decorators import decorator_from_middleware
from django.views.csrf import csrf_failure
from django.views.decorators.csrf import csrf_exempt

from recovery.actors import Actor
from recovery.audit import Draft, append_failure
from recovery.enums import Operation
from recovery.errors import FormInvalid

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

MEANT: Final = {
    "admin:recovery_account_export": Operation.EXPORT_ACCOUNTS,
    "admin:recovery_auditevent_export": Operation.EXPORT_EVENTS,
    "admin:import_table": Operation.IMPORT_TABLE,
    "admin:import_preview": Operation.IMPORT_TABLE,
    "admin:logout": Operation.SIGN_OUT,
    "recovery:no_code": Operation.ASK_RECOVERY_LINK,
    "recovery:sign_out": Operation.HOLDER_SIGN_OUT,
    "recovery:link": Operation.OPEN_RECOVERY_LINK,
    "recovery:veto": Operation.VETO,
    "recovery:enrol_prove": Operation.BIND_AUTHENTICATOR,
    "recovery:enrol_finish": Operation.BIND_AUTHENTICATOR,
    "recovery:new_authenticator": Operation.BIND_AUTHENTICATOR,
    "recovery:take_codes": Operation.TAKE_BACKUP_CODES,
    "recovery:revoke": Operation.REVOKE_AUTHENTICATOR,
    "recovery:address_add": Operation.ADD_ADDRESS,
    "recovery:address_confirm": Operation.CONFIRM_ADDRESS,
    "recovery:address_remove": Operation.REMOVE_ADDRESS,
    "recovery:freeze": Operation.FREEZE_RECOVERY,
}
"""What a form of a page would have done."""
OTHERWISE: Final = {"admin": Operation.SIGN_IN, "recovery": Operation.HOLDER_SIGN_IN}
"""Of any other page of ours: whoever sent it would have used the session that it came with."""


def failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Record a form that came from no page of ours, then say so (for ``CSRF_FAILURE_VIEW``).

    Nobody is named: if it was forged, the session is that of the one it was meant to harm.
    """
    operation = _meant(request)
    if operation is not None:
        append_failure(Draft(operation=operation, actor=Actor.stranger()), FormInvalid)
    return csrf_failure(request, reason)


def _meant(request: HttpRequest) -> Operation | None:
    """The operation that the page is for; None on a page of the host project."""
    match = request.resolver_match
    if match is None:
        return None
    named = match.kwargs.get("operation")
    if named in Operation.values:
        return Operation(named)
    return MEANT.get(match.view_name) or OTHERWISE.get(match.namespace)


class QuietOriginCsrf(CsrfViewMiddleware):
    """Accept ``Origin: null`` where the browser itself says that the page was ours.

    That is what browsers send from a page with ``Referrer-Policy: no-referrer``, as every page
    with a token in its address has to be. Sec-Fetch-Site can be written by no script. The token
    of the form is asked for all the same.
    """

    def _origin_verified(self, request: HttpRequest) -> bool:
        if request.headers.get("origin") == "null":
            return request.headers.get("sec-fetch-site") == "same-origin"
        return bool(super()._origin_verified(request))  # type: ignore[misc]  # not in the stubs


def quiet_origin(view: Any) -> Any:
    """Check a view by ``QuietOriginCsrf`` in the place of the site's own CSRF middleware."""
    return csrf_exempt(decorator_from_middleware(QuietOriginCsrf)(view))
