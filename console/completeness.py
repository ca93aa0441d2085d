"""Each operation beside its notice and its ticket, what lacks one first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext_lazy as _

from console.disclosure import SEES_PEOPLE
from recovery import orphans
from recovery.addresses import mask_address
from recovery.conf import conf
from recovery.enums import NoticeState
from recovery.models import AuditEvent, Notice

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.http import HttpRequest

PAGE: Final = 50
USUAL_DAYS, MOST_DAYS = 30, 92
LONGEST_NUMBER: Final = 18
TONES: Final = {
    NoticeState.SENT: "good",
    NoticeState.QUEUED: "info",
    NoticeState.DEAD: "bad",
    NoticeState.CANCELLED: "quiet",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From one day to another, by the viewer's clock, and never more than a quarter."""

    first: date
    last: date

    @classmethod
    def of(cls, values: Any) -> Span:
        """Read an address; what is no day, or too long ago from its end, is left out."""
        last = _day(values.get("to", "")) or timezone.localdate()
        first = _day(values.get("from", "")) or last - timedelta(days=USUAL_DAYS - 1)
        longest = last - timedelta(days=MOST_DAYS - 1)
        return cls(first=min(max(first, longest), last), last=last)

    def moments(self) -> tuple[datetime, datetime]:
        """From its first moment to the first one after it."""
        after = self.last + timedelta(days=1)
        begin, end = (datetime.combine(day, time.min) for day in (self.first, after))
        return timezone.make_aware(begin), timezone.make_aware(end)


def page(request: HttpRequest) -> dict[str, Any]:
    """What lacks something first, then all of the span, the newest first."""
    span = Span.of(request.GET)
    people = request.user.has_perm(SEES_PEOPLE)
    events = _listed(span, request.GET.get("before", ""))
    shown = events[:PAGE]
    return {
        "span": span,
        "most_days": MOST_DAYS,
        "orphans": _orphans(span, people=people),
        "lines": _lines(shown, people=people),
        "next": _url(span, before=_place(shown[-1])) if len(events) > PAGE else "",
        "first": _url(span) if request.GET.get("before") else "",
    }


def _orphans(span: Span, *, people: bool) -> list[dict[str, Any]]:
    """The kinds of orphans that there are, each with its words; what is whole takes no room."""
    begin, end = span.moments()
    untold, looked_at_all = orphans.untold(begin, end)
    kinds = [
        _kind(
            _("Nobody was told"),
            _("Done, and told to nobody, although there was somebody to tell."),
            _lines(untold, people=people),
            looked_at_all=looked_at_all,
        ),
        _kind(
            _("Dead letters"),
            _("No mail server took the notice."),
            _letters(orphans.dead_letters(begin, end), people=people),
        ),
        _kind(
            _("Notices without an event"),
            _("A mail about something that is not on the ledger."),
            _letters(orphans.without_event(begin, end), people=people),
        ),
    ]
    if conf.TICKET_REQUIRED:
        rows = _lines(orphans.without_ticket(begin, end), people=people)
        about = _("Done by the desk, which wants a ticket for every operation.")
        kinds.append(_kind(_("Without a ticket"), about, rows))
    return kinds


def _kind(
    title: Any, about: Any, rows: list[dict[str, Any]], *, looked_at_all: bool = True
) -> dict[str, Any]:
    return {
        "title": title,
        "about": about,
        "rows": rows[: orphans.SHOWN],
        "more": len(rows) > orphans.SHOWN or not looked_at_all,
    }


def _listed(span: Span, before: str) -> list[AuditEvent]:
    events = orphans.announced(*span.moments())
    at, _separator, number = before.partition("_")
    moment = _moment(at)
    if moment is not None and number.isascii() and number.isdecimal():
        pk = int(number[:LONGEST_NUMBER])
        events = events.filter(Q(at__lt=moment) | Q(at=moment, pk__lt=pk), at__lte=moment)
    return list(events.order_by("-at", "-id")[: PAGE + 1])


def _lines(events: Iterable[AuditEvent], *, people: bool) -> list[dict[str, Any]]:
    """Each event with what became of its notices, and its ticket."""
    shown = list(events)
    states: dict[int, list[str]] = {}
    told = Notice.objects.to_subjects().filter(event_id__in=[event.pk for event in shown])
    for event_id, state in told.values_list("event_id", "state"):
        states.setdefault(event_id, []).append(state)
    return [_line(event, states.get(event.pk, []), people=people) for event in shown]


def _line(event: AuditEvent, states: list[str], *, people: bool) -> dict[str, Any]:
    line = {
        "at": event.at,
        "label": event.get_operation_display(),
        "url": reverse("admin:recovery_auditevent_change", args=[event.pk]),
        "has_ticket": bool(event.ticket),
        "notices": [
            {"label": state.label, "tone": TONES[state], "count": states.count(state)}
            for state in NoticeState
            if state in states
        ],
    }
    if people:
        names = ("subject_name", "actor_name", "ticket")
        line |= {name: getattr(event, name) for name in names}
    return line


def _letters(notices: Iterable[Notice], *, people: bool) -> list[dict[str, Any]]:
    return [_letter(notice, people=people) for notice in notices]


def _letter(notice: Notice, *, people: bool) -> dict[str, Any]:
    """A mail, as the subject of a line of its own."""
    event = reverse("admin:recovery_auditevent_change", args=[notice.event_id or 0])
    state = NoticeState(notice.state)
    return {
        "at": notice.ended_at or notice.queued_at,
        "label": notice.get_operation_display(),
        "url": event if notice.event_id and state is NoticeState.DEAD else "",
        "subject_name": mask_address(notice.address) if people else "",
        "notices": [{"label": state.label, "tone": TONES[state], "count": 1}],
        "is_letter": True,
        "error": notice.last_error,
    }


def _day(text: str) -> date | None:
    """A day of an address, if it is one that every zone has."""
    try:
        day = parse_date(text)
    except ValueError:
        return None
    return day if day is not None and MINYEAR + 1 < day.year < MAXYEAR else None


def _moment(text: str) -> datetime | None:
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    return moment if moment is not None and timezone.is_aware(moment) else None


def _place(event: AuditEvent) -> str:
    return f"{event.at.astimezone(UTC).isoformat()}_{event.pk}"


def _url(span: Span, **more: str) -> str:
    query = urlencode({"from": span.first.isoformat(), "to": span.last.isoformat()} | more)
    return f"{reverse('admin:completeness')}?{query}"
