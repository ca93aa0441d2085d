"""Binding an authenticator and taking codes: all that a recovery session reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import segno
from django.http import HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.safestring import mark_safe

from recovery import actions, codes, enrolment, errors, totp
from recovery.forms import ProveForm, TypeBackForm
from recovery.gate import must_enrol
from recovery.views import once, session
from recovery.views.completing import complete
from recovery.views.handover import take_over
from recovery.views.pages import FormPage, Page, after_sign_in, forget, safe_next

if TYPE_CHECKING:
    from django import forms
    from django.contrib.auth.models import AbstractBaseUser
    from django.http import HttpRequest, HttpResponse
    from django.utils.safestring import SafeString

    from recovery.actions.enrolment import Bound
    from recovery.secret import Secret


class RecoveryPage(Page):
    """A page of a recovery session; without one, the second factor is asked for first."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        found = session.Recovering.of(request) or take_over(request)
        if found is None:
            return self.ended()
        self.recovering = found
        self.account = found.account
        return cast("HttpResponse", super().dispatch(request, *args, **kwargs))

    def ended(self) -> HttpResponse:
        """Lead to wherever a second factor can be shown, and say why if there was a recovery."""
        forget(self.request, session.RECOVERY_KEY)
        return redirect(_elsewhere(self.request))

    @property
    def is_proven(self) -> bool:
        """Whether a code of the new authenticator was typed."""
        return enrolment.proven_of(self.account, self.recovering.begun) is not None

    def page(self, **context: Any) -> HttpResponse:
        return super().page(
            account=self.account,
            way=self.recovering.way.value,
            ends_at=self.recovering.ends_at,
            turn=once.turn_of(self.request),
            **context,
        )


class EnrolView(RecoveryPage):
    """Where the enrolment stands: begin, go on, or take codes."""

    template_name = "recovery/enrol.html"

    def get(self, request: HttpRequest) -> HttpResponse:  # noqa: ARG002 - Django's
        if self.is_proven:
            return redirect("recovery:enrol_codes")
        begun = enrolment.pending_of(self.account, self.recovering.begun)
        return self.page(begun=begun is not None)


class KeyView(RecoveryPage):
    """A new key, shown in the response to the POST that made it, and never again."""

    template_name = "recovery/enrol_key.html"
    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        if once.is_repeated(request):
            return redirect("recovery:enrol")
        started = enrolment.start(self.account)
        session.Recovering.begin(request, started.authenticator)
        uri = totp.provisioning_uri(started.key, name=self.account.user.get_username())
        return self.page(
            form=ProveForm(),
            qr=qr_picture(uri),
            uri=uri.reveal(),
            key_groups=_in_fours(totp.typeable(started.key).reveal()),
        )


class ProveView(FormPage, RecoveryPage):
    """The first code of the new authenticator."""

    template_name = "recovery/enrol_prove.html"
    form_class = ProveForm

    def accept(self, form: forms.Form) -> HttpResponse:
        enrolment.prove(
            self.account,
            self.recovering.begun,
            typed=form.cleaned_data["code"],
            name=form.cleaned_data["name"],
        )
        return redirect("recovery:enrol_codes")


class CodesView(RecoveryPage):
    """Ten fresh codes: shown in the response to the POST that made them, and never again."""

    template_name = "recovery/enrol_codes.html"

    def get(self, request: HttpRequest) -> HttpResponse:  # noqa: ARG002 - Django's
        if not self.is_proven:
            return redirect("recovery:enrol")
        return self.page(were_shown=enrolment.pending_sets(self.account).exists())

    def post(self, request: HttpRequest) -> HttpResponse:
        if not self.is_proven:
            return redirect("recovery:enrol")
        if once.is_repeated(request):
            return redirect("recovery:enrol_codes")
        return self.page(codes=shown_codes(self.account), form=TypeBackForm())


class FinishView(FormPage, RecoveryPage):
    """One code typed back, and the person is in."""

    template_name = "recovery/enrol_finish.html"
    form_class = TypeBackForm

    def accept(self, form: forms.Form) -> HttpResponse:
        try:
            bound = self.bind(form.cleaned_data["code"])
        except errors.RecoveryEnded:
            return self.ended()
        found = self.recovering
        complete(
            self.request,
            self.account.user,
            bound.authenticator,
            backend=found.backend,
            generation=bound.generation,
            way=found.way,
        )
        return HttpResponseRedirect(after_sign_in(found.onward))

    def bind(self, typed: str) -> Bound:
        found = self.recovering
        return actions.bind_authenticator(
            actor=found.actor,
            subject=self.account,
            way=found.way,
            begun=found.begun,
            typed=typed,
            claim=found.claim,
        )


class CancelView(Page):
    """End the recovery session, as on a computer that others use.

    What opened it stays used up, and what was begun here can't be finished any more. Nothing
    that worked before stops working, and a flag stays.
    """

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        request.session.flush()
        return redirect("recovery:sign_in")


def shown_codes(account: Any) -> list[str]:
    """Fresh codes in the clear, for the one response that shows them."""
    prepared = enrolment.prepare_codes(account)
    return ["-".join(codes.groups(code)) for code in prepared.clear]


def qr_picture(uri: Secret) -> SafeString:
    """The picture that an authenticator app scans, drawn here as SVG."""
    drawn = segno.make(uri.reveal(), micro=False).svg_inline(omitsize=True, border=4, light="#fff")
    return mark_safe(drawn)  # noqa: S308 - drawn by segno from a key of ours


def _elsewhere(request: HttpRequest) -> str:
    """Where to show a second factor first; whoever is in already chooses on their own page."""
    is_in = session.holder_from(request).verified_by is not None
    if is_in and not must_enrol(cast("AbstractBaseUser", request.user)):
        return reverse("recovery:my_recovery")
    onward = safe_next(request)
    return reverse("recovery:second_factor", query={"next": onward} if onward else None)


def _in_fours(text: str) -> list[str]:
    return [text[start : start + 4] for start in range(0, len(text), 4)]
