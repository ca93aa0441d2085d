"""The few fields that an account holder is asked, one question a page where it can be."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class PasswordField(forms.CharField):
    """A password that the browser's own keeper may fill in."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.PasswordInput(attrs={"autocomplete": "current-password"})
        super().__init__(label=_("Password"), strip=False, max_length=4096, widget=widget, **kwargs)


class CodeInput(forms.TextInput):
    """Never writes a typed code back into a page."""

    def format_value(self, value: Any) -> None:  # noqa: ARG002 - Django's
        return None


class CodeField(forms.CharField):
    """A code from an app, a sheet of paper or the telephone."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {
            "autocomplete": "off",
            "autocapitalize": "characters",
            "autocorrect": "off",
            "spellcheck": "false",
            "class": "code",
        }
        super().__init__(max_length=64, widget=CodeInput(attrs=attrs), **kwargs)


class OneTimeCodeField(CodeField):
    """Six digits from an authenticator app: phones offer their number pad."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.widget.attrs |= {"autocomplete": "one-time-code", "inputmode": "numeric"}


class SignInForm(forms.Form):
    """Who, and their password."""

    name = forms.CharField(
        label=_("Name"),
        max_length=254,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    password = PasswordField()


class LinkPasswordForm(forms.Form):
    """The password that belongs to the account of a link."""

    password = PasswordField()


class SecondFactorForm(forms.Form):
    """One field for a one-time code or a backup code."""

    code = CodeField(label=_("One-time code or backup code"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs["autocomplete"] = "one-time-code"


class ProveForm(forms.Form):
    """The first code of a new authenticator, and what to call it."""

    code = OneTimeCodeField(label=_("The six digits that your app shows now"))
    name = forms.CharField(
        label=_("A name for it, so that you can tell it apart"),
        max_length=64,
        initial=_("My phone"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class TypeBackForm(forms.Form):
    """One of the codes that were just shown, so that they are really saved."""

    code = CodeField(label=_("Type one of your new backup codes"))


class StepUpForm(forms.Form):
    """A fresh one-time code, asked for beside what it is needed for."""

    one_time_code = OneTimeCodeField(
        label=_("One-time code from your authenticator app"), required=False
    )


class TakeCodesForm(StepUpForm, TypeBackForm):
    """A code typed back by somebody who may have taken their time to save it."""


class AddressForm(StepUpForm):
    """An address to add."""

    address = forms.EmailField(
        label=_("E-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


class ConfirmAddressForm(forms.Form):
    """The code that was mailed to an address."""

    code = CodeField(label=_("Code from the mail"))
