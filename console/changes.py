"""Before and after: which columns an operation changed on an account, from what to what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.urls import reverse

from recovery.models import Account, AuditEvent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.http import HttpRequest

    from console.ledger_values import Reader

VIEW: Final = "recovery.view_historicalaccount"
VERSIONS_SHOWN: Final = 20
REASONS: Final = frozenset({"reenrolment_reason"})
"""Columns that repeat what an event holds of people."""


def may_see_versions(request: HttpRequest) -> bool:
    return bool(request.user.has_perm(VIEW))


def changes_of(event: AuditEvent, request: HttpRequest, reader: Reader) -> list[dict[str, Any]]:
    """The versions of accounts that were recorded together with the event, oldest first."""
    if not event.trace or not may_see_versions(request):
        return []
    versions = Account.history.filter(trace=event.trace).order_by("history_id")
    return [_change(version, reader) for version in versions[:VERSIONS_SHOWN]]


def events_of(versions: Iterable[Any]) -> dict[str, list[AuditEvent]]:
    """The events that were recorded together with versions, by their trace, in one statement."""
    traces = {version.trace for version in versions if version.trace}
    found: dict[str, list[AuditEvent]] = {}
    for event in AuditEvent.objects.filter(trace__in=traces).defer("content").order_by("pk"):
        found.setdefault(event.trace, []).append(event)
    return found


def _change(version: Any, reader: Reader) -> dict[str, Any]:
    return {
        "at": version.history_date,
        "account": version.id,
        "url": reverse("admin:recovery_account_simple_history", args=[version.id, version.pk]),
        "columns": _columns(version, reader),
    }


def _columns(version: Any, reader: Reader) -> list[dict[str, Any]]:
    """What this version has otherwise than the one before; of the first, nothing."""
    before = version.prev_record
    if before is None:
        return []
    return [
        {
            "name": Account._meta.get_field(change.field).verbose_name,
            "is_withheld": change.field in REASONS and "reason" in reader.hidden,
            "old": _shown(before, change.field),
            "new": _shown(version, change.field),
        }
        for change in version.diff_against(before).changes
    ]


def _shown(version: Any, field: str) -> Any:
    words = getattr(version, f"get_{field}_display", None)
    return words() if words else getattr(version, field)
