"""The ledger as a timeline: one row an event, by days, each value a way to a narrower view."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from console import displays
from console.admin.keyset import NewestFirst, page
from console.admin.ledger_filters import LedgerFilters
from console.disclosure import hidden_from
from console.ledger_values import Reader, event_url, query
from recovery.enums import Operation, Outcome, Tier
from recovery.errors import text_of
from recovery.models import AuditEvent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpRequest, HttpResponse

LABELS = {"operation": Operation, "outcome": Outcome, "tier": Tier}


class Timeline:
    """The list of events. It turns pages by place, and never counts or skips rows."""

    @method_decorator(require_safe)
    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        filters = LedgerFilters(request.GET, hidden=hidden_from(request))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Timeline"),
            "opts": self.opts,
            "is_fullwidth": "1",
            "timeline": timeline(filters, Reader(request)),
            "can_export": self.has_export_permission(request),
            **(extra_context or {}),
        }
        status = 200 if filters.is_valid() else 400
        return TemplateResponse(request, "console/timeline.html", context, status=status)


def timeline(filters: LedgerFilters, reader: Reader) -> dict[str, Any]:
    """One page of the ledger, with the way to the next and to the one before."""
    events = filters.narrow(AuditEvent.objects.select_related("entry").defer("content"))
    places = filters.cleaned_data
    shown = page(events, NewestFirst(), onward=places.get("before"), back=places.get("after"))
    chosen = filters.chosen
    return {
        "filters": filters,
        "chips": list(_chips(chosen, shown.rows, reader)),
        "labels": _labels(),
        "days": list(_days(shown.rows, reader)),
        "zone": timezone.get_current_timezone_name(),
        "older_url": reader.view(**chosen, before=shown.onward) if shown.onward else "",
        "newer_url": reader.view(**chosen, after=shown.back) if shown.back else "",
        "newest_url": reader.view(**chosen),
        "all_url": reader.ledger_url,
        "export_url": f"{reverse('admin:recovery_auditevent_export')}?{query(chosen)}",
    }


def _labels() -> dict[str, str]:
    """What stands above a column and, where there is no room for columns, beside its values."""
    return {
        "subject": _("Subject"),
        "privileged": _("Privileged"),
        "actor": _("Agent"),
        "ticket": _("Ticket"),
        "source": _("Source"),
        "sequence": _("Sequence"),
    }


def _days(events: list[AuditEvent], reader: Reader) -> Iterator[dict[str, Any]]:
    for _day, rows in groupby(events, key=lambda event: timezone.localdate(event.at)):
        of_day = [_row(event, reader) for event in rows]
        yield {"at": of_day[0]["at"], "rows": of_day}


def _row(event: AuditEvent, reader: Reader) -> dict[str, Any]:
    entry = getattr(event, "entry", None)
    return {
        "at": event.at,
        "url": event_url(event.pk),
        "operation": event.get_operation_display(),
        "outcome": displays.outcome_badge(event.outcome),
        "refusal": text_of(event.refusal) if event.refusal else "",
        "subject": reader.person(event, "subject"),
        "is_privileged": event.subject_tier == Tier.PRIVILEGED,
        "actor": reader.person(event, "actor"),
        "ticket": reader.text(event, "ticket"),
        "source": reader.text(event, "source_address"),
        "sequence": entry.sequence if entry else None,
    }


def _chips(
    chosen: dict[str, Any], events: list[AuditEvent], reader: Reader
) -> Iterator[dict[str, Any]]:
    """Each filter that is set, in words, with the view that is left without it."""
    for name, value in chosen.items():
        without = {other: kept for other, kept in chosen.items() if other != name}
        for one in value if isinstance(value, list) else [value]:
            left = [kept for kept in value if kept != one] if isinstance(value, list) else []
            yield {
                "label": LedgerFilters.base_fields[name].label,
                "text": _in_words(name, one, events, reader),
                "url": reader.view(**without | ({name: left} if left else {})),
            }


def _in_words(name: str, value: Any, events: list[AuditEvent], reader: Reader) -> str:
    if name in LABELS:
        return str(LABELS[name](value).label)
    if name == "refusal":
        return text_of(value) or value
    if name == "in_hour":
        return value.words
    if name in {"since", "until"}:
        return formats.date_format(timezone.localtime(value), "j M Y, H:i:s")
    if name in {"subject", "actor"}:
        return reader.person(events[0], name).text if events else _("No. %s") % value
    return str(value)
