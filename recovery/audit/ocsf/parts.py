"""What each class asks for besides what every event has."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from recovery.audit.ocsf import rights, table
from recovery.audit.ocsf.table import EventClass
from recovery.enums import AuthenticatorKind, Operation, Outcome

if TYPE_CHECKING:
    from recovery.models import AuditEvent

PRODUCT: Final = "Sparekey"
LEDGER: Final = "ledger"
ANYBODY, PERSON = 0, 1
"""OCSF's types of a user: unknown, and a regular one."""
APPLICATION_LOG, ENTITY_OF_ANOTHER_KIND, USER_ENTITY = 2, 99, 2
OTP_FACTOR, OTHER_FACTOR = 7, 99
LONGEST_ADDRESS: Final = 40


def of_class(event: AuditEvent, event_class: EventClass) -> dict[str, Any]:
    """The attributes that this class has and others have not."""
    return MAKERS[event_class](event)


def session_of(event: AuditEvent) -> dict[str, Any]:
    """The session, by a digest of its key."""
    return {"uid": event.session_digest}


def person(uid: str, name: str) -> dict[str, Any]:
    """Somebody as OCSF's user; nobody knows who, where both are empty."""
    if not uid and not name:
        return {"name": "unknown", "type_id": ANYBODY}
    return {"uid": uid, "name": name, "type_id": PERSON}


def actor_of(event: AuditEvent) -> dict[str, Any]:
    """On whose authority it was: a person, or a command or the worker by its name."""
    by_program = {"app_name": event.actor_name}
    by_person = {"user": person(event.actor_id, event.actor_name)}
    return (by_person if event.actor_id else by_program) | {"session": session_of(event)}


def source_of(event: AuditEvent) -> dict[str, Any]:
    """Where it came from; what was counted by network has a network, which is a name to OCSF."""
    source = event.source_address
    try:
        ipaddress.ip_address(source)
    except ValueError:
        return {"name": source}
    return {"ip" if len(source) <= LONGEST_ADDRESS else "name": source}


def request_of(event: AuditEvent) -> dict[str, Any]:
    """The request, as far as the ledger knows it."""
    return {"user_agent": event.user_agent}


def _subject(event: AuditEvent) -> dict[str, Any]:
    return person(event.subject_id, event.subject_name or rights.holder_of(event.detail))


def _claimant(event: AuditEvent) -> dict[str, Any]:
    """Who signs in, or tries to."""
    if event.subject_id or event.subject_name or not event.actor_id:
        return _subject(event)
    return person(event.actor_id, event.actor_name)


def _factors(event: AuditEvent) -> dict[str, Any]:
    kind = table.FACTORS.get(Operation(event.operation), event.verified_by)
    if not kind:
        return {}
    is_app = kind == AuthenticatorKind.TOTP
    factor = {"factor_type_id": OTP_FACTOR, "factor_type": "OTP", "is_totp": True}
    other = {"factor_type_id": OTHER_FACTOR, "factor_type": str(kind)}
    return {"auth_factors": [factor if is_app else other]}


def _account_change(event: AuditEvent) -> dict[str, Any]:
    changed = _factors(event) if Operation(event.operation) in table.FACTORS else {}
    return {"user": _subject(event)} | changed


def _authentication(event: AuditEvent) -> dict[str, Any]:
    factors = _factors(event)
    return {
        "user": _claimant(event),
        "service": {"name": PRODUCT},
        "session": session_of(event),
        "is_mfa": bool(factors) and event.outcome == Outcome.COMPLETED,
        "is_remote": True,
    } | factors


def _entity_management(event: AuditEvent) -> dict[str, Any]:
    entity = {
        "name": table.THINGS[Operation(event.operation)],
        "uid": str(event.detail.get("event", "")),
        "type_id": ENTITY_OF_ANOTHER_KIND,
        "type": "Other",
    }
    if event.subject_id or event.subject_name:
        about = {"uid": event.subject_id, "user": _subject(event)}
        entity |= about | {"type_id": USER_ENTITY, "type": "User"}
    return {"entity": entity, "comment": event.reason}


def _user_access(event: AuditEvent) -> dict[str, Any]:
    return {"user": _subject(event), "privileges": rights.privileges_in(event.detail)}


def _group_management(event: AuditEvent) -> dict[str, Any]:
    group = {"name": str(event.detail.get("of") or "unknown")}
    return {"group": group, "privileges": rights.privileges_in(event.detail)}


def _log_activity(_: AuditEvent) -> dict[str, Any]:
    return {"log_name": LEDGER, "log_type_id": APPLICATION_LOG, "log_type": "Application"}


def _lifecycle(event: AuditEvent) -> dict[str, Any]:
    detail = event.detail
    service, version = str(detail.get("service", "")), str(detail.get("version", ""))
    return {"app": {"name": PRODUCT, "uid": service, "version": version}}


def _finding(event: AuditEvent) -> dict[str, Any]:
    title = f"{PRODUCT}: the ledger is {event.detail.get('finding', 'broken')}"
    finding = {"uid": str(event.detail.get("incident", event.pk)), "title": title}
    return {"finding_info": finding, "is_alert": True}


MAKERS: Final[dict[EventClass, Callable[[AuditEvent], dict[str, Any]]]] = {
    EventClass.EVENT_LOG_ACTIVITY: _log_activity,
    EventClass.DETECTION_FINDING: _finding,
    EventClass.ACCOUNT_CHANGE: _account_change,
    EventClass.AUTHENTICATION: _authentication,
    EventClass.ENTITY_MANAGEMENT: _entity_management,
    EventClass.USER_ACCESS: _user_access,
    EventClass.GROUP_MANAGEMENT: _group_management,
    EventClass.APPLICATION_LIFECYCLE: _lifecycle,
}
