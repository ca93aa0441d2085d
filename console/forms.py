"""The fields of the dialogs, and the mark that lets each form be used once."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.core import signing
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from recovery import errors
from recovery.actors import Grounds
from recovery.addresses import mask_address
from recovery.conf import conf
from recovery.enums import Operation, Proofing, Role
from recovery.models import ContactAddress
from recovery.periods import setting_in_words

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from django.http import HttpRequest

    from recovery.models import Account

FORM_LIFETIME = timedelta(hours=12)
SALT = "console.forms"

DUE_CHOICES = (
    ("0", _("At once: at the next page they open")),
    ("1", _("Within 24 hours")),
    ("3", _("Within 3 days")),
    ("7", _("Within 7 days")),
    ("30", _("Within 30 days")),
)


class UnechoedInput(UnfoldAdminTextInputWidget):
    """Never writes back what was typed: people type backup codes where they do not belong."""

    def format_value(self, value: Any) -> None:
        return None


class OneTimeCodeField(forms.CharField):
    """A fresh code from the agent's own authenticator."""

    def __init__(self, *, autofocus: bool = False, **kwargs: Any) -> None:
        attrs = {
            "autocomplete": "one-time-code",
            "inputmode": "numeric",
            "spellcheck": "false",
            "class": "desk-one-time-code",
        }
        if autofocus:
            attrs["autofocus"] = True
        kwargs.setdefault("label", _("One-time code from your authenticator"))
        super().__init__(
            max_length=64,
            widget=UnechoedInput(attrs=attrs),
            **kwargs,
        )


class LeftToTheDomain(forms.CharField):
    """Shown as required; where it is missing, the domain refuses, which puts it on the ledger."""

    def validate(self, value: str) -> None:
        return None


class TicketField(LeftToTheDomain):
    """The number of a ticket, in whatever form the desk asks for."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"autocomplete": "off", "maxlength": 64}
        super().__init__(label=_("Ticket"), widget=UnfoldAdminTextInputWidget(attrs), **kwargs)


class StepUpField(LeftToTheDomain, OneTimeCodeField):
    """A fresh code, where the last one is too old to act on."""


class OperationForm(forms.Form):
    """What every operation asks: why, on which ticket, and how the caller was proven."""

    proofing = forms.ChoiceField(
        label=_("How was the caller proven?"),
        choices=Proofing.choices,
        widget=UnfoldAdminRadioSelectWidget,
    )
    ticket = TicketField()
    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text=_("For whoever reads the ledger. No personal data, no codes."),
    )
    form_mark = forms.CharField(widget=forms.HiddenInput, max_length=400)

    def __init__(
        self,
        *args: Any,
        request: HttpRequest,
        operation: Operation,
        subject: Account,
        needs_step_up: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.request, self.operation, self.subject = request, operation, subject
        if "ticket" in self.fields:
            self.fields["ticket"].required = conf.TICKET_REQUIRED
        self.fields["form_mark"].initial = self._new_mark()
        if needs_step_up:
            self.fields["one_time_code"] = StepUpField(
                help_text=format_lazy(
                    _("Your last one is more than {period} old."),
                    period=setting_in_words("STEP_UP_MAX_AGE"),
                )
            )
        self.order_fields(self.field_names())

    def field_names(self) -> Iterable[str]:
        """The operation's own questions first, then the grounds, then the step-up."""
        own = [name for name in self.fields if name not in OperationForm.base_fields]
        own = [name for name in own if name != "one_time_code"]
        return [*own, *OperationForm.base_fields, "one_time_code"]

    def said(self) -> Grounds:
        """The grounds as far as they were given, of a form that may not be whole."""
        proofing = self.cleaned_data.get("proofing")
        return Grounds(
            reason=self.cleaned_data.get("reason", ""),
            ticket=self.cleaned_data.get("ticket", ""),
            proofing=Proofing(proofing) if proofing else None,
        )

    def grounds(self) -> Grounds:
        """The grounds as the domain takes them. Raises if the form is not this agent's own."""
        return replace(self.said(), form=self._read_mark())

    def values(self) -> dict[str, Any]:
        """What the operation takes besides actor, subject and grounds."""
        return {}

    def _whose(self) -> list[str]:
        return [self.operation.value, str(self.subject.pk), str(self.request.user.pk)]

    def _new_mark(self) -> str:
        return signing.dumps([*self._whose(), secrets.token_urlsafe(16)], salt=SALT)

    def _read_mark(self) -> str:
        try:
            *whose, mark = signing.loads(
                self.cleaned_data["form_mark"], salt=SALT, max_age=FORM_LIFETIME
            )
        except signing.BadSignature as error:
            raise errors.FormInvalid from error
        if whose != self._whose():
            raise errors.FormInvalid
        return mark


class RecoveryLinkForm(OperationForm):
    """To which address: only those that may receive a link are offered."""

    address = forms.ChoiceField(label=_("Send it to"), widget=UnfoldAdminRadioSelectWidget)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fit = ContactAddress.objects.old_enough_for_links().filter(account=self.subject)
        offered = [_address_choice(address) for address in fit.order_by("confirmed_at", "pk")]
        self.fields["address"].choices = offered or [("", _("None can get a link now"))]
        self.fields["address"].required = bool(offered)
        self.initial.setdefault("address", self.fields["address"].choices[0][0])

    def values(self) -> dict[str, Any]:
        chosen = self.cleaned_data["address"]
        return {"address_id": int(chosen) if chosen else None}


class ReenrolmentForm(OperationForm):
    """By when."""

    due = forms.ChoiceField(
        label=_("By when?"), choices=DUE_CHOICES, initial="1", widget=UnfoldAdminSelectWidget
    )

    def values(self) -> dict[str, Any]:
        return {"due_at": in_days(int(self.cleaned_data["due"]))}


class LostForm(OperationForm):
    """Which authenticator, or all of them."""

    authenticator = forms.ChoiceField(
        label=_("What is lost?"), required=False, widget=UnfoldAdminRadioSelectWidget
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        from console.account_card import live_authenticators  # noqa: PLC0415 - shares this module

        bound = live_authenticators(self.subject)
        everything = _("Everything: all authenticators and all codes") if bound else _("Nothing")
        self.fields["authenticator"].choices = [
            ("", everything),
            *((item["persistent_id"], item["name"]) for item in bound),
        ]

    def values(self) -> dict[str, Any]:
        return {"authenticator": self.cleaned_data["authenticator"]}


class RoleForm(OperationForm):
    """Which role."""

    role = forms.ChoiceField(
        label=_("Role"), choices=Role.choices, widget=UnfoldAdminRadioSelectWidget
    )

    def values(self) -> dict[str, Any]:
        return {"role": Role(self.cleaned_data["role"])}


class IncidentForm(OperationForm):
    """Why an incident is closed that is about no account. Nobody called, so nobody was proven."""

    proofing = None

    def values(self) -> dict[str, Any]:
        return {"incident": self.subject}

    def _whose(self) -> list[str]:
        operation, incident, whose = super()._whose()
        return [operation, f"incident {incident}", whose]


def _address_choice(address: ContactAddress) -> tuple[str, str]:
    return str(address.pk), mask_address(address.address)


def in_days(days: int) -> datetime | None:
    return timezone.now() + timedelta(days=days) if days else None
