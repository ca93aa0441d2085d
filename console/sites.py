"""The console: Unfold's pages behind django-otp's door, and nothing else of the stock admin."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from django.contrib.auth import logout
from django.shortcuts import redirect
from django.urls import path
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_otp.admin import OTPAdminSite
from unfold.sites import UnfoldAdminSite

from console.requests import actor_from
from recovery.audit import Draft, append
from recovery.enums import AuthenticatorKind, Operation, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

    View = Callable[..., HttpResponse]

LEFT_OUT = {"autocomplete", "password_change", "password_change_done", "search"}
"""Stock routes that nobody here needs: what is not there needs no permission."""


def is_suspended(request: HttpRequest) -> bool:
    """Whether somebody came back by a recovery and no lead has confirmed it yet."""
    account = getattr(request, "recovery_account", None)
    return account is not None and account.power_suspended_at is not None


class ConsoleSite(OTPAdminSite, UnfoldAdminSite):
    """The one admin site. Nobody is let in by a password, or by a recovery code."""

    final_catch_all_view = True
    index_template = "console/front_page.html"

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)

    def has_permission(self, request: HttpRequest) -> bool:
        """Active staff whose session was verified by an authenticator that is still theirs."""
        return (
            super().has_permission(request)
            and actor_from(request).verified_by is AuthenticatorKind.TOTP
            and not is_suspended(request)
        )

    def get_urls(self) -> list[Any]:
        from console import audit_pages, import_pages, picture_page  # noqa: PLC0415 - needs loaded apps
        from console.jobs import pages as job_pages  # noqa: PLC0415 - pages need loaded apps
        from console.reporting import pages as report_pages  # noqa: PLC0415 - needs loaded apps
        from console.sign_in import OneTimeCodeView  # noqa: PLC0415 - forms need loaded apps

        stock = [url for url in super().get_urls() if getattr(url, "name", None) not in LEFT_OUT]
        stock = [url for url in stock if "r/<path:" not in str(url.pattern)]
        return [
            path("login/code/", OneTimeCodeView.as_view(), name="one_time_code"),
            path("incidents/<int:incident_id>/", self.admin_view(self.incident), name="incident"),
            *audit_pages.urls(self),
            *job_pages.urls(self),
            *report_pages.urls(self),
            *import_pages.urls(self),
            path("pictures/", self.admin_view(picture_page.room(self)), name="pictures"),
            *stock,
        ]

    def incident(self, request: HttpRequest, incident_id: int) -> HttpResponse:
        from console.incidents import incident_page  # noqa: PLC0415 - forms need loaded apps

        return incident_page(request, incident_id, site=self)

    def admin_view(self, view: View, cacheable: bool = False) -> View:  # noqa: FBT001, FBT002 - Django's signature
        """Unfold lets pages be framed by pop-ups of its own, of which there are none here."""
        guarded = super().admin_view(view, cacheable)

        @wraps(guarded)
        def unframed(*args: Any, **kwargs: Any) -> HttpResponse:
            response = guarded(*args, **kwargs)
            response["X-Frame-Options"] = "DENY"
            return response

        return unframed

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        # Unfold writes colours into a style element, which our policy does not let through.
        return super().each_context(request) | {"colors": None}

    @method_decorator(require_safe)
    def index(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        from console.front_page import front_page  # noqa: PLC0415 - needs loaded apps

        return super().index(request, (extra_context or {}) | front_page(request))

    @method_decorator(require_safe)
    def i18n_javascript(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return super().i18n_javascript(request, extra_context)

    def app_index(
        self, request: HttpRequest, app_label: str, extra_context: Any = None
    ) -> HttpResponse:
        return redirect("admin:index")

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        from console.sign_in import PasswordView  # noqa: PLC0415 - forms need loaded apps

        if request.method in {"GET", "HEAD"} and self.has_permission(request):
            return redirect("admin:index")
        return PasswordView.as_view()(request)

    @method_decorator([never_cache, require_POST])
    def logout(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        append(Draft(operation=Operation.SIGN_OUT, actor=actor_from(request)), Outcome.COMPLETED)
        logout(request)
        return redirect("admin:login")
