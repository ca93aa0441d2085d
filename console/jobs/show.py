"""What the pages of jobs show: which jobs there are, how far one is, and what came of its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from console import displays
from console.jobs.rows import ROWS, Place
from recovery.enums import JobKind, JobState, Operation
from recovery.errors import text_of
from recovery.jobs.working import BROKEN
from recovery.models import Job

if TYPE_CHECKING:
    from django.http import HttpRequest

ALL_IN_VIEW: Final = 99
"""The badge counts no further."""
OWN_PAGES: Final = {(JobKind.IMPORT, JobState.READY): "import_preview"}
"""Jobs that have something to say on a page of their own while they are so."""
TONES: Final = {
    JobState.DONE: "good",
    JobState.FAILED: "bad",
    JobState.CANCELLED: "quiet",
    JobState.READY: "warn",
}
WENT_WRONG: Final = _(
    "Something went wrong that was nobody's decision. What is done stays done; whoever runs "
    "Sparekey finds the cause in its log."
)


def url_of(job: Job) -> str:
    """Where whoever wants to know of a job is sent."""
    return reverse(f"admin:{_own_page(job) or 'job'}", args=[job.pk])


def _own_page(job: Job) -> str:
    return OWN_PAGES.get((JobKind(job.kind), JobState(job.state)), "")


def sees_any(user: Any) -> bool:
    """Whether somebody may ask for jobs, and so has a list of theirs."""
    return any(
        user.has_perm(operation.permission)
        for operation in (
            Operation.ACT_ON_MANY,
            Operation.IMPORT_TABLE,
            Operation.EXPORT_ACCOUNTS,
            Operation.EXPORT_EVENTS,
            Operation.EXPORT_ACTIONS,
        )
    )


def under_way(user: Any) -> int:
    """How many of somebody's jobs are not at their end."""
    return Job.objects.under_way().filter(owner=user.pk)[:ALL_IN_VIEW].count()


def listed(request: HttpRequest) -> dict[str, Any]:
    """A page of the jobs that the viewer may see, the newest first."""
    place = Place.of(request.GET.get("after", ""))
    seen = Job.objects.seen_by(request.user).defer("parameters", "authority")
    found = list(seen.filter(place.onward("pk", down=True)).order_by("-pk")[: ROWS + 1])
    shown = found[:ROWS]
    return {
        "jobs": [line(job) for job in shown],
        "first": reverse("admin:jobs") if place.after is not None else "",
        "next": f"?after={shown[-1].pk}" if len(found) > ROWS else "",
        "is_of_all": request.user.has_perm(Operation.ACT_ON_MANY.permission),
    }


def line(job: Job) -> dict[str, Any]:
    """A job as a list shows it."""
    return {
        "job": job,
        "title": title(job),
        "url": url_of(job),
        "state": state_badge(job),
        "progress": progress(job),
    }


def title(job: Job) -> str:
    """What it does, and how it is asked for."""
    what = Operation(job.operation).label
    kind = JobKind(job.kind)
    return str(what) if kind == JobKind.EXPORT else f"{what} · {kind.label}"


def state_badge(job: Job) -> Any:
    if job.is_under_way and job.cancel_asked_at is not None:
        return displays.badge(_("Being cancelled"), tone="warn")
    return displays.badge(JobState(job.state).label, tone=TONES.get(JobState(job.state), "info"))


def progress(job: Job) -> dict[str, Any]:
    """How far it is. A job whose rows nobody counted yet only says that it runs."""
    seen = min(job.rows_seen, job.rows_total)
    text = _("%(seen)s of %(total)s") % {
        "seen": number_format(seen),
        "total": number_format(job.rows_total),
    }
    return {"seen": seen, "total": job.rows_total, "text": text if job.rows_total else ""}


def status(request: HttpRequest, job: Job) -> dict[str, Any]:
    """How one job stands, in words and in numbers: nobody's name is in it."""
    return {
        **line(job),
        "is_under_way": job.is_under_way,
        "own_url": url_of(job) if _own_page(job) else "",
        "may_cancel": (job.is_under_way or job.state == JobState.READY)
        and job.cancel_asked_at is None,
        "failure": _failure(job),
        "done": number_format(job.rows_done),
        "unchanged": number_format(job.rows_unchanged),
        "refused": number_format(job.rows_refused),
        "left": number_format(max(0, job.rows_total - job.rows_seen)),
        "progress_url": reverse("admin:job_progress", args=[job.pk]),
        "file_url": _file_url(request, job),
    }


def _failure(job: Job) -> Any:
    if not job.failure:
        return ""
    return WENT_WRONG if job.failure == BROKEN else text_of(job.failure)


def _file_url(request: HttpRequest, job: Job) -> str:
    is_theirs = job.owner_id == request.user.pk
    may_fetch = job.has_file and is_theirs
    return reverse("admin:job_file", args=[job.pk]) if may_fetch else ""
