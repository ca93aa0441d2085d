"""Signing in on two plain pages, and what to do without a code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.contrib.auth import logout
from django.http import HttpResponseRedirect
from django.shortcuts import redirect

from recovery import errors, link_requests, policy, second_factor
from recovery.audit import Draft, append
from recovery.enums import Operation, Outcome, Way
from recovery.forms import SecondFactorForm, SignInForm
from recovery.locks import account_of
from recovery.models import TotpAuthenticator
from recovery.views import session
from recovery.views.completing import complete
from recovery.views.pages import FormPage, Page, after_sign_in, forget, safe_next
from recovery.views.passwords import checked_password

if TYPE_CHECKING:
    from django import forms
    from django.contrib.auth.models import AbstractBaseUser
    from django.http import HttpRequest, HttpResponse

    from recovery.models import Account
    from recovery.second_factor import Shown


class SignInView(FormPage):
    """Name and password. Whoever gives the right one is not signed in yet."""

    template_name = "recovery/sign_in.html"
    form_class = SignInForm

    def context(self) -> dict[str, Any]:
        return {"next": safe_next(self.request)}

    def accept(self, form: forms.Form) -> HttpResponse:
        user = checked_password(
            self.request,
            operation=Operation.HOLDER_SIGN_IN,
            may=lambda user: user.is_active,
            **form.cleaned_data,
        )
        if _recovers_here(self.request, user):
            return redirect("recovery:enrol")
        onward = safe_next(self.request)
        session.Half.open(self.request, user, onward=onward)
        account = account_of(user)
        if self._may_begin(account):
            session.Recovering.open(
                self.request,
                user,
                way=Way.PASSWORD,
                generation=account.session_generation,
                onward=onward,
            )
            return redirect("recovery:enrol")
        return redirect("recovery:second_factor")

    def _may_begin(self, account: Account) -> bool:
        """Whether the password alone opens a first enrolment: a setting, off by default."""
        try:
            policy.require_way(account, Way.PASSWORD)
        except errors.RecoveryError:
            return False
        return True


class HalfSignedInPage(FormPage):
    """A page for somebody whose password was right, or whose session has to show more."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        half = session.Half.of(request) or _gated(request)
        if half is None:
            forget(request, session.HALF_KEY)
            return redirect("recovery:sign_in")
        self.half = half
        self.account = account_of(half.user)
        return cast("HttpResponse", super().dispatch(request, *args, **kwargs))


class SecondFactorView(HalfSignedInPage):
    """A one-time code or a backup code, in one field."""

    template_name = "recovery/second_factor.html"
    form_class = SecondFactorForm

    def context(self) -> dict[str, Any]:
        bound = TotpAuthenticator.objects.filter(user_id=self.account.user_id, confirmed=True)
        return {
            "has_authenticator": bound.exists(),
            "is_frozen": bool(self.account.frozen_at),
            "must_enrol": self.account.must_enrol_now,
        }

    def accept(self, form: forms.Form) -> HttpResponse:
        shown = second_factor.show(
            self.account, typed=form.cleaned_data["code"], operation=Operation.HOLDER_SIGN_IN
        )
        self.account.refresh_from_db()
        if shown.way is not Way.AUTHENTICATOR or self.account.must_enrol_now:
            return self._recover(shown)
        return self._sign_in(shown)

    def _recover(self, shown: Shown) -> HttpResponse:
        self.half.user.backend = self.half.backend
        session.Recovering.open(
            self.request,
            self.half.user,
            way=shown.way,
            generation=self.half.generation,
            code_set=shown.code_set,
            device=shown.authenticator.persistent_id if shown.authenticator is not None else "",
            onward=self.half.onward,
        )
        return redirect("recovery:enrol")

    def _sign_in(self, shown: Shown) -> HttpResponse:
        assert shown.authenticator is not None  # noqa: S101 - what Way.AUTHENTICATOR means
        complete(
            self.request,
            self.half.user,
            shown.authenticator,
            backend=self.half.backend,
            generation=self.half.generation,
        )
        return HttpResponseRedirect(after_sign_in(self.half.onward))


class NoCodeView(HalfSignedInPage):
    """What is possible without a code: a link by mail, or the desk."""

    template_name = "recovery/no_code.html"

    def get(self, request: HttpRequest, **_kwargs: Any) -> HttpResponse:  # noqa: ARG002 - Django's
        return self.page()

    def post(self, request: HttpRequest, **_kwargs: Any) -> HttpResponse:  # noqa: ARG002 - Django's
        """Write the wish down. The answer is the same whether or not a mail will come."""
        link_requests.ask(self.account)
        return self.page(asked=True)


class SignOutView(Page):
    """Sign out, by POST."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            actor = session.holder_from(request)
            draft = Draft(
                operation=Operation.HOLDER_SIGN_OUT,
                actor=actor,
                subject=account_of(cast("AbstractBaseUser", request.user)),
            )
            append(draft, Outcome.COMPLETED)
        logout(request)
        return redirect("recovery:sign_in")


def _recovers_here(request: HttpRequest, user: AbstractBaseUser) -> bool:
    """Whether they came back to a recovery that goes on: what opened it is spent."""
    found = session.Recovering.of(request)
    return found is not None and found.account.user_id == user.pk


def _gated(request: HttpRequest) -> session.Half | None:
    """A signed-in session at the gate has given its password; the second factor is still asked."""
    if not request.user.is_authenticated:
        return None
    user = cast("AbstractBaseUser", request.user)
    stamp = session.Stamp.of(request)
    if stamp is None:
        return None
    return session.Half(
        user=user,
        backend=request.session.get("_auth_user_backend", ""),
        generation=stamp.generation,
        onward=safe_next(request),
    )


__all__ = ["NoCodeView", "SecondFactorView", "SignInView", "SignOutView"]
