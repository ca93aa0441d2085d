"""The gate: whoever has to re-enrol reaches nothing else, in any session, by any method."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from django.contrib.auth import logout
from django.http import JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django_otp import DEVICE_ID_SESSION_KEY

from recovery import passwords
from recovery.conf import conf
from recovery.errors import EnrolmentRequired
from recovery.models import Account
from recovery.views.session import Stamp

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
    from django.http import HttpRequest, HttpResponse

OWN_PAGES = (
    "recovery:sign_in",
    "recovery:second_factor",
    "recovery:no_code",
    "recovery:link",
    "recovery:veto",
    "recovery:enrol",
    "recovery:enrol_key",
    "recovery:enrol_prove",
    "recovery:enrol_codes",
    "recovery:enrol_finish",
    "recovery:cancel",
    "recovery:sign_out",
)
"""What the gate leaves open of our own pages: the way in, and the way out."""


class ReenrolmentMiddleware:
    """End sessions of another generation, and keep flagged accounts at the enrolment page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.recovery_account = _account_or_end(request)  # type: ignore[attr-defined]  # ours
        _stamp_new_verification(request)  # of a login that answered ahead of the gate
        response = self.get_response(request)
        _stamp_new_verification(request)
        return response

    def process_view(
        self, request: HttpRequest, _view: Any, _args: Any, _kwargs: Any
    ) -> HttpResponse | None:
        """Answer in the view's place where the gate is shut. One query a request, or none."""
        account: Account | None = request.recovery_account  # type: ignore[attr-defined]  # ours
        if account is None or not _is_shut(request, account) or _is_allowed(request):
            return None
        return _answer(request)


def signed_in_account(request: HttpRequest) -> Account | None:
    """The account of whoever is signed in, read once a request for all who ask."""
    if "_recovery_account" not in vars(request):
        vars(request)["_recovery_account"] = _account_of(request.user)
    account: Account | None = vars(request)["_recovery_account"]
    return account


def _account_of(user: AbstractBaseUser | AnonymousUser) -> Account | None:
    """Their account, which may have come with the user: see ``recovery.backends``."""
    if not user.is_authenticated:
        return None
    if Account.user.field.remote_field.is_cached(user):
        return getattr(user, "recovery_account", None)
    return Account.objects.filter(user_id=cast("int", user.pk)).first()


def _account_or_end(request: HttpRequest) -> Account | None:
    if not request.user.is_authenticated:
        return None
    account = signed_in_account(request)
    stamp = Stamp.of(request)
    if account is None or stamp is None or stamp.generation != account.session_generation:
        logout(request)
        return None
    return account


def _is_shut(request: HttpRequest, account: Account) -> bool:
    stamp = Stamp.of(request)
    return account.must_enrol_now or (stamp is not None and stamp.by_code)


def _is_allowed(request: HttpRequest) -> bool:
    match = request.resolver_match
    return match is not None and match.view_name in {*OWN_PAGES, *conf.GATE_ALLOWED}


def _answer(request: HttpRequest) -> HttpResponse:
    if wants_json(request):
        return JsonResponse(
            {
                "type": "about:blank",
                "title": str(EnrolmentRequired()),
                "status": 403,
                "code": EnrolmentRequired.code,
                "enrolment": conf.BASE_URL + reverse("recovery:enrol"),
            },
            status=403,
            content_type="application/problem+json",
        )
    onward = {"next": request.get_full_path()} if request.method == "GET" else None
    return redirect(reverse("recovery:enrol", query=onward))


def wants_json(request: HttpRequest) -> bool:
    """Whether the caller is a program: it sends JSON, or would rather have it than a page.

    Programs end their list with ``*/*``, which takes a page too: what they prefer tells.
    """
    sends_json = request.content_type in {"application/json", "application/problem+json"}
    preferred = request.get_preferred_type(["text/html", "application/json"])
    return sends_json or preferred != "text/html"


def _stamp_new_verification(request: HttpRequest) -> None:
    """Remember which device verified this session, in whatever login: its row may go."""
    stamp = Stamp.of(request)
    device = request.session.get(DEVICE_ID_SESSION_KEY, "")
    if stamp is None or not device or stamp.device == device:
        return
    verified = getattr(request.user, "otp_device", None)
    before = getattr(verified, "generation_before", None)
    generation = stamp.generation if before is None else min(before, stamp.generation)
    fresh = Stamp(generation=generation, device=device, verified_at=timezone.now())
    fresh.write(request)
    if not fresh.by_code:
        passwords.trust(cast("AbstractBaseUser", request.user))
