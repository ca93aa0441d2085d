"""What an export holds: closed lists of columns, and nothing a spreadsheet would run."""

from __future__ import annotations

import re
from datetime import UTC
from typing import TYPE_CHECKING, Any

from import_export.fields import Field
from import_export.resources import ModelResource

from recovery.models import Account, AuditEvent

if TYPE_CHECKING:
    from datetime import datetime

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What makes a spreadsheet take a text for a formula, full-width kin included."""


UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
"""What a terminal would obey, and what an XLSX file may not hold: one would spoil it for all."""


def harmless(value: Any) -> Any:
    """A text that no spreadsheet runs: one that could be a formula starts with an apostrophe."""
    if not isinstance(value, str):
        return value
    text = UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", value)
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA_STARTS) else text


def iso(moment: datetime | None) -> str:
    """A time in UTC, in ISO 8601 with its offset."""
    return moment.astimezone(UTC).isoformat(timespec="seconds") if moment else ""


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
        value = field.get_value(instance)
        return iso(value) if hasattr(value, "isoformat") else harmless(_plain(value))


def _plain(value: Any) -> Any:
    if value is None:
        return ""
    return value if isinstance(value, str | int) else str(value)


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
