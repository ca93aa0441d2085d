"""The filters of the account list: their words. What each keeps is ``recovery.lists``'s."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.admin import SimpleListFilter
from django.utils.translation import gettext_lazy as _

from recovery.conf import BACKUP_CODE_COUNTS
from recovery.enums import Enrolment, FlagAge, FlagDue, Tier
from recovery.lists import narrow_accounts


class NamedFilter(SimpleListFilter):
    """A closed list of names, each with its label."""

    template = "console/components/list_filter.html"
    options: ClassVar[dict[str, Any]]

    def lookups(self, request, model_admin):
        return list(self.options.items())

    def queryset(self, request, queryset):
        asked = {self.parameter_name: self.value() or ""}
        return narrow_accounts(queryset, asked, passing_over=True)

    def choices(self, changelist):
        """Nothing else: a form of Unfold's for each select is a fifth of the page's time."""
        for name, label in (("", _("All")), *self.lookup_choices):
            yield {"name": name, "label": label, "is_chosen": name == (self.value() or "")}

    @property
    def is_set(self):
        """Whether it keeps any rows out: a name that it does not know keeps none."""
        return self.value() in self.options


class CodesFilter(NamedFilter):
    title = _("codes left")
    parameter_name = "codes"
    options = {"none": _("None"), "low": _("Few"), "fine": _("Enough")}


class EnrolmentFilter(NamedFilter):
    title = _("enrolment")
    parameter_name = "enrolment__exact"
    options = {each.value: each.label for each in Enrolment}


class CodesExactlyFilter(NamedFilter):
    """Of those who ever enrolled: what a bar of the picture counts."""

    title = _("codes left exactly, once enrolled")
    parameter_name = "left"
    options = {str(left): str(left) for left in range(max(BACKUP_CODE_COUNTS) + 1)}


class FlagFilter(NamedFilter):
    title = _("re-enrolment flag")
    parameter_name = "flag"
    options = {"flagged": _("Flagged"), "overdue": _("Overdue"), "none": _("Not flagged")}


class FlagAgeFilter(NamedFilter):
    title = _("age of the flag")
    parameter_name = "age"
    options = dict(FlagAge.choices)


class FlagDueFilter(NamedFilter):
    title = _("re-enrolment due")
    parameter_name = "due"
    options = dict(FlagDue.choices)


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


ALL = tuple(NamedFilter.__subclasses__())
"""Those of the list, in their order: a report takes the same."""
