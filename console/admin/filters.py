"""The filters of the account list: their words. What each keeps is ``recovery.lists``'s."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter

from recovery.enums import Tier
from recovery.lists import narrow_accounts


class NamedFilter(DropdownFilter):
    """A closed list of names, each with its label."""

    options: ClassVar[dict[str, Any]]

    def lookups(self, request, model_admin):
        return list(self.options.items())

    def queryset(self, request, queryset):
        asked = {self.parameter_name: self.value() or ""}
        return narrow_accounts(queryset, asked, passing_over=True)


class CodesFilter(NamedFilter):
    title = _("codes left")
    parameter_name = "codes"
    options = {"none": _("None"), "low": _("Few"), "fine": _("Enough")}


class FlagFilter(NamedFilter):
    title = _("re-enrolment flag")
    parameter_name = "flag"
    options = {"flagged": _("Flagged"), "overdue": _("Overdue"), "none": _("Not flagged")}


class RecoveredFilter(NamedFilter):
    title = _("last recovery")
    parameter_name = "recovered"
    options = {
        "day": _("Within 24 hours"),
        "week": _("Within 7 days"),
        "month": _("Within 30 days"),
        "never": _("Never"),
    }


class TierFilter(NamedFilter):
    title = _("tier")
    parameter_name = "tier"
    options = {tier.value: tier.label for tier in (Tier.PRIVILEGED, Tier.STANDARD)}


class MailFilter(NamedFilter):
    title = _("mail")
    parameter_name = "mail"
    options = {
        "link_open": _("A recovery link is open"),
        "undeliverable": _("Could not be delivered"),
    }
