"""Signing in on two plain pages: a password, then a one-time code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.http import HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

from console import staff_session, step_up
from console.forms import OneTimeCodeField
from console.requests import actor_from
from recovery import errors, passwords
from recovery.actors import Actor
from recovery.audit import Draft, append
from recovery.enums import Operation, Outcome
from recovery.middleware import source_of
from recovery.views import pages
from recovery.views.passwords import checked_password

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


class PasswordForm(forms.Form):
    name = forms.CharField(
        label=_("Name"),
        max_length=254,
        widget=UnfoldAdminTextInputWidget(
            attrs={
                "autocomplete": "username",
                "autocapitalize": "none",
                "spellcheck": "false",
                "autofocus": True,
            }
        ),
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=4096,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "current-password"}),
    )


class OneTimeCodeForm(forms.Form):
    one_time_code = OneTimeCodeField(autofocus=True)


@method_decorator([never_cache, csrf_protect, sensitive_post_parameters()], name="dispatch")
class SignInView(View):
    """What both pages share: a form, a refusal in place, and a way on."""

    form_class: type[forms.Form]
    template_name: str

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.onward = safe_next(request)
        return super().dispatch(request, *args, **kwargs)

    def page(
        self,
        form: forms.Form | None = None,
        refusal: errors.RecoveryError | None = None,
    ) -> HttpResponse:
        context = {
            "form": form or self.form_class(),
            "refusal": refusal,
            "next": self.onward,
            "start_over_url": reverse("admin:login"),
        }
        status = 200 if form is None else 422
        return render(self.request, self.template_name, context, status=status)

    def post(self, request: HttpRequest) -> HttpResponse:
        form = self.form_class(request.POST)
        if not form.is_valid():
            return self.page(form)
        try:
            return self.accept(form)
        except errors.RecoveryError as refusal:
            return self.page(form, refusal)

    def accept(self, form: forms.Form) -> HttpResponse:
        raise NotImplementedError


class PasswordView(SignInView):
    form_class = PasswordForm
    template_name = "console/sign_in/password.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page()

    def accept(self, form: forms.Form) -> HttpResponse:
        user = checked_password(
            self.request,
            operation=Operation.SIGN_IN,
            may=staff_session.may_sign_in,
            **form.cleaned_data,
        )
        staff_session.remember_half(self.request, user)
        return _redirect("admin:one_time_code", self.onward)


class OneTimeCodeView(SignInView):
    form_class = OneTimeCodeForm
    template_name = "console/sign_in/one_time_code.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.user = staff_session.half_signed_in(request)
        if self.user is None:
            return _redirect("admin:login", safe_next(request))
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page()

    def accept(self, form: forms.Form) -> HttpResponse:
        claimant = Actor(
            user=self.user, name=self.user.get_username(), source=source_of(self.request)
        )
        authenticator = step_up.verified(
            self.user,
            form.cleaned_data["one_time_code"],
            operation=Operation.SIGN_IN,
            actor=claimant,
        )
        staff_session.sign_in(self.request, self.user, authenticator)
        passwords.trust(self.user)
        self.request.session.save()  # makes the new key that the event's digest is of
        append(
            Draft(operation=Operation.SIGN_IN, actor=actor_from(self.request)), Outcome.COMPLETED
        )
        return HttpResponseRedirect(self.onward or reverse("admin:index"))


def safe_next(request: HttpRequest) -> str:
    """Where to go afterwards, if that lies in the console; else nowhere in particular."""
    wanted = pages.safe_next(request)
    return wanted if wanted.startswith(reverse("admin:index")) else ""


def _redirect(route: str, onward: str) -> HttpResponse:
    return redirect(reverse(route, query={"next": onward} if onward else None))
