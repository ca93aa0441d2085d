"""The rows of a table that was brought in: in words, page by page, and how many of which kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from django.db.models import Case, CharField, Count, F, Value, When
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from console.review import number
from recovery import errors
from recovery.addresses import mask_address
from recovery.enums import JobState, Operation, RowState
from recovery.errors import text_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.http import HttpRequest

    from recovery.models import Job, JobRow

PAGE: Final = 50
STATES: Final = {
    "": _("All"),
    RowState.WAITING.value: _("Would be done"),
    RowState.DONE.value: _("Done"),
    RowState.UNCHANGED.value: _("Already so"),
    RowState.REFUSED.value: _("Refused"),
}
BADGES: Final = {
    RowState.WAITING: "info",
    RowState.DONE: "good",
    RowState.UNCHANGED: "info",
    RowState.REFUSED: "warn",
}
IN_A_COLUMN: Final = (
    errors.PersonUnknown.code,
    errors.CellsDontFit.code,
    errors.CellIsFormula.code,
    errors.CellNotText.code,
    errors.CellTooLong.code,
    errors.CellUnprintable.code,
)
"""Reasons that name one of a few columns."""
NOT_DONE: Final = _("Not done")
"""What is said of a row that waited as its job was broken off."""
IMPOSSIBLE: Final = frozenset({JobState.CANCELLED, JobState.FAILED})


def about(job: Job) -> dict[str, Any]:
    """What of the job is said in words."""
    return {
        "operation": Operation(job.operation).label,
        "failure": failure_of(job),
        "is_ready": job.state == JobState.READY,
        "is_checking": job.is_under_way and job.parameters.get("phase") == "check",
        "is_one_go": job.parameters.get("mode") == "all",
        "is_undone": job.parameters.get("undone", False),
        "columns": job.parameters.get("columns", []),
        "ignored": job.parameters.get("ignored", []),
        "reasons": _reasons(job),
        "problems_url": reverse("admin:import_problems", args=[job.pk]),
    }


def failure_of(job: Job) -> str:
    """Why the job was not done, with the line where there is one."""
    if not job.failure:
        return ""
    known = text_of(job.failure, **job.parameters.get("problem", {}))
    return known or str(_("Something broke. It is in the log; bring the table in once more."))


def why_not(row: JobRow) -> str:
    """Why nothing is, or need be, done for a row."""
    return text_of(row.refusal, at=row.value) if row.refusal else ""


def page(request: HttpRequest, job: Job) -> dict[str, Any]:
    """One page of the rows, with the doors to the others."""
    state, after = request.GET.get("state", ""), number(request.GET.get("after", ""))
    state = state if state in STATES else ""
    rows = job.rows.filter(number__gt=after).order_by("number")
    found = list((rows.filter(state=state) if state else rows)[: PAGE + 1])
    shown = found[:PAGE]
    return {
        "lines": [_line(request, job, row) for row in shown],
        "next": _url(job, state, shown[-1].number) if len(found) > PAGE else "",
        "first": _url(job, state) if after else "",
        "doors": [
            {"label": label, "url": _url(job, name), "is_here": name == state}
            for name, label in STATES.items()
        ],
    }


def _line(request: HttpRequest, job: Job, row: JobRow) -> dict[str, Any]:
    user = request.user
    sees_account = row.account_id and user.has_perm("recovery.view_account")
    sees_event = row.event_id and user.has_perm("recovery.view_auditevent")
    return {
        "number": row.number,
        "given": row.given,
        "address": mask_address(row.value) if "@" in row.value else "",
        "state": _state(job, row),
        "badge": BADGES[RowState(row.state)],
        "why": why_not(row),
        "account": reverse("admin:recovery_account_change", args=[row.account_id])
        if sees_account
        else "",
        "event": reverse("admin:recovery_auditevent_change", args=[row.event_id])
        if sees_event
        else "",
    }


def _state(job: Job, row: JobRow) -> Any:
    if row.state == RowState.WAITING and job.state in IMPOSSIBLE:
        return NOT_DONE
    return STATES[row.state]


def _reasons(job: Job) -> Iterable[tuple[str, int]]:
    """How often which reason, the most frequent first; while it is counted, none."""
    if job.is_under_way:
        return []
    where = Case(
        When(refusal__in=IN_A_COLUMN, then=F("value")),
        default=Value("…"),
        output_field=CharField(),
    )
    why = job.rows.exclude(refusal="").order_by().values_list("refusal", where)
    counted = why.annotate(times=Count("pk")).order_by("-times", "refusal")
    return [(text_of(code, at=at), times) for code, at, times in counted]


def _url(job: Job, state: str, after: int = 0) -> str:
    asked = {"state": state, "after": after}
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"{reverse('admin:import_preview', args=[job.pk])}?{query}"
