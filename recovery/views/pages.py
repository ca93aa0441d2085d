"""What every page of ours shares: one base, no copy kept anywhere, refusals in place."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, available_timezones

from django.contrib import messages
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from recovery.conf import conf
from recovery.csrf import quiet_origin
from recovery.errors import RecoveryError

if TYPE_CHECKING:
    from django import forms
    from django.http import HttpRequest, HttpResponse


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class Page(View):
    """A page that extends one base template, which an adopter overrides."""

    template_name: str
    referrer_policy = "same-origin"
    """``no-referrer`` where the address holds a token: browsers before 2023 can't post there."""

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        return quiet_origin(super().as_view(**initkwargs))

    def page(
        self,
        *,
        form: forms.Form | None = None,
        refusal: RecoveryError | None = None,
        status: int | None = None,
        **context: Any,
    ) -> HttpResponse:
        """Render the page: with a form that was refused, it is not a success."""
        if status is None:
            status = 409 if refusal else 422 if form is not None and form.is_bound else 200
        shown = {"form": form, "refusal": refusal, **desk(), **context}
        with timezone.override(zone_of(self.request) or timezone.get_current_timezone()):
            response = render(self.request, self.template_name, shown, status=status)
        response["Referrer-Policy"] = self.referrer_policy
        return response


class FormPage(Page):
    """A page with one form: what is valid is accepted, and what is refused stays filled in."""

    form_class: type[forms.Form]

    def context(self) -> dict[str, Any]:
        """What the page shows besides its form."""
        return {}

    def get(self, request: HttpRequest, **_kwargs: Any) -> HttpResponse:  # noqa: ARG002 - Django's
        return self.page(form=self.form_class(), **self.context())

    def post(self, request: HttpRequest, **_kwargs: Any) -> HttpResponse:
        form = self.form_class(request.POST)
        if not form.is_valid():
            return self.page(form=form, **self.context())
        try:
            return self.accept(form)
        except RecoveryError as refusal:
            return self.page(form=form, refusal=refusal, **self.context())

    def accept(self, form: forms.Form) -> HttpResponse:
        """Make the one call, and say where to go next."""
        raise NotImplementedError


def forget(request: HttpRequest, key: str) -> None:
    """Forget what a session remembered and is no longer true, and say so to its owner."""
    if request.session.pop(key, None) is not None:
        messages.warning(request, _("That took too long, or was stopped. Begin again here."))


def desk() -> dict[str, Any]:
    """How the desk is called, and where; and how old an address has to be for a link."""
    return {
        "desk_name": conf.DESK_NAME,
        "desk_contact": conf.DESK_CONTACT,
        "address_min_days": conf.ADDRESS_MIN_AGE.days,
    }


def safe_next(request: HttpRequest) -> str:
    """Where somebody was going, if that is on this site."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    stays = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if stays else ""


def zone_of(request: HttpRequest) -> ZoneInfo | None:
    """The viewer's own time zone, which a script of ours names in a cookie; only a known one."""
    name = request.COOKIES.get("timezone", "")
    return ZoneInfo(name) if name in _zone_names() else None


def after_sign_in(onward: str) -> str:
    """Where a sign-in leads."""
    return onward or reverse(conf.AFTER_SIGN_IN)


@cache
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones())
