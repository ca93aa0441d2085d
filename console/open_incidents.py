"""What a lead has to look into: about whom, what it was, and where it is closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.urls import reverse

from console import incidents
from recovery.enums import IncidentKind, Operation
from recovery.models import AuditEvent, Incident

if TYPE_CHECKING:
    from collections.abc import Iterable

SHOWN: Final = 20


def still_open() -> list[dict[str, Any]]:
    """What waits for a lead, the oldest first."""
    still = Incident.objects.filter(closed_at__isnull=True).select_related("account__text")
    waiting = list(still.order_by("raised_at")[:SHOWN])
    events = _events_of(waiting)
    return [_incident(incident, events.get(incident.pk)) for incident in waiting]


def _incident(incident: Incident, event: AuditEvent | None) -> dict[str, Any]:
    account = incident.account
    return {
        "name": account.text.display_name if account is not None else "",
        "kind": incident.get_kind_display(),
        "raised_at": incident.raised_at,
        "froze": incident.froze,
        "about": _about(event),
        "url": _where(incident),
        **incidents.found_in(incident),
    }


def _where(incident: Incident) -> str:
    """The form that closes it: a dialog on the account, or a page of its own."""
    if incident.account_id is None:
        return incidents.url_of(incident)
    account = reverse("admin:recovery_account_change", args=[incident.account_id])
    return f"{account}?dialog={Operation.CLOSE_INCIDENT.value}"


def _about(event: AuditEvent | None) -> dict[str, Any] | None:
    if event is None:
        return None
    return {
        "operation_label": event.get_operation_display(),
        "actor_name": event.actor_name,
        "at": event.at,
        "url": reverse("admin:recovery_auditevent_change", args=[event.pk]),
    }


def _events_of(waiting: Iterable[Incident]) -> dict[int, AuditEvent]:
    """The event that each incident is about: vetoed, or escalated by a reviewer."""
    about = {one.pk: one.event_id for one in waiting if one.event_id} | _escalated(waiting)
    events = AuditEvent.objects.in_bulk(set(about.values()))
    return {pk: events[event_id] for pk, event_id in about.items() if event_id in events}


def _escalated(waiting: Iterable[Incident]) -> dict[int, int]:
    """An escalation keeps free the place of a veto, so its own event says what it is about."""
    raised = [one.raised_at for one in waiting if one.kind == IncidentKind.ESCALATED]
    said = AuditEvent.objects.filter(operation=Operation.ESCALATE_EVENT, at__in=raised)
    details = said.values_list("detail", flat=True) if raised else []
    return {one["incident"]: one["event"] for one in details if "incident" in one}
