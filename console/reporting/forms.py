"""What of a report is asked for: the filters of its list, a span of time and a format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.utils.text import capfirst, format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.widgets import UnfoldAdminRadioSelectWidget

from console.admin import filters
from console.admin.ledger_filters import ANY, LedgerFilters, MomentField
from console.forms import StepUpField
from console.viewer_timezone import known_zone
from recovery.actions.report_jobs import XLSX
from recovery.actions.reports import Format
from recovery.finding import LONGEST as LONGEST_SEARCH
from recovery.lists import narrow_events
from recovery.reports import Asked

if TYPE_CHECKING:
    from django.http import QueryDict

    from recovery.reports import Report

FORMATS: Final = (
    (Format.CSV.value, _("CSV: for other programs, and for bringing it in again")),
    (XLSX, _("XLSX: to be read in a spreadsheet")),
    (Format.JSON.value, _("JSON: for programs that go by names and not by columns")),
)
ABOUT_THE_PAGE: Final = frozenset({"p", "o", "e", "all", "after", "before", "zone"})
"""Of a list's address: how it is turned and put in order. A report has all of it."""
ABOUT_THE_FILE: Final = frozenset({"format", "one_time_code", "csrfmiddlewaretoken"})
ENDS: Final = ("since", "until")


def _choice(of_list: type[filters.NamedFilter]) -> forms.ChoiceField:
    choices = [ANY, *of_list.options.items()]
    return forms.ChoiceField(label=capfirst(of_list.title), choices=choices, required=False)


class AccountFilters(forms.Form):
    """The filters of the account list, by the names that its address has them by."""

    q = forms.CharField(
        label=_("Name, login name, address or staff number"),
        max_length=LONGEST_SEARCH,
        required=False,
    )
    locals().update({one.parameter_name: _choice(one) for one in filters.ALL})
    since = MomentField(days_on=0)
    until = MomentField(days_on=1)

    def __init__(self, asked: QueryDict, *, report: Report) -> None:
        super().__init__(asked, auto_id="filter-%s", label_suffix="")
        for name, label in zip(ENDS, (_("{what}: from"), _("{what}: until")), strict=True):
            self.fields[name].label = format_lazy(label, what=report.span_label)
            self.fields[name].zone = known_zone(asked.get("zone", ""))

    def clean(self) -> dict[str, Any]:
        """Pass over nothing that is not known: the file would hold more than was asked for."""
        unknown = sorted(self.data.keys() - self.fields.keys() - ABOUT_THE_PAGE)
        if unknown:
            text = ngettext("There is no filter %s.", "There are no filters %s.", len(unknown))
            self.add_error(None, text % ", ".join(unknown))
        return self.cleaned_data

    @property
    def chosen(self) -> dict[str, Any]:
        """The filters that are set, by name; none while any of them makes no sense."""
        return {name: value for name, value in self.cleaned_data.items() if value}

    @property
    def complaints(self) -> list[str]:
        return self.non_field_errors()


Filters = AccountFilters | LedgerFilters


def filters_of(report: Report, data: QueryDict, *, hidden: frozenset[str]) -> Filters:
    """Read what a list's address, or the form of a report, asks for."""
    asked = data.copy()
    for name in ABOUT_THE_FILE:
        asked.pop(name, None)
    if report.narrow is not narrow_events:
        found: Filters = AccountFilters(asked, report=report)
    else:
        found = LedgerFilters(asked, hidden=hidden)
    since, until = ((found.is_valid() and found.cleaned_data.get(name)) or None for name in ENDS)
    if since and until and until <= since:
        found.add_error("until", _("This is not after the beginning. Choose a later one."))
    return found


def asked_by(found: Filters) -> Asked:
    """The same as the domain takes it."""
    chosen = dict(found.chosen)
    ends = {name: chosen.pop(name, None) for name in ENDS}
    return Asked(filters=chosen, **ends)


class TakeOutForm(forms.Form):
    """The format, and a fresh one-time code where the last one is too old."""

    format = forms.ChoiceField(
        label=_("Format"),
        choices=FORMATS,
        initial=Format.CSV.value,
        widget=UnfoldAdminRadioSelectWidget,
    )

    def __init__(self, *args: Any, needs_step_up: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if needs_step_up:
            self.fields["one_time_code"] = StepUpField()


class FetchForm(forms.Form):
    """A fresh one-time code alone: all else was said when the file was asked for."""

    one_time_code = StepUpField()
