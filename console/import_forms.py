"""What is asked of whoever brings a table in, and of whoever gives the word to do what it says."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.template.defaultfilters import filesizeformat
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from console.forms import DUE_CHOICES, LeftToTheDomain, OperationForm, in_days
from recovery import errors
from recovery.conf import conf
from recovery.enums import Operation
from recovery.importing.working import ALL, GOOD

ABOUT: Final = (
    (Operation.REQUIRE_REENROLMENT.value, _("Flag these accounts for re-enrolment")),
    (Operation.LIFT_REENROLMENT.value, _("Lift the flag of these accounts")),
    (Operation.IMPORT_ADDRESS.value, _("Add an address to each: each is mailed a code to confirm")),
)
CANCEL: Final = "cancel"


class TableField(forms.FileField):
    """The file; what is in it is for the worker to look at."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"accept": ".csv,.tsv,.txt,.xlsx,text/csv", "data-limit": "", "class": "desk-file"}
        super().__init__(
            label=_("Table"),
            widget=forms.FileInput(attrs),
            error_messages={
                "required": errors.FileMissing.message,
                "missing": errors.FileMissing.message,
                "empty": errors.FileEmpty.message,
            },
            **kwargs,
        )


class ImportForm(OperationForm):
    """What is to be done, to whom, by when and why."""

    proofing = None
    about = forms.ChoiceField(
        label=_("What is to be done?"), choices=ABOUT, widget=UnfoldAdminRadioSelectWidget
    )
    file = TableField()
    due = forms.ChoiceField(
        label=_("If they are flagged, by when?"),
        choices=DUE_CHOICES,
        initial="3",
        required=False,
        widget=UnfoldAdminSelectWidget,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].widget.attrs["data-limit"] = conf.IMPORT_SIZE_LIMIT
        self.fields["file"].help_text = format_lazy(
            _("CSV (UTF-8) or XLSX, {size} and {rows} rows at the most."),
            size=filesizeformat(conf.IMPORT_SIZE_LIMIT),
            rows=f"{conf.IMPORT_ROW_LIMIT:,}".replace(",", "\N{NARROW NO-BREAK SPACE}"),
        )

    def values(self) -> dict[str, Any]:
        said = self.cleaned_data
        operation = Operation(said["about"])
        flags = operation is Operation.REQUIRE_REENROLMENT
        return {
            "operation": operation,
            "file": said["file"],
            "file_name": said["file"].name,
            "due_at": in_days(int(said["due"] or 0)) if flags else None,
        }

    def _whose(self) -> list[str]:
        return [self.operation.value, "", str(self.request.user.pk)]


class WordForm(OperationForm):
    """All or the good rows, and how many they are. Why was said as the table was brought in."""

    proofing = reason = ticket = None
    mode = forms.ChoiceField(choices=[(ALL, ALL), (GOOD, GOOD), (CANCEL, CANCEL)])
    count = LeftToTheDomain(widget=forms.HiddenInput, required=False, max_length=12)

    def __init__(self, *args: Any, waiting: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["count"].initial = waiting
        if waiting > conf.TYPED_COUNT_ABOVE:
            self.fields["count"] = LeftToTheDomain(
                label=_("How many accounts will it be done to?"),
                help_text=_("Type the number that you see above, so that it is what you mean."),
                max_length=12,
                required=False,
                widget=UnfoldAdminTextInputWidget(
                    {"inputmode": "numeric", "autocomplete": "off", "class": "desk-one-time-code"}
                ),
            )

    def values(self) -> dict[str, Any]:
        typed = "".join(self.cleaned_data.get("count", "").split())
        is_number = typed.isascii() and typed.isdecimal()
        return {"mode": self.cleaned_data["mode"], "count": int(typed) if is_number else -1}

    def _whose(self) -> list[str]:
        return [self.operation.value, f"job {self.subject.pk}", str(self.request.user.pk)]
