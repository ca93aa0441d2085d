"""What an export holds: closed lists of columns, and nothing a spreadsheet would run."""

from __future__ import annotations

from typing import Any

from import_export.fields import Field
from import_export.resources import ModelResource

from recovery.cells import cell
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
