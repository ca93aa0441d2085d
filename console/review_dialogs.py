"""Signing off and escalating as dialogs of the queue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.http import QueryDict
from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.widgets import UnfoldAdminTextareaWidget

from console import review, step_up
from console.forms import LeftToTheDomain, StepUpField
from console.requests import actor_from
from recovery import actions
from recovery.enums import Operation
from recovery.models import ReviewItem
from recovery.periods import setting_in_words

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.utils.functional import Promise

    from recovery.errors import RecoveryError

AT_ONCE: Final = 50
"""How many events one form may be about; each of them is an event of its own."""


class ReviewForm(forms.Form):
    """What is said of the chosen events. An item that was reviewed is no form's any more."""

    comment = LeftToTheDomain(
        label=_("Comment"),
        max_length=2_000,
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=_("For whoever reads the ledger. No personal data, no codes."),
    )
    items = forms.CharField(widget=forms.HiddenInput, max_length=2_000)
    back = forms.CharField(widget=forms.HiddenInput, max_length=200, required=False)

    def __init__(self, *args: Any, needs_step_up: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if needs_step_up:
            self.fields["one_time_code"] = StepUpField(
                help_text=format_lazy(
                    _("Your last one is more than {period} old."),
                    period=setting_in_words("STEP_UP_MAX_AGE"),
                )
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewDialog:
    """How one verdict is offered: its words, and the verb that puts it down."""

    operation: Operation
    description: str | Promise
    verb: Callable[..., Any]
    submit_text: str | Promise
    needs_comment: bool = False

    def form(self, request: HttpRequest, data: Any = None, **initial: str) -> ReviewForm:
        form = ReviewForm(data, needs_step_up=step_up.is_needed(request), initial=initial)
        form.fields["comment"].required = self.needs_comment
        return form

    def say(self, request: HttpRequest, item: ReviewItem, comment: str) -> None:
        self.verb(actor=actor_from(request), item=item, comment=comment)

    def context(
        self,
        request: HttpRequest,
        items: list[ReviewItem],
        view: review.View,
        *,
        form: ReviewForm | None = None,
        comment: str = "",
        refusal: RecoveryError | None = None,
    ) -> dict[str, Any]:
        """What the dialog component shows."""
        chosen = ",".join(str(item.pk) for item in items)
        fresh = self.form(request, items=chosen, back=view.query(), comment=comment)
        return {
            "operation": self.operation.value,
            "title": self._title(items),
            "description": " ".join([*review.in_words(request, items), str(self.description)]),
            "form": form or fresh,
            "action_url": reverse(
                "admin:recovery_reviewitem_operation", args=[self.operation.value]
            ),
            "refusal": refusal,
            "submit_text": self.submit_text,
            "danger": False,
            "needs_step_up": step_up.is_needed(request),
            "close_url": f"{review.list_url()}?{view.query()}",
        }

    def _title(self, items: list[ReviewItem]) -> str:
        if len(items) == 1:
            number = _("no. %d in the chain") % items[0].sequence
            return f"{self.operation.label} · {number}"
        count = len(items)
        return f"{self.operation.label} · {ngettext('%d event', '%d events', count) % count}"


REVIEW_DIALOGS: Final[dict[str, ReviewDialog]] = {
    dialog.operation.value: dialog
    for dialog in (
        ReviewDialog(
            operation=Operation.SIGN_OFF_EVENT,
            description=_(
                "You have looked at it and find nothing wrong. That it was you goes on the ledger."
            ),
            verb=actions.sign_off_event,
            submit_text=_("Sign off"),
        ),
        ReviewDialog(
            operation=Operation.ESCALATE_EVENT,
            description=_(
                "Something is wrong with it: every lead is told, and has to look into it. Nothing "
                "is frozen by this."
            ),
            verb=actions.escalate_event,
            submit_text=_("Escalate"),
            needs_comment=True,
        ),
    )
}


def chosen(numbers: list[str]) -> list[ReviewItem]:
    """The items of a form or an address, the oldest first; what is no number is none."""
    keys = [key for key in map(review.number, numbers[:AT_ONCE]) if key]
    return list(ReviewItem.objects.filter(pk__in=keys).order_by("sequence"))


def view_behind(form: ReviewForm) -> review.View:
    """The part of the queue that the form was opened on."""
    return review.View.of(QueryDict(form.data.get("back", "")[:200]))
