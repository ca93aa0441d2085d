"""Makes the OCSF form of one event, and the line that it is sent as."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from django.utils import translation

from recovery.audit.ocsf import rights, table
from recovery.audit.ocsf.parts import (
    LEDGER,
    PRODUCT,
    actor_of,
    of_class,
    request_of,
    source_of,
)
from recovery.audit.ocsf.table import EventClass
from recovery.canonical import moment
from recovery.conf import conf
from recovery.enums import Operation, Outcome
from recovery.logs import mask_links

if TYPE_CHECKING:
    from recovery.audit.ocsf.table import Activity
    from recovery.models import AuditEvent, ChainEntry

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND: Final = timedelta(milliseconds=1)
SUCCESS, FAILURE, NEW = (1, "Success"), (2, "Failure"), (1, "New")
HOMES: Final = (
    (("user", "entity", "group"), ("subject_id", "subject_name")),
    (("actor",), ("actor_id", "actor_name", "session_digest", "source_address")),
    (("http_request",), ("user_agent",)),
)
"""Where OCSF has a place for a field, in classes that have that part."""
NOTHING: Final[tuple[object, ...]] = ("", None, {})
UNMAPPED: Final = (
    *("operation", "outcome", "refusal", "subject_tier", "reason", "ticket", "proofing"),
    *("verified_by", "authenticator", "detail"),
)


def line_of(entry: ChainEntry) -> str:
    """The event as one line of plain ASCII: no break, no control character, no link's token."""
    event = _masked(event_of(entry))
    return json.dumps(event, ensure_ascii=True, allow_nan=False, separators=(",", ":"))


def event_of(entry: ChainEntry) -> dict[str, Any]:
    """The event in OCSF's words. What those have no place for is under ``unmapped``."""
    event = entry.event
    activity = activity_of(event)
    parts = of_class(event, activity.event_class) | _from_where(event, activity.event_class)
    told = _classified(event, activity) | parts | {"metadata": _metadata(entry)}
    return _without_empty(told) | {"unmapped": _unmapped(entry, parts)}


def activity_of(event: AuditEvent) -> Activity:
    """What happened, in OCSF's words. Rights may be given or taken, to people or to groups."""
    operation = Operation(event.operation)
    if operation is Operation.CHANGE_RIGHTS:
        return rights.activity_of(event.detail)
    return table.ACTIVITIES[operation]


def _classified(event: AuditEvent, activity: Activity) -> dict[str, Any]:
    operation, outcome = Operation(event.operation), Outcome(event.outcome)
    number, word = _status(outcome, activity.event_class)
    severities = table.SEVERITIES
    return {
        "category_uid": activity.event_class.category,
        "class_uid": int(activity.event_class),
        "activity_id": activity.number,
        "activity_name": activity.name or _plain(operation),
        "type_uid": activity.event_class * 100 + activity.number,
        "time": (event.at - EPOCH) // MILLISECOND,
        "severity_id": max(severities[outcome], severities.get(operation, table.INFORMATIONAL)),
        "message": f"{_plain(operation)}: {_plain(outcome)}",
        "status_id": number,
        "status": word,
        "status_code": outcome.value,
        "status_detail": event.refusal,
    }


def _status(outcome: Outcome, event_class: EventClass) -> tuple[int, str]:
    if event_class is EventClass.DETECTION_FINDING:
        return NEW
    return SUCCESS if outcome is Outcome.COMPLETED else FAILURE


def _from_where(event: AuditEvent, event_class: EventClass) -> dict[str, Any]:
    """Who it was and where they came from, as far as the class has room for it."""
    parts: dict[str, Any] = {}
    if event_class not in table.WITHOUT_ACTOR:
        parts |= {"actor": actor_of(event), "src_endpoint": source_of(event)}
    if event_class not in table.WITHOUT_REQUEST:
        parts |= {"http_request": request_of(event)}
    return parts


def _metadata(entry: ChainEntry) -> dict[str, Any]:
    event = entry.event
    return {
        "version": conf.OCSF_VERSION,
        "product": {"name": PRODUCT, "vendor_name": PRODUCT},
        "log_name": LEDGER,
        "uid": entry.hash,
        "sequence": entry.sequence,
        "event_code": event.operation,
        "correlation_uid": event.trace,
        "original_time": moment(event.at),
    }


def _unmapped(entry: ChainEntry, parts: dict[str, Any]) -> dict[str, Any]:
    """Our own fields under their own names, and those of OCSF's that the class has no room for."""
    homeless = (name for homes, names in HOMES if parts.keys().isdisjoint(homes) for name in names)
    event = entry.event
    fields = {name: getattr(event, name) for name in (*UNMAPPED, *homeless)}
    held = {"event": event.pk, "hash": entry.hash} | fields
    return {name: value for name, value in held.items() if value not in NOTHING}


@cache
def _plain(word: Operation | Outcome) -> str:
    """The word's label as it stands in the source: what a SIEM is told depends on no language."""
    with translation.override(None):
        return str(word.label)


def _masked(value: Any) -> Any:
    """Blot links' tokens out of free text, where it is still text and not yet a line."""
    if isinstance(value, dict):
        return {name: _masked(held) for name, held in value.items()}
    if isinstance(value, list):
        return [_masked(held) for held in value]
    return mask_links(value) if isinstance(value, str) else value


def _without_empty(parts: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is not known: OCSF tells an empty text from none."""
    kept = {
        name: _without_empty(held) if isinstance(held, dict) else held
        for name, held in parts.items()
    }
    return {name: held for name, held in kept.items() if held not in NOTHING}
