"""What can be asked of the ledger in an address, so that a view can be sent to a colleague."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from console.admin.keyset import Place
from console.viewer_timezone import known_zone
from recovery.enums import Operation, Outcome, Tier
from recovery.hours import HourOfWeek, span_is_missing
from recovery.lists import EVENT_FILTERS, narrow_events
from recovery.lists import EVENT_LOOKUPS as LOOKUPS
from recovery.models import AuditEvent

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import QueryDict

PLACES: Final = ("before", "after")
BESIDES: Final = (*PLACES, "zone")
"""Where the page begins, and by whose clock times without an offset are: it may be sent on."""
YEARS: Final = range(1990, 2990)
ANY = ("", _("Any"))


def _text(label: Any, column: str, **kwargs: Any) -> forms.CharField:
    """A field with the room of its column."""
    room = AuditEvent._meta.get_field(column).max_length
    return forms.CharField(label=label, max_length=room, required=False, **kwargs)


class MomentField(forms.CharField):
    """A moment by a named clock: a day, a time, or a time that says how far it is from UTC."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"})

    def __init__(self, *, days_on: int, **kwargs: Any) -> None:
        """A day alone is its beginning; as the end of a span, that of the next day."""
        super().__init__(required=False, **kwargs)
        self.days_on, self.zone = days_on, None

    def clean(self, value: Any) -> datetime | None:
        typed = super().clean(value)
        try:
            moment = self._moment(typed) if typed else None
        except (ValueError, OverflowError) as error:
            raise ValidationError(
                _("“%(typed)s” is no day or time, such as 2026-11-24 or 2026-11-24T16:30."),
                params={"typed": typed},
            ) from error
        return moment

    def bound_data(self, data: Any, initial: Any) -> Any:
        """Show by the viewer's clock what was asked by any."""
        try:
            moment = self.clean(data)
        except ValidationError:  # what is wrong with it says what it was
            return ""
        return f"{timezone.localtime(moment):%Y-%m-%dT%H:%M:%S}" if moment else ""

    def _moment(self, typed: str) -> datetime:
        day = parse_date(typed)
        if day is not None:
            moment = datetime.combine(day + timedelta(days=self.days_on), time())
        else:
            moment = parse_datetime(typed)
        if moment is None or moment.year not in YEARS:
            raise ValueError(typed)
        return moment if timezone.is_aware(moment) else timezone.make_aware(moment, self.zone)


class HourField(forms.CharField):
    """An hour of the week, as an address has it."""

    widget = forms.HiddenInput

    def clean(self, value: Any) -> HourOfWeek | None:
        typed = super().clean(value)
        try:
            return HourOfWeek.parse(typed) if typed else None
        except ValueError as error:
            raise ValidationError(
                _("“%(typed)s” is no hour of the week, such as 1T09 Europe/Berlin."),
                params={"typed": typed},
            ) from error


class LedgerFilters(forms.Form):
    """The filters of the ledger. What it does not know it says, and shows nothing instead."""

    operation = forms.MultipleChoiceField(
        label=_("Operation"),
        choices=Operation,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    outcome = forms.ChoiceField(label=_("Outcome"), choices=[ANY, *Outcome.choices], required=False)
    tier = forms.ChoiceField(
        label=_("Tier of the subject"), choices=[ANY, *Tier.choices], required=False
    )
    subject_name = _text(_("Subject begins with"), "subject_name")
    actor_name = _text(_("Agent begins with"), "actor_name")
    ticket = _text(_("Ticket"), "ticket")
    source = forms.GenericIPAddressField(
        label=_("Source address"), unpack_ipv4=True, required=False
    )
    since = MomentField(label=_("From"), days_on=0)
    until = MomentField(label=_("Until"), days_on=1)
    subject = _text(_("Subject"), "subject_id", widget=forms.HiddenInput)
    actor = _text(_("Agent"), "actor_id", widget=forms.HiddenInput)
    trace = _text(_("Recorded together"), "trace", widget=forms.HiddenInput)
    refusal = _text(_("Refused because"), "refusal", widget=forms.HiddenInput)
    in_hour = HourField(label=_("Hours"), required=False)
    restored = forms.ChoiceField(
        label=_("Led back in"),
        choices=[("yes", _("Yes"))],
        required=False,
        widget=forms.HiddenInput,
    )

    def __init__(self, asked: QueryDict, *, hidden: frozenset[str]) -> None:
        super().__init__(asked, auto_id="filter-%s", label_suffix="")
        zone = known_zone(asked.get("zone", ""))
        self.fields["since"].zone = self.fields["until"].zone = zone
        self.kept_out = [
            name for name, lookup in LOOKUPS.items() if lookup.partition("__")[0] in hidden
        ]
        for name in self.kept_out:
            del self.fields[name]

    def clean(self) -> dict[str, Any]:
        """Take nothing for granted: a filter that is passed over would show more than was asked."""
        self._refuse([name for name in self.kept_out if self.data.get(name)], unknown=False)
        known = {*self.fields, *self.kept_out, *BESIDES}
        self._refuse([name for name in self.data if name not in known], unknown=True)
        if self.data.get("zone") and known_zone(self.data["zone"]) is None:
            self.add_error(None, _("There is no such time zone."))
        if span_is_missing(self.cleaned_data):
            self.add_error(None, _("Hours of the week need a span of three months at most."))
        for name in PLACES:
            self.cleaned_data[name] = self._place(name)
        return self.cleaned_data

    @property
    def chosen(self) -> dict[str, Any]:
        """The filters that are set, by name; none while any of them makes no sense."""
        if not self.is_valid():
            return {}
        values = ((name, self.cleaned_data.get(name)) for name in EVENT_FILTERS)
        return {name: value for name, value in values if value}

    @property
    def complaints(self) -> list[str]:
        """What is wrong with the question, but for what stands at a field that can be seen."""
        hidden = [error for field in self.hidden_fields() for error in field.errors]
        return [*self.non_field_errors(), *hidden]

    def narrow(self, events: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        """Keep what was asked for; of a question that makes no sense, nothing."""
        if not self.is_valid():
            return events.none()
        return narrow_events(events, self.chosen)

    def _place(self, name: str) -> Place | None:
        typed = self.data.get(name, "")
        try:
            return Place.parse(typed) if typed else None
        except ValueError:
            self.add_error(None, _("This page of the ledger is not there. Start from the newest."))
            return None

    def _refuse(self, names: list[str], *, unknown: bool) -> None:
        if not names:
            return
        text = (
            ngettext("There is no filter %s.", "There are no filters %s.", len(names))
            if unknown
            else _("Your role may not filter by %s.")
        )
        self.add_error(None, text % ", ".join(sorted(names)))
