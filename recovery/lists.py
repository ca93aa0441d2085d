"""What the lists of accounts and of events can be narrowed to, in the words of their addresses.

A page, a stored job and a report say the same words, and so mean the same rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any, Final, cast

from django.db.models import Q
from django.utils import timezone

from recovery import finding
from recovery.conf import BACKUP_CODE_COUNTS, conf
from recovery.enums import OPEN_LINK_STATES, Enrolment, FlagAge, FlagDue, Outcome, Tier
from recovery.errors import FilterUnknown
from recovery.figures import flags
from recovery.hours import HourOfWeek, span_is_missing
from recovery.models import Notice, RecoveryLink, Restoration

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from recovery.models import Account, AuditEvent
    from recovery.models.accounts import AccountQuerySet

Narrowing = Callable[["AccountQuerySet"], "QuerySet[Account]"]

SEARCH: Final = "q"
"""What was typed into the search box, among the filters of accounts."""


def _recovered_within(days: int) -> Narrowing:
    return lambda rows: rows.recovered_since(timezone.now() - timedelta(days=days))


def _enrolled(state: Enrolment) -> Narrowing:
    return lambda rows: rows.filter(enrolment=state)


def _of_tier(tier: Tier) -> Narrowing:
    return lambda rows: rows.filter(tier=tier)


def _with_codes(left: int) -> Narrowing:
    return lambda rows: rows.ever_enrolled().filter(backup_codes_left=left)


def _of_age(age: FlagAge) -> Narrowing:
    return lambda rows: rows.filter(flags.of_age(age, timezone.now()))


def _of_due(due: FlagDue) -> Narrowing:
    return lambda rows: rows.filter(flags.of_due(due, timezone.now()))


def _accounts(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.order_by().values("account_id")


ACCOUNT_FILTERS: Final[dict[str, dict[str, Narrowing]]] = {
    "codes": {
        "none": lambda rows: rows.without_codes(),
        "low": lambda rows: rows.low_on_codes(limit=conf.LOW_CODE_COUNT),
        "fine": lambda rows: rows.filter(backup_codes_left__gt=conf.LOW_CODE_COUNT),
    },
    "enrolment__exact": {state.value: _enrolled(state) for state in Enrolment},
    # Of those who ever enrolled: what a bar of the picture counts.
    "left": {str(left): _with_codes(left) for left in range(max(BACKUP_CODE_COUNTS) + 1)},
    "age": {age.value: _of_age(age) for age in FlagAge},
    "due": {due.value: _of_due(due) for due in FlagDue},
    "flag": {
        "flagged": lambda rows: rows.flagged(),
        "overdue": lambda rows: rows.overdue(),
        "none": lambda rows: rows.not_flagged(),
    },
    "recovered": {
        "day": _recovered_within(1),
        "week": _recovered_within(7),
        "month": _recovered_within(30),
        "never": lambda rows: rows.never_recovered(),
    },
    "tier": {tier.value: _of_tier(tier) for tier in Tier},
    # What the front page counts, from the two small tables and not by a join over accounts.
    "mail": {
        "link_open": lambda rows: rows.filter(
            pk__in=_accounts(RecoveryLink.objects.filter(state__in=OPEN_LINK_STATES))
        ),
        "undeliverable": lambda rows: rows.filter(pk__in=_accounts(Notice.objects.undelivered())),
    },
}
"""The filters of accounts: each value keeps some rows, asked of the narrow row by an index."""

EVENT_LOOKUPS: Final = {
    "operation": "operation__in",
    "outcome": "outcome",
    "refusal": "refusal",
    "tier": "subject_tier",
    "subject": "subject_id",
    "subject_name": "subject_name__startswith",
    "actor": "actor_id",
    "actor_name": "actor_name__startswith",
    "ticket": "ticket",
    "source": "source_address",
    "trace": "trace",
    "since": "at__gte",
    "until": "at__lt",
}
"""Each filter of events, and what it asks. Each has an index that keeps the order of time."""
MOMENTS: Final = frozenset({"since", "until"})
EVENT_FILTERS: Final = (*EVENT_LOOKUPS, "in_hour", "restored")
"""All of them: the last two are what pictures count, and no column says."""


def narrow_accounts(
    rows: QuerySet[Account], asked: Mapping[str, str], *, passing_over: bool = False
) -> QuerySet[Account]:
    """Keep what was asked for; raise ``FilterUnknown`` for what nobody can be asked.

    A page may pass over what it does not know, as Django's do: it shows which filters are set.
    """
    for name, value in asked.items():
        if name == SEARCH:
            rows = search_accounts(rows, value)
        elif (narrowing := ACCOUNT_FILTERS.get(name, {}).get(value)) is not None:
            rows = narrowing(cast("AccountQuerySet", rows))
        elif not passing_over:
            raise FilterUnknown(name=name)
    return rows


def search_accounts(rows: QuerySet[Account], typed: str) -> QuerySet[Account]:
    """Every word has to be somewhere in the folded text: ``zoe orst`` finds Zoë Ørsted."""
    if finding.words_of(typed):
        rows = rows.filter(pk__in=finding.texts(typed).values("account_id"))
    return rows


def narrow_events(rows: QuerySet[AuditEvent], asked: Mapping[str, Any]) -> QuerySet[AuditEvent]:
    """Keep what was asked for, with times as they are or as ``storable`` wrote them."""
    unknown = asked.keys() - {*EVENT_FILTERS}
    if unknown:
        raise FilterUnknown(name=min(unknown))
    values = {name: _read(name, value) for name, value in asked.items()}
    lookups = {EVENT_LOOKUPS[name]: values[name] for name in values.keys() & EVENT_LOOKUPS.keys()}
    rows = rows.filter(_computed(values), **lookups)
    # Said as the indexes say it, which hold a part of the rows only.
    if asked.get("outcome", Outcome.COMPLETED) != Outcome.COMPLETED:
        rows = rows.exclude(outcome=Outcome.COMPLETED)
    for name in {"ticket", "source", "refusal"} & asked.keys():
        rows = rows.exclude(**{EVENT_LOOKUPS[name]: ""})
    return rows


def storable(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Filters of events as JSON has them: times with their offset, an hour as it is written."""
    return {name: _written(value) for name, value in asked.items()}


def _written(value: Any) -> Any:
    if isinstance(value, HourOfWeek):
        return str(value)
    return value.isoformat() if isinstance(value, datetime) else value


def _read(name: str, value: Any) -> Any:
    if name == "in_hour" and isinstance(value, str):
        return HourOfWeek.parse(value)
    return datetime.fromisoformat(value) if name in MOMENTS and isinstance(value, str) else value


def _computed(asked: Mapping[str, Any]) -> Q:
    """What no column says."""
    condition = Q()
    if asked.get("restored"):
        back = Restoration.objects.filter(restored_at__isnull=False)
        condition &= Q(pk__in=back.values("event_id"))
    if asked.get("in_hour"):
        if span_is_missing(asked):
            raise FilterUnknown(name="in_hour")
        spans = asked["in_hour"].spans(asked["since"], asked["until"])
        ranges = (Q(at__gte=begin, at__lt=end) for begin, end in spans)
        condition &= reduce(or_, ranges, Q(pk__in=()))
    return condition
