"""What a signed-in account holder sees and does about their own recovery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.contrib import messages
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recovery import actions, errors, second_factor
from recovery.announcements import WHAT_HAPPENED, said
from recovery.audit import Draft, append
from recovery.conf import conf
from recovery.enums import Operation, Outcome, Way
from recovery.forms import AddressForm, ConfirmAddressForm, StepUpForm, TakeCodesForm
from recovery.locks import account_of
from recovery.models import AuditEvent, ContactAddress, TotpAuthenticator
from recovery.views import once, session
from recovery.views.enrolment import shown_codes
from recovery.views.pages import FormPage, Page

if TYPE_CHECKING:
    from django import forms
    from django.contrib.auth.models import AbstractBaseUser
    from django.http import HttpRequest, HttpResponse
    from django.utils.functional import Promise

    from recovery.actors import Actor

EVENTS_SHOWN = 20


class HolderPage(Page):
    """A page for somebody signed in with their authenticator."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if session.holder_from(request).verified_by is None:
            return redirect(reverse("recovery:sign_in", query={"next": request.path}))
        self.account = account_of(cast("AbstractBaseUser", request.user))
        return cast("HttpResponse", super().dispatch(request, *args, **kwargs))

    @property
    def actor(self) -> Actor:
        return session.holder_from(self.request)

    @property
    def needs_step_up(self) -> bool:
        proven_at = self.actor.verified_at
        return proven_at is None or timezone.now() - proven_at > conf.STEP_UP_MAX_AGE

    def page(self, **context: Any) -> HttpResponse:
        return super().page(
            account=self.account,
            needs_step_up=self.needs_step_up,
            turn=once.turn_of(self.request),
            **context,
        )

    def step_up(self, typed: str) -> None:
        """Renew the session's proof if a code was given; a backup code never counts here."""
        if not typed:
            return
        operation = Operation.HOLDER_STEP_UP
        if not second_factor.looks_like_one_time_code(typed):
            refusal = errors.WrongCode
            second_factor.note_failure(self.account, refusal, typed=typed, operation=operation)
            raise refusal
        shown = second_factor.show(self.account, typed=typed, operation=operation)
        if shown.way is not Way.AUTHENTICATOR or shown.authenticator is None:
            raise errors.WrongCode
        session.Stamp(
            generation=self.account.session_generation,
            device=shown.authenticator.persistent_id,
            verified_at=timezone.now(),
        ).write(self.request)
        draft = Draft(
            operation=Operation.HOLDER_STEP_UP,
            actor=self.actor,
            subject=self.account,
            detail={"way": shown.way},
        )
        append(draft, Outcome.COMPLETED)


class MyRecoveryView(HolderPage):
    """Codes left, authenticators, addresses, and what happened lately."""

    template_name = "recovery/my_recovery.html"

    def get(self, request: HttpRequest) -> HttpResponse:  # noqa: ARG002 - Django's
        return self.overview()

    def overview(self, **context: Any) -> HttpResponse:
        of_user = {"user_id": self.account.user_id, "confirmed": True}
        kept = ContactAddress.objects.kept().filter(account=self.account)
        return self.page(
            authenticators=TotpAuthenticator.objects.filter(**of_user).order_by("pk"),
            addresses=[_address(address) for address in kept.order_by("pk")],
            events=_events(self.account.user_id),
            step_up_form=StepUpForm(),
            **context,
        )


class HolderAction(MyRecoveryView):
    """One thing done from the overview, by POST; a refusal is told there."""

    http_method_names = ["post"]
    done: str | Promise = ""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = StepUpForm(request.POST)
        try:
            if form.is_valid():
                self.step_up(form.cleaned_data["one_time_code"])
            self.act(**kwargs)
        except errors.RecoveryError as refusal:
            return self.overview(refusal=refusal, tried=request.path)
        messages.info(request, str(self.done))
        return redirect("recovery:my_recovery")

    def act(self, **kwargs: Any) -> None:
        """Make the one call."""
        raise NotImplementedError


class RevokeView(HolderAction):
    """Revoke one authenticator."""

    done = _("That authenticator no longer works.")

    def act(self, **kwargs: Any) -> None:
        actions.revoke_authenticator(
            actor=self.actor, subject=self.account, authenticator_id=kwargs["pk"]
        )


class RemoveAddressView(HolderAction):
    """Remove one address."""

    done = _("The address was removed. It was told as well.")

    def act(self, **kwargs: Any) -> None:
        actions.remove_address(actor=self.actor, subject=self.account, address_id=kwargs["pk"])


