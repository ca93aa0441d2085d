"""What came of a job's rows, a page of them at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Q
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from console import displays
from recovery.enums import RowState
from recovery.errors import text_of
from recovery.models import Account, JobRow

if TYPE_CHECKING:
    from django.http import HttpRequest

    from recovery.models import Job

ROWS: Final = 50
LARGEST_ID: Final = 2**63 - 1
ROW_TONES: Final = {RowState.DONE: "good", RowState.REFUSED: "warn"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a list a page begins: after this number."""

    after: int | None

    @classmethod
    def of(cls, text: str) -> Place:
        """What an address says; the beginning, if that is no place."""
        is_number = text.isascii() and text.isdecimal() and int(text[:20]) <= LARGEST_ID
        return cls(int(text[:20]) if is_number else None)

    def onward(self, field: str, *, down: bool = False) -> Q:
        return (
            Q() if self.after is None else Q(**{f"{field}__{'lt' if down else 'gt'}": self.after})
        )


def page(request: HttpRequest, job: Job) -> dict[str, Any]:
    """A page of the rows in one state: those that were refused, unless another is asked for."""
    state = _asked_state(request, job)
    place = Place.of(request.GET.get("after", ""))
    fit = JobRow.objects.filter(job=job, state=state).filter(place.onward("number"))
    found = list(fit.order_by("number")[: ROWS + 1])
    shown = found[:ROWS]
    return {
        "state": state,
        "label": RowState(state).label,
        "doors": _doors(job, state),
        "lines": _lines(request, shown),
        "first": f"?state={state}" if place.after is not None else "",
        "next": f"?state={state}&after={shown[-1].number}" if len(found) > ROWS else "",
    }


def _asked_state(request: HttpRequest, job: Job) -> RowState:
    asked = request.GET.get("state", "")
    if asked in RowState:
        return RowState(asked)
    return RowState.REFUSED if job.rows_refused or not job.rows_done else RowState.DONE


def _doors(job: Job, chosen: RowState) -> list[dict[str, Any]]:
    counts = {
        RowState.REFUSED: job.rows_refused,
        RowState.UNCHANGED: job.rows_unchanged,
        RowState.DONE: job.rows_done,
        RowState.WAITING: max(0, job.rows_total - job.rows_seen),
    }
    return [
        {
            "label": f"{state.label}: {number_format(count)}",
            "url": f"?state={state}",
            "is_here": state == chosen,
        }
        for state, count in counts.items()
        if count or state == chosen
    ]


def _lines(request: HttpRequest, shown: list[JobRow]) -> list[dict[str, Any]]:
    may_name = request.user.has_perm("recovery.view_account")
    names = _names(shown) if may_name else {}
    reads = request.user.has_perm("recovery.view_auditevent")
    return [
        {
            "number": row.number,
            "name": names.get(row.account_id) or row.given or _nobody(row),
            "url": _account_url(row) if row.account_id in names else "",
            "state": displays.badge(
                RowState(row.state).label, tone=ROW_TONES.get(RowState(row.state), "quiet")
            ),
            "refusal": text_of(row.refusal) if row.refusal else "",
            "event_url": _event_url(row) if reads and row.event_id else "",
        }
        for row in shown
    ]


def _names(shown: list[JobRow]) -> dict[int, str]:
    pks = [row.account_id for row in shown if row.account_id is not None]
    named = Account.objects.filter(pk__in=pks)
    return {pk: name or str(pk) for pk, name in named.values_list("pk", "text__display_name")}


def _nobody(row: JobRow) -> Any:
    return _("Account no. %s") % row.account_id if row.account_id else ""


def _account_url(row: JobRow) -> str:
    return reverse("admin:recovery_account_change", args=[row.account_id])


def _event_url(row: JobRow) -> str:
    return reverse("admin:recovery_auditevent_change", args=[row.event_id])
