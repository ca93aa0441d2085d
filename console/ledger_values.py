"""What an event holds, as far as the reader may see it, and which view of the ledger each opens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from console.disclosure import hidden_from

if TYPE_CHECKING:
    from django.http import HttpRequest

    from recovery.models import AuditEvent

FILTERS = {"ticket": "ticket", "source_address": "source"}
"""Texts that the ledger can be filtered by, each with the name of its filter."""


@dataclass(frozen=True, slots=True)
class Value:
    """A text, and the view of the ledger that it leads to."""

    text: str
    url: str = ""
    is_withheld: bool = False
    """There is something, and this reader may not see it."""

    @property
    def html(self) -> SafeString:
        """As a page shows it. By hand: there are hundreds on one, and a template costs more."""
        shown = format_html("<span>{}</span>", self.text) if self.text else ""
        if self.url:
            shown = format_html('<a href="{}">{}</a>', self.url, self.text)
        if not self.is_withheld:
            return mark_safe(shown)  # noqa: S308 - both are made by format_html
        return format_html('{} <em class="desk-note">{}</em>', shown, _("withheld"))


class Reader:
    """Reads events with the eyes of whoever asks."""

    def __init__(self, request: HttpRequest) -> None:
        self.hidden = hidden_from(request)
        self.ledger_url = reverse("admin:recovery_auditevent_changelist")

    def person(self, event: AuditEvent, kind: str) -> Value:
        """The event's ``subject`` or ``actor``: by id alone where names are withheld."""
        key, name = getattr(event, f"{kind}_id"), getattr(event, f"{kind}_name")
        is_withheld = f"{kind}_name" in self.hidden and bool(name)
        url = self.view(**{kind: key}) if key else ""
        if is_withheld or not name:
            return Value(_("No. %s") % key if key else "", url, is_withheld)
        return Value(name, url or self.view(**{f"{kind}_name": name}))

    def text(self, event: AuditEvent, field: str) -> Value:
        """One of the event's free texts or addresses."""
        value = getattr(event, field)
        if not value or field in self.hidden:
            return Value("", is_withheld=bool(value))
        return Value(value, self.view(**{FILTERS[field]: value}) if field in FILTERS else "")

    def view(self, **filters: Any) -> str:
        """The address of the ledger as these filters show it."""
        return f"{self.ledger_url}?{query(filters)}" if filters else self.ledger_url


def query(filters: dict[str, Any]) -> str:
    """Filters as an address has them; a time with its offset, for readers in another zone."""
    return urlencode({name: _written(value) for name, value in filters.items()}, doseq=True)


def event_url(event_id: int) -> str:
    return reverse("admin:recovery_auditevent_change", args=[event_id])


def _written(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return value if isinstance(value, list) else str(value)
