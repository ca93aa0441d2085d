"""Acting on many accounts as a form: its words, its questions, and the one call it makes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.widgets import UnfoldAdminTextInputWidget

from console import step_up
from console.dialogs import DIALOGS, Dialog
from console.forms import LeftToTheDomain, OperationForm, ReenrolmentForm
from console.requests import actor_from
from recovery import actions
from recovery.conf import conf
from recovery.enums import Operation
from recovery.jobs.selection import BULK_OPERATIONS

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.utils.functional import Promise

    from console.jobs.chosen import Chosen
    from recovery.errors import RecoveryError
    from recovery.models import Job

LONGEST_NUMBER: Final = 12


class CountField(LeftToTheDomain):
    """How many accounts it is about, as somebody types it: with or without marks between."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"autocomplete": "off", "inputmode": "numeric", "maxlength": LONGEST_NUMBER}
        super().__init__(
            max_length=LONGEST_NUMBER, widget=UnfoldAdminTextInputWidget(attrs), **kwargs
        )

    def clean(self, value: Any) -> int | None:
        digits = "".join(one for one in super().clean(value) if one.isascii() and one.isdecimal())
        return int(digits) if digits else None


class ManyForm(OperationForm):
    """Why, on which ticket, and how many. Nobody called, so nobody was proven."""

    proofing = None
    shown = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def __init__(self, *args: Any, subject: Chosen, **kwargs: Any) -> None:
        super().__init__(*args, subject=subject, **kwargs)
        self.initial["shown"] = subject.count
        if max(subject.count, self._said_to_be()) > conf.TYPED_COUNT_ABOVE:
            self.fields["typed"] = CountField(
                label=_("How many accounts is this about?"),
                help_text=format_lazy(
                    _("Type the number: {count}"), count=number_format(subject.count)
                ),
            )
        self.order_fields(self.field_names())

    def field_names(self) -> Iterable[str]:
        return ["due", "reason", "ticket", "typed", "form_mark", "shown", "one_time_code"]

    def numbers(self) -> dict[str, int | None]:
        """How many it was said to be, and how many they said themselves."""
        data = self.cleaned_data
        return {"shown": data["shown"], "typed": data.get("typed")}

    def _said_to_be(self) -> int:
        said = self.data.get("shown", "") if self.is_bound else ""
        return int(said) if said.isascii() and said.isdecimal() else 0

    def _whose(self) -> list[str]:
        does, whose = self.subject.operation.value, self.request.user.pk
        return [self.operation.value, does, str(whose)]


class ManyFlagsForm(ManyForm, ReenrolmentForm):
    """By when, besides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ManyDialog(Dialog):
    """The same words as for one account, and a call for many."""

    does: Operation

    def run(self, request: HttpRequest, subject: Chosen, form: ManyForm) -> Job:
        """Step up if the form carries a code, then ask for the job."""
        grounds = self._grounds(request, subject, form)
        if form.cleaned_data.get("one_time_code"):
            step_up.prove(request, form.cleaned_data["one_time_code"])
        return actions.act_on_many(
            actor=actor_from(request),
            grounds=grounds,
            operation=self.does,
            selection=subject.selection(**form.numbers()),
            **form.values(),
        )

    def form_again(self, request: HttpRequest, subject: Chosen, refused: ManyForm) -> ManyForm:
        """As it was filled, but with the number that there is now, to be typed anew."""
        filled = super(ManyDialog, self).form_again(request, subject, refused)
        filled.initial |= {"shown": subject.count, "typed": None}
        return filled

    def account_of(self, subject: Chosen) -> None:
        return None

    def action_url(self, subject: Chosen) -> str:
        return reverse("admin:recovery_account_many")

    def close_url(self, subject: Chosen) -> str:
        return subject.list_url

    def context(
        self,
        request: HttpRequest,
        subject: Chosen,
        *,
        form: ManyForm | None = None,
        refusal: RecoveryError | None = None,
    ) -> dict[str, Any]:
        shown = super(ManyDialog, self).context(request, subject, form=form, refusal=refusal)
        return shown | {
            "title": f"{self.does.label} · {in_words(subject.count)}",
            "hidden": subject.hidden,
            "count": in_words(subject.count),
            "is_empty": not subject.count,
            "sample": subject.sample,
            "others": number_format(max(0, subject.count - len(subject.sample))),
            "is_paced": self.does == Operation.SEND_RECOVERY_LINK,
            "a_minute": conf.BULK_LINKS_PER_MINUTE,
        }


def in_words(count: int) -> str:
    """``1 account``, ``12,345 accounts``."""
    return ngettext("%s account", "%s accounts", count) % number_format(count)


SUBMIT: Final[dict[Operation, str | Promise]] = {
    Operation.REQUIRE_REENROLMENT: _("Flag them"),
    Operation.LIFT_REENROLMENT: _("Lift their flags"),
    Operation.SEND_RECOVERY_LINK: _("Send them links"),
    Operation.WITHDRAW_RECOVERY_LINK: _("Withdraw their links"),
}
MANY_DIALOGS: Final[dict[Operation, ManyDialog]] = {
    does: ManyDialog(
        operation=Operation.ACT_ON_MANY,
        does=does,
        description=DIALOGS[does].description,
        verb=actions.act_on_many,
        icon=DIALOGS[does].icon,
        form_class=ManyFlagsForm if does == Operation.REQUIRE_REENROLMENT else ManyForm,
        submit_text=SUBMIT[does],
    )
    for does in BULK_OPERATIONS
}
