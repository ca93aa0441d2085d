"""The review queue as a page: what waits, what was said of it, and how much of it was looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext_lazy as _

from console.disclosure import SEES_PEOPLE, SEES_SOURCES
from recovery.enums import Operation, ReviewCause, ReviewVerdict
from recovery.errors import text_of
from recovery.models import AuditEvent, ReviewItem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet
    from django.http import HttpRequest

PAGE: Final = 25
COUNTED_UP_TO: Final = 1_000
LONGEST_NUMBER: Final = 18
WAITING: Final = "waiting"
VERDICTS: Final = {WAITING: _("Waiting"), **dict(ReviewVerdict.choices), "all": _("All")}
CAUSES: Final = {"": _("Every cause"), **dict(ReviewCause.choices)}


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Which part of the queue is looked at, as the address says."""

    verdict: str = WAITING
    cause: str = ""
    after: int = 0

    @classmethod
    def of(cls, values: Any) -> View:
        """Read an address; what is no part of the queue is left out."""
        verdict, cause = values.get("verdict", WAITING), values.get("cause", "")
        return cls(
            verdict=verdict if verdict in VERDICTS else WAITING,
            cause=cause if cause in CAUSES else "",
            after=number(values.get("after", "")),
        )

    def query(self, **changes: Any) -> str:
        """The address of this part, or of another one; without what goes without saying."""
        values = {"verdict": self.verdict, "cause": self.cause, "after": self.after} | changes
        unsaid = {"verdict": WAITING, "cause": "", "after": 0}
        return urlencode({name: value for name, value in values.items() if value != unsaid[name]})

    def filters(self) -> dict[str, str]:
        """What it narrows the queue down to, for the ledger."""
        return {name: value for name in ("verdict", "cause") if (value := getattr(self, name))}

    def items(self) -> QuerySet[ReviewItem]:
        """The oldest first, from where the last page ended."""
        items = ReviewItem.objects.filter(sequence__gt=self.after).order_by("sequence")
        if self.verdict == WAITING:
            items = items.filter(verdict="")
        elif self.verdict != "all":
            items = items.filter(verdict=self.verdict)
        return items.filter(cause=self.cause) if self.cause else items


def queue(request: HttpRequest, view: View) -> dict[str, Any]:
    """One page of the queue, with the doors to its other parts."""
    items = list(view.items()[: PAGE + 1])
    shown = items[:PAGE]
    more = len(items) > PAGE
    return {
        "lines": _lines(request, shown),
        "next": _url(view, after=shown[-1].sequence) if more else "",
        "first": _url(view, after=0) if view.after else "",
        "verdicts": _doors(view, "verdict", VERDICTS),
        "causes": _doors(view, "cause", CAUSES),
        "is_waiting": view.verdict == WAITING,
        "may_sign_off": request.user.has_perm(Operation.SIGN_OFF_EVENT.permission),
        "kept": {"verdict": view.verdict, "cause": view.cause, "after": view.after},
        "list_url": list_url(),
        "here": f"{list_url()}?{view.query()}&",
    }


def number(text: str) -> int:
    """A row's number out of an address; 0 for what is none, or none that a database has."""
    is_one = text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER
    return int(text) if is_one else 0


def list_url() -> str:
    return reverse("admin:recovery_reviewitem_changelist")


def waiting() -> int:
    """How many wait, counted as far as a number helps."""
    return ReviewItem.objects.filter(verdict="")[:COUNTED_UP_TO].count()


def _doors(view: View, name: str, choices: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "label": label,
            "url": _url(view, **{name: value, "after": 0}),
            "is_here": getattr(view, name) == value,
        }
        for value, label in choices.items()
    ]


def _url(view: View, **changes: Any) -> str:
    query = view.query(**changes)
    return f"{list_url()}?{query}" if query else list_url()


def _lines(request: HttpRequest, items: Iterable[ReviewItem]) -> list[dict[str, Any]]:
    shown = list(items)
    events = AuditEvent.objects.in_bulk([item.event_id for item in shown])
    sees = {
        "people": request.user.has_perm(SEES_PEOPLE),
        "sources": request.user.has_perm(SEES_SOURCES),
    }
    me = str(request.user.pk)
    return [_line(item, events.get(item.event_id), me=me, **sees) for item in shown]


def in_words(request: HttpRequest, items: list[ReviewItem]) -> list[str]:
    """One event in a sentence, where it is one: what the dialog is about lies behind it."""
    lines = [line["event"] for line in _lines(request, items) if line["event"]]
    if len(lines) != 1:
        return []
    event = lines[0]
    names = [event.get("subject_name", ""), event.get("actor_name", "")]
    known = [str(event["label"]), *names, formats.localize(timezone.localtime(event["at"]))]
    return [" · ".join(filter(None, known)) + "."]


def _line(
    item: ReviewItem, event: AuditEvent | None, *, me: str, people: bool, sources: bool
) -> dict[str, Any]:
    return {
        "pk": item.pk,
        "sequence": item.sequence,
        "cause": item.get_cause_display(),
        "is_waiting": not item.verdict,
        "verdict": item.get_verdict_display(),
        "is_escalated": item.verdict == ReviewVerdict.ESCALATED,
        "reviewed_at": item.reviewed_at,
        "reviewer": item.reviewer_name if people else "",
        "comment": item.comment if people else "",
        "event": _event(event, people=people, sources=sources) if event else None,
        "why_not": text_of("reviews_their_own") if event and _is_own(event, me) else "",
    }


def _is_own(event: AuditEvent, me: str) -> bool:
    return me in {event.actor_id, event.subject_id}


def _event(event: AuditEvent, *, people: bool, sources: bool) -> dict[str, Any]:
    """What a reviewer has to know of an event, as far as they may."""
    known = {
        "at": event.at,
        "label": event.get_operation_display(),
        "outcome": event.outcome,
        "outcome_label": event.get_outcome_display(),
        "refusal": text_of(event.refusal),
        "proofing": event.get_proofing_display() if event.proofing else "",
        "url": reverse("admin:recovery_auditevent_change", args=[event.pk]),
    }
    if people:
        names = ("subject_name", "actor_name", "reason", "ticket")
        known |= {name: getattr(event, name) for name in names}
    return known | ({"source": event.source_address} if sources else {})