class FreezeView(HolderAction):
    """Freeze one's own recovery."""

    done = _("Your recovery is frozen. Call the help desk when you want to go on.")

    def act(self, **kwargs: Any) -> None:  # noqa: ARG002 - the base's signature
        actions.freeze_recovery(actor=self.actor, subject=self.account)


class NewAuthenticatorView(HolderAction):
    """Bind another authenticator in place of the old one, by choice."""

    def post(self, request: HttpRequest, **_kwargs: Any) -> HttpResponse:
        form = StepUpForm(request.POST)
        try:
            if form.is_valid():
                self.step_up(form.cleaned_data["one_time_code"])
            if self.needs_step_up:
                raise errors.StepUpRequired
            if self.account.frozen_at is not None:
                raise errors.AccountFrozen
        except errors.RecoveryError as refusal:
            return self.overview(refusal=refusal, tried=request.path)
        user = self.account.user
        user.backend = request.session["_auth_user_backend"]
        session.Recovering.open(
            request,
            user,
            way=Way.AUTHENTICATOR,
            generation=self.account.session_generation,
            device=self.actor.authenticator,
        )
        return redirect("recovery:enrol")


class NewCodesView(HolderPage):
    """Ten fresh codes, shown once, in force when one of them was typed back."""

    template_name = "recovery/new_codes.html"

    def get(self, request: HttpRequest) -> HttpResponse:  # noqa: ARG002 - Django's
        return self.page(step_up_form=StepUpForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        if once.is_repeated(request):
            return redirect("recovery:new_codes")
        form = StepUpForm(request.POST)
        try:
            if form.is_valid():
                self.step_up(form.cleaned_data["one_time_code"])
            if self.needs_step_up:
                raise errors.StepUpRequired
        except errors.RecoveryError as refusal:
            return self.page(refusal=refusal, step_up_form=StepUpForm())
        return self.page(codes=shown_codes(self.account), form=TakeCodesForm())


class TakeCodesView(FormPage, HolderPage):
    """One code typed back: the fresh set is in force."""

    template_name = "recovery/new_codes_finish.html"
    form_class = TakeCodesForm

    def accept(self, form: forms.Form) -> HttpResponse:
        self.step_up(form.cleaned_data["one_time_code"])
        actions.take_backup_codes(
            actor=self.actor, subject=self.account, typed=form.cleaned_data["code"]
        )
        messages.info(self.request, _("Your new backup codes are in force."))
        return redirect("recovery:my_recovery")


class AddAddressView(FormPage, HolderPage):
    """Add an address; a code is mailed to it."""

    template_name = "recovery/address_add.html"
    form_class = AddressForm

    def accept(self, form: forms.Form) -> HttpResponse:
        self.step_up(form.cleaned_data["one_time_code"])
        added = actions.add_address(
            actor=self.actor, subject=self.account, address=form.cleaned_data["address"]
        )
        return redirect("recovery:address_confirm", pk=added.pk)


class ConfirmAddressView(FormPage, HolderPage):
    """Type the code that was mailed."""

    template_name = "recovery/address_confirm.html"
    form_class = ConfirmAddressForm

    def accept(self, form: forms.Form) -> HttpResponse:
        actions.confirm_address(
            actor=self.actor,
            subject=self.account,
            address_id=self.kwargs["pk"],
            typed=form.cleaned_data["code"],
        )
        messages.info(self.request, _("The address is confirmed."))
        return redirect("recovery:my_recovery")


def _address(address: ContactAddress) -> dict[str, Any]:
    confirmed_at = address.confirmed_at
    from_day = confirmed_at + conf.ADDRESS_MIN_AGE if confirmed_at else None
    return {
        "pk": address.pk,
        "address": address.address,
        "confirmed_at": confirmed_at,
        "links_from": from_day if from_day and from_day > timezone.now() else None,
    }


def _events(user_id: object) -> list[dict[str, Any]]:
    """What happened to the account, in the words of its notices."""
    told = AuditEvent.objects.filter(
        subject_id=str(user_id), outcome=Outcome.COMPLETED, operation__in=list(WHAT_HAPPENED)
    )
    return [
        {
            "at": event.at,
            "what": WHAT_HAPPENED[Operation(event.operation)] % said(event.detail),
        }
        for event in told.order_by("-at", "-id")[:EVENTS_SHOWN]
    ]
