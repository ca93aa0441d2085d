"""Reports about accounts: how well each is covered, and which are at risk, and why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Case, DateTimeField, Exists, F, OuterRef, Q, Value, When
from django.db.models.functions import Concat, Substr
from django.utils.translation import gettext_lazy as _

from recovery.conf import conf
from recovery.enums import Enrolment, Operation, Tier
from recovery.lists import narrow_accounts
from recovery.models import Account, ContactAddress, TotpAuthenticator
from recovery.reports.expressions import CountOf, WholeDays
from recovery.reports.table import Column, Kind, Report

if TYPE_CHECKING:
    from django.db.models import QuerySet


def _addresses() -> QuerySet[ContactAddress]:
    return ContactAddress.objects.confirmed().filter(account=OuterRef("pk"))


def _authenticators() -> QuerySet[TotpAuthenticator]:
    alive: QuerySet[TotpAuthenticator] = TotpAuthenticator.objects.filter(
        user=OuterRef("user"), confirmed=True
    )
    return alive


def _more_than_one() -> Exists:
    """Whether there is a second authenticator: without counting those of everybody."""
    other = _authenticators().filter(
        Exists(
            TotpAuthenticator.objects.filter(
                user=OuterRef("user"), confirmed=True, pk__gt=OuterRef("pk")
            )
        )
    )
    return Exists(other)


RISKS: Final[dict[str, Callable[[datetime], Q]]] = {
    "no_codes": lambda _now: Q(backup_codes_left=0),
    "few_codes": lambda _now: Q(
        backup_codes_left__gt=0, backup_codes_left__lte=conf.LOW_CODE_COUNT
    ),
    "no_confirmed_address": lambda _now: Q(~Exists(_addresses())),
    "privileged_with_one_authenticator": lambda _now: Q(
        Q(tier=Tier.PRIVILEGED), Exists(_authenticators()), ~_more_than_one()
    ),
    "flag_overdue": lambda now: Q(
        enrolment=Enrolment.REENROLMENT_REQUIRED, reenrolment_due_at__lte=now
    ),
    "recovered_before": lambda _now: Q(last_recovered_at__isnull=False),
}
"""Why an account is at risk. Each reason is a rule; one is enough."""


def at_some_risk(rows: QuerySet[Any], now: datetime) -> QuerySet[Any]:
    """The accounts that any of the rules applies to."""
    return rows.filter(reduce(or_, (rule(now) for rule in RISKS.values())))


def _why(now: datetime) -> Any:
    """The names of the rules that apply, one after the other."""
    said = [
        Case(When(rule(now), then=Value(f", {name}")), default=Value(""))
        for name, rule in RISKS.items()
    ]
    return Substr(Concat(*said), len(", ") + 1)


def _age(now: datetime) -> Any:
    return WholeDays(Value(now, output_field=DateTimeField()) - F("backup_codes_issued_at"))


COVERAGE_COLUMNS: Final = (
    Column(name="name", label=_("Name"), expression="text__display_name"),
    Column(name="login_name", label=_("Login name"), expression="text__login_name"),
    Column(name="address", label=_("Address"), expression="text__address"),
    Column(name="staff_number", label=_("Staff number"), expression="text__staff_number"),
    Column(name="tier", label=_("Tier"), expression="tier"),
    Column(name="enrolment", label=_("Enrolment"), expression="enrolment"),
    Column(
        name="enrolled_at",
        label=_("First enrolled"),
        kind=Kind.MOMENT,
        expression="enrolled_at",
    ),
    Column(
        name="authenticators",
        label=_("Authenticator apps bound"),
        kind=Kind.NUMBER,
        expression=lambda _now: CountOf(_authenticators().values("pk")),
    ),
    Column(
        name="codes_left",
        label=_("Codes left"),
        kind=Kind.NUMBER,
        expression="backup_codes_left",
    ),
    Column(
        name="codes_issued",
        label=_("Codes issued"),
        kind=Kind.NUMBER,
        expression="backup_codes_total",
    ),
    Column(
        name="codes_issued_at",
        label=_("Codes issued at"),
        kind=Kind.MOMENT,
        expression="backup_codes_issued_at",
    ),
    Column(
        name="codes_age_days", label=_("Age of the codes, days"), kind=Kind.NUMBER, expression=_age
    ),
    Column(
        name="confirmed_addresses",
        label=_("Confirmed addresses"),
        kind=Kind.NUMBER,
        expression=lambda _now: CountOf(_addresses().values("pk")),
    ),
    Column(
        name="flagged_at",
        label=_("Flagged"),
        kind=Kind.MOMENT,
        expression="reenrolment_required_at",
    ),
    Column(name="due_at", label=_("Due"), kind=Kind.MOMENT, expression="reenrolment_due_at"),
    Column(
        name="last_recovered_at",
        label=_("Last recovery"),
        kind=Kind.MOMENT,
        expression="last_recovered_at",
    ),
    Column(name="frozen_at", label=_("Frozen"), kind=Kind.MOMENT, expression="frozen_at"),
)

COVERAGE: Final = Report(
    name="coverage",
    title=_("Coverage"),
    description=_("Each account with what it has to fall back on: codes, addresses, flags."),
    operation=Operation.EXPORT_ACCOUNTS,
    sees="recovery.view_account",
    span="enrolled_at",
    span_label=_("First enrolled"),
    columns=COVERAGE_COLUMNS,
    everything=Account.objects.all,
    narrow=narrow_accounts,
    order=("pk",),
)
AT_RISK: Final = Report(
    name="at_risk",
    title=_("At risk"),
    description=_("The accounts that the next lost phone would lock out or let in, and why."),
    operation=Operation.EXPORT_ACCOUNTS,
    sees="recovery.view_account",
    span="last_recovered_at",
    span_label=_("Last recovery"),
    columns=(
        Column(name="why", label=_("Why"), kind=Kind.WORDS, expression=_why),
        *COVERAGE_COLUMNS,
    ),
    everything=Account.objects.all,
    narrow=narrow_accounts,
    order=("pk",),
    keep=at_some_risk,
)
