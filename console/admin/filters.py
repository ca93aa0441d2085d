"""The filters of the account list: each asks the narrow row, by an index."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter

from recovery.conf import conf
from recovery.enums import OPEN_LINK_STATES, Tier
from recovery.models import Notice, RecoveryLink

Narrowing = Callable[[Any], QuerySet]


class NamedFilter(DropdownFilter):
    """A closed list of names, each with the rows it keeps."""

    options: ClassVar[dict[str, tuple[Any, Narrowing]]]

    def lookups(self, request, model_admin):
        return [(name, label) for name, (label, _narrow) in self.options.items()]

    def queryset(self, request, queryset):
        chosen = self.options.get(self.value() or "")
        return queryset if chosen is None else chosen[1](queryset)


def is_set(spec: Any) -> bool:
    """Whether a filter of the list keeps any rows out: a name that it does not know keeps none."""
    options = getattr(spec, "options", None)
    return bool(spec.value()) if options is None else spec.value() in options


class CodesFilter(NamedFilter):
    title = _("codes left")
    parameter_name = "codes"
    options = {
        "none": (_("None"), lambda rows: rows.without_codes()),
        "low": (_("Few"), lambda rows: rows.low_on_codes(limit=conf.LOW_CODE_COUNT)),
        "fine": (_("Enough"), lambda rows: rows.filter(backup_codes_left__gt=conf.LOW_CODE_COUNT)),
    }


class FlagFilter(NamedFilter):
    title = _("re-enrolment flag")
    parameter_name = "flag"
    options = {
        "flagged": (_("Flagged"), lambda rows: rows.flagged()),
        "overdue": (_("Overdue"), lambda rows: rows.overdue()),
        "none": (_("Not flagged"), lambda rows: rows.not_flagged()),
    }


def _recovered_within(days: int) -> Narrowing:
    return lambda rows: rows.recovered_since(timezone.now() - timedelta(days=days))


class RecoveredFilter(NamedFilter):
    title = _("last recovery")
    parameter_name = "recovered"
    options = {
        "day": (_("Within 24 hours"), _recovered_within(1)),
        "week": (_("Within 7 days"), _recovered_within(7)),
        "month": (_("Within 30 days"), _recovered_within(30)),
        "never": (_("Never"), lambda rows: rows.never_recovered()),
    }


class TierFilter(NamedFilter):
    title = _("tier")
    parameter_name = "tier"
    options = {
        Tier.PRIVILEGED.value: (Tier.PRIVILEGED.label, lambda rows: rows.filter(tier="privileged")),
        Tier.STANDARD.value: (Tier.STANDARD.label, lambda rows: rows.filter(tier="standard")),
    }


class MailFilter(NamedFilter):
    """What the front page counts, from the two small tables and not by a join over accounts."""

    title = _("mail")
    parameter_name = "mail"
    options = {
        "link_open": (
            _("A recovery link is open"),
            lambda rows: rows.filter(
                pk__in=_accounts(RecoveryLink.objects.filter(state__in=OPEN_LINK_STATES))
            ),
        ),
        "undeliverable": (
            _("Could not be delivered"),
            lambda rows: rows.filter(pk__in=_accounts(Notice.objects.undelivered())),
        ),
    }


def _accounts(rows):
    return rows.order_by().values("account_id")
