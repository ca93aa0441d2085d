"""The figures an agent needs first, each a door to the list behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from console import integrity, open_incidents, pictures, review
from console.navigation import READS_LEDGER, REVIEWS
from recovery.conf import conf
from recovery.enums import OPEN_LINK_STATES, READ_OPERATIONS, Operation
from recovery.models import Account, AuditEvent, Notice, RecoveryLink

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

COUNTED_UP_TO = 1_000
"""Beyond this the exact number helps nobody, and counting on costs a scan."""
ACTIONS_SHOWN = 8
CLOSE = Operation.CLOSE_INCIDENT.permission


def front_page(request: HttpRequest) -> dict[str, Any]:
    """The context of the front page, by what the viewer may see."""
    sees_accounts = request.user.has_perm("recovery.view_account")
    return {
        "title": _("Front page"),
        "figures": _figures() if sees_accounts else [],
        "incidents": open_incidents.still_open() if request.user.has_perm(CLOSE) else [],
        "strip": integrity.strip(integrity.DAYS_IN_FRONT) if READS_LEDGER(request) else None,
        "waiting": _waiting() if REVIEWS(request) else None,
        "recent": _own_actions(request),
        "pictures": pictures.shown(request, at_most=pictures.FRONT),
    }


def _figures() -> list[dict[str, Any]]:
    accounts = Account.objects
    links = RecoveryLink.objects.filter(state__in=OPEN_LINK_STATES)
    undelivered = accounts.filter(pk__in=Notice.objects.undelivered().values("account_id"))
    return [
        _figure(_("No codes left"), accounts.without_codes(), "codes=none", "bad"),
        _figure(_("Few codes left"), accounts.low_on_codes(limit=conf.LOW_CODE_COUNT), "codes=low"),
        _figure(_("Have to re-enrol"), accounts.flagged(), "flag=flagged"),
        _figure(_("Re-enrolment overdue"), accounts.overdue(), "flag=overdue", "bad"),
        _figure(_("Recovery links open"), links, "mail=link_open", "info"),
        _figure(_("Mail undeliverable"), undelivered, "mail=undeliverable", "bad"),
    ]


def _waiting() -> dict[str, Any]:
    """How long the review queue is."""
    count = review.waiting()
    return {
        "title": _("Waiting for review"),
        "value": count,
        "capped": count == review.COUNTED_UP_TO,
        "url": review.list_url(),
        "level": "warn" if count else "good",
    }


def _figure(title: Any, rows: QuerySet[Any], query: str, level: str = "warn") -> dict[str, Any]:
    count = rows.order_by()[: COUNTED_UP_TO + 1].count()
    return {
        "title": title,
        "value": min(count, COUNTED_UP_TO),
        "capped": count > COUNTED_UP_TO,
        "url": f"{reverse('admin:recovery_account_changelist')}?{query}",
        "level": level if count else "good",
    }


def _own_actions(request: HttpRequest) -> list[dict[str, Any]]:
    own = AuditEvent.objects.filter(actor_id=str(request.user.pk)).exclude(subject_id="")
    own = own.exclude(operation__in=READ_OPERATIONS)
    last = list(own.order_by("-at", "-id")[:ACTIONS_SHOWN])
    urls = _account_urls(last) if request.user.has_perm("recovery.view_account") else {}
    return [
        {
            "at": event.at,
            "operation_label": event.get_operation_display(),
            "outcome": event.outcome,
            "outcome_label": event.get_outcome_display(),
            "subject_name": event.subject_name,
            "url": urls.get(event.subject_id, ""),
        }
        for event in last
    ]


def _account_urls(events: list[AuditEvent]) -> dict[str, str]:
    """The pages of those whom events are about, as far as their accounts still exist."""
    found = Account.objects.filter(user_id__in={event.subject_id for event in events})
    return {
        str(user_id): reverse("admin:recovery_account_change", args=[pk])
        for user_id, pk in found.values_list("user_id", "pk")
    }
