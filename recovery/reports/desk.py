"""Reports about what the desk did: each operation, and each agent."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db.models import BigIntegerField, Case, Count, F, Max, OuterRef, Q, Subquery, When
from django.db.models.functions import NullIf
from django.utils.translation import gettext_lazy as _

from recovery.enums import DESK_OPERATIONS, STAFF_OPERATIONS, Operation, Outcome, Proofing
from recovery.lists import narrow_events
from recovery.models import AuditEvent
from recovery.reports.expressions import Median, WholeMinutes
from recovery.reports.table import Column, Kind, Report

if TYPE_CHECKING:
    from django.db.models import QuerySet

DONE_BY_THE_DESK: Final = (*DESK_OPERATIONS, *STAFF_OPERATIONS, Operation.IMPORT_ADDRESS)
HELPS: Final = (
    Operation.REGENERATE_BACKUP_CODES,
    Operation.ISSUE_PHONE_CODE,
    Operation.SEND_RECOVERY_LINK,
)
"""What brings somebody back who is locked out."""
RETURNS: Final = (Operation.BIND_AUTHENTICATOR, Operation.HOLDER_SIGN_IN, Operation.SIGN_IN)
"""What only somebody with a working authenticator completes."""
WAITED_FOR: Final = timedelta(days=7)
"""Whoever signs in later than that was not brought back by that help."""


def _by_the_desk(rows: QuerySet[Any], _now: datetime) -> QuerySet[Any]:
    return rows.filter(operation__in=DONE_BY_THE_DESK)


def _by_an_agent(rows: QuerySet[Any], now: datetime) -> QuerySet[Any]:
    return _by_the_desk(rows, now).exclude(actor_id="")


def _minutes_to_access(_now: datetime) -> Any:
    """From a help that was given to the next thing that only a working authenticator does.

    Looked up by an index of whoever was helped, for the helps alone.
    """
    back = AuditEvent.objects.filter(
        actor_id=OuterRef("subject_id"),
        operation__in=RETURNS,
        outcome=Outcome.COMPLETED,
        at__gte=OuterRef("at"),
        at__lte=OuterRef("at") + WAITED_FOR,
    )
    first = Subquery(back.order_by("at", "id").values("at")[:1])
    helped = Q(operation__in=HELPS, outcome=Outcome.COMPLETED) & ~Q(subject_id="")
    return Case(When(helped, then=WholeMinutes(first - F("at"))), output_field=BigIntegerField())


def _done(operation: Operation) -> Column:
    return Column(
        name=operation.value,
        label=operation.label,
        kind=Kind.NUMBER,
        expression=lambda _now: Count("pk", filter=COMPLETED & Q(operation=operation)),
    )


def _proven(way: Proofing) -> Column:
    return Column(
        name=f"{way.value}_percent",
        label=way.label,
        kind=Kind.NUMBER,
        expression=lambda _now: _percent(Q(proofing=way), ~Q(proofing="")),
    )


def _percent(some: Q, of_all: Q) -> Any:
    """A whole number, rounded by integers alone: no database has an opinion on those."""
    part, whole = Count("pk", filter=some & of_all), Count("pk", filter=of_all)
    return (part * 200 + whole) / NullIf(whole * 2, 0)


COMPLETED: Final = Q(outcome=Outcome.COMPLETED)
REFUSED: Final = Q(outcome=Outcome.REFUSED)

ACTIONS: Final = Report(
    name="actions",
    title=_("Actions"),
    description=_("What the desk did or tried: who, to whom, on whose proof, and what came of it."),
    operation=Operation.EXPORT_ACTIONS,
    sees="recovery.view_account",
    span="at",
    span_label=_("Done"),
    columns=(
        Column(name="event", label=_("Event"), kind=Kind.NUMBER, expression="pk"),
        Column(name="at", label=_("Time"), kind=Kind.MOMENT, expression="at"),
        Column(name="operation", label=_("Operation"), expression="operation"),
        Column(name="outcome", label=_("Outcome"), expression="outcome"),
        Column(name="refusal", label=_("Why not"), expression="refusal"),
        Column(name="agent", label=_("No. of the agent"), expression="actor_id"),
        Column(name="agent_name", label=_("Agent"), expression="actor_name", field="actor_name"),
        Column(name="subject", label=_("No. of the subject"), expression="subject_id"),
        Column(
            name="subject_name",
            label=_("Subject"),
            expression="subject_name",
            field="subject_name",
        ),
        Column(name="tier", label=_("Tier of the subject"), expression="subject_tier"),
        Column(name="proofing", label=_("Way of proof"), expression="proofing"),
        Column(name="ticket", label=_("Ticket"), expression="ticket", field="ticket"),
        Column(name="reason", label=_("Reason"), expression="reason", field="reason"),
        Column(
            name="minutes_to_access",
            label=_("Minutes to restored access"),
            kind=Kind.NUMBER,
            expression=_minutes_to_access,
        ),
    ),
    everything=AuditEvent.objects.all,
    narrow=narrow_events,
    order=("-at", "-pk"),
    keep=_by_the_desk,
)
AGENTS: Final = Report(
    name="agents",
    title=_("Agents"),
    description=_("Each agent's work in a span of time: how much, refused, proven how, how fast."),
    operation=Operation.EXPORT_ACTIONS,
    sees="recovery.view_account",
    span="at",
    span_label=_("Done"),
    columns=(
        Column(name="agent", label=_("No. of the agent"), expression="actor_id"),
        Column(
            name="agent_name",
            label=_("Agent"),
            expression=lambda _now: Max("actor_name"),
            field="actor_name",
        ),
        Column(
            name="operations",
            label=_("Operations"),
            kind=Kind.NUMBER,
            expression=lambda _now: Count("pk"),
        ),
        Column(
            name="completed",
            label=_("Completed"),
            kind=Kind.NUMBER,
            expression=lambda _now: Count("pk", filter=COMPLETED),
        ),
        Column(
            name="refused",
            label=_("Refused"),
            kind=Kind.NUMBER,
            expression=lambda _now: Count("pk", filter=REFUSED),
        ),
        Column(
            name="refused_percent",
            label=_("Refused, per cent"),
            kind=Kind.NUMBER,
            expression=lambda _now: _percent(REFUSED, Q(pk__isnull=False)),
        ),
        *map(_done, DONE_BY_THE_DESK),
        *map(_proven, Proofing),
        Column(
            name="median_minutes_to_access",
            label=_("Median minutes to restored access"),
            kind=Kind.NUMBER,
            expression=lambda now: Median(_minutes_to_access(now)),
        ),
    ),
    everything=AuditEvent.objects.all,
    narrow=narrow_events,
    order=("actor_id",),
    keep=_by_an_agent,
    group="actor_id",
)
