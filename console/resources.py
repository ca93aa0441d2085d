"""What an export holds: closed lists of columns, and nothing a spreadsheet would run."""

from __future__ import annotations

from typing import Any

from import_export.fields import Field
from import_export.resources import ModelResource

from recovery.cells import cell
from recovery.models import Account, AuditEvent
from recovery.reports import Report
from recovery.reports.table import place


class HarmlessResource(ModelResource):
    """Every cell harmless, every time in ISO 8601, and no column that is hidden from its reader."""

    def __init__(self, *, hidden: frozenset[str] = frozenset(), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.hidden = hidden

    def get_import_order(self) -> list[str]:
        return [name for name in super().get_import_order() if name not in self.hidden]

    def get_export_order(self) -> list[str]:
        return [name for name in super().get_export_order() if name not in self.hidden]

    def export_field(self, field: Field, instance: Any, **kwargs: Any) -> Any:
        return cell(field.get_value(instance))


ACCOUNT_COLUMNS = {
    "name": "text__display_name",
    "login_name": "text__login_name",
    "address": "text__address",
    "staff_number": "text__staff_number",
    "tier": "tier",
    "enrolment": "enrolment",
    "flagged_at": "reenrolment_required_at",
    "due_at": "reenrolment_due_at",
    "codes_left": "backup_codes_left",
    "codes_issued": "backup_codes_total",
    "codes_issued_at": "backup_codes_issued_at",
    "last_recovered_at": "last_recovered_at",
    "frozen_at": "frozen_at",
}
EVENT_COLUMNS = {
    name: name
    for name in (
        "id",
        "at",
        "operation",
        "outcome",
        "refusal",
        "actor_id",
        "actor_name",
        "subject_id",
        "subject_name",
        "reason",
        "ticket",
        "proofing",
        "source_address",
        "user_agent",
        "verified_by",
        "authenticator",
        "detail",
    )
}


def _fields(columns: dict[str, str]) -> dict[str, Field]:
    return {
        name: Field(attribute=attribute, column_name=name) for name, attribute in columns.items()
    }


class AccountResource(HarmlessResource):
    """Accounts as a report administrator takes them out. It names its columns: no code, no key."""

    locals().update(_fields(ACCOUNT_COLUMNS))

    class Meta:
        model = Account
        name = "Accounts"
        fields = tuple(ACCOUNT_COLUMNS)
        export_order = fields


class EventResource(HarmlessResource):
    """Events as an auditor takes them out."""

    locals().update(_fields(EVENT_COLUMNS))

    class Meta:
        model = AuditEvent
        name = "Ledger"
        fields = tuple(EVENT_COLUMNS)
        export_order = fields


def resource_of(report: Report, *, hidden: frozenset[str] = frozenset()) -> HarmlessResource:
    """What import-export writes a report with, given the rows of ``Table.query``."""
    columns = {column.name: column for column in report.columns}
    fields = {
        name: Field(attribute=place(column), column_name=name) for name, column in columns.items()
    }
    model, names = report.everything().model, tuple(columns)
    meta = type("Meta", (), {"model": model, "fields": names, "export_order": names})
    kind = type(f"{report.name.title()}Resource", (HarmlessResource,), {**fields, "Meta": meta})
    return kind(hidden=frozenset(columns) - frozenset(report.headers(hidden)))
