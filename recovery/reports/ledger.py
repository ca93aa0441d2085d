"""The ledger as a table, as an auditor takes it out."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _

from recovery.canonical import COMMITTED
from recovery.enums import Operation
from recovery.lists import narrow_events
from recovery.models import AuditEvent
from recovery.reports.table import Column, Kind, Report

FIELDS: Final = {
    "id": Kind.NUMBER,
    "at": Kind.MOMENT,
    "operation": Kind.TEXT,
    "outcome": Kind.TEXT,
    "refusal": Kind.TEXT,
    "actor_id": Kind.TEXT,
    "actor_name": Kind.TEXT,
    "subject_id": Kind.TEXT,
    "subject_name": Kind.TEXT,
    "reason": Kind.TEXT,
    "ticket": Kind.TEXT,
    "proofing": Kind.TEXT,
    "source_address": Kind.TEXT,
    "user_agent": Kind.TEXT,
    "verified_by": Kind.TEXT,
    "authenticator": Kind.TEXT,
    "detail": Kind.DETAIL,
}


def _column(name: str, kind: Kind) -> Column:
    labels = {one.name: one.verbose_name for one in AuditEvent._meta.concrete_fields}
    return Column(
        name=name,
        label=labels[name],
        kind=kind,
        expression=name,
        field=name if name in COMMITTED else "",
    )


LEDGER: Final = Report(
    name="ledger",
    title=_("Ledger"),
    description=_("The events themselves, with every field that you may see."),
    operation=Operation.EXPORT_EVENTS,
    sees="recovery.view_auditevent",
    span="at",
    span_label=_("Time"),
    columns=tuple(_column(name, kind) for name, kind in FIELDS.items()),
    everything=AuditEvent.objects.all,
    narrow=narrow_events,
    order=("-at", "-pk"),
)
