"""The rooms of the console, and who sees the door to each."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from console import pictures, review
from console.jobs import show as jobs
from console.reporting import pages as reports

Permission = Callable[[HttpRequest], bool]


def holds(permission: str) -> Permission:
    """Let those see an entry who hold ``permission``: Unfold shows an entry without one to all."""
    return lambda request: request.user.has_perm(permission)


READS_LEDGER = holds("recovery.view_auditevent")
BRINGS_IN = holds("recovery.import_table")
REVIEWS = holds("recovery.view_reviewitem")


def is_staff(request: HttpRequest) -> bool:
    return bool(request.user.is_active and request.user.is_staff)


def takes_out(request: HttpRequest) -> bool:
    """Whether there is any report for them."""
    return bool(reports.open_to(request.user))


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Name every room; Unfold asks the permission of each."""
    return [
        {"title": _("Help desk"), "items": _help_desk(request)},
        {"title": _("Audit"), "separator": True, "items": _audit(request)},
    ]


def has_jobs(request: HttpRequest) -> bool:
    """Whether they may ask for what the worker does."""
    return jobs.sees_any(request.user)


def _help_desk(request: HttpRequest) -> list[dict[str, Any]]:
    job_room = _room(_("Jobs"), "sync", "jobs", has_jobs)
    return [
        _room(_("Front page"), "space_dashboard", "index", is_staff),
        _room(
            _("Accounts"), "group", "recovery_account_changelist", holds("recovery.view_account")
        ),
        job_room | {"badge": _running(request), "badge_variant": "info"},
        _room(_("Reports"), "table_view", "reports", takes_out),
        _room(_("Bring in a table"), "upload_file", "import_table", BRINGS_IN),
        _room(_("Pictures"), "bar_chart", "pictures", pictures.sees_any),
    ]


def _audit(request: HttpRequest) -> list[dict[str, Any]]:
    review_room = _room(_("Review"), "rule", "recovery_reviewitem_changelist", REVIEWS)
    return [
        _room(_("Timeline"), "receipt_long", "recovery_auditevent_changelist", READS_LEDGER),
        review_room | {"badge": _waiting(request), "badge_variant": "info"},
        _room(_("Completeness"), "fact_check", "completeness", READS_LEDGER),
        _room(_("Integrity"), "link", "integrity", READS_LEDGER),
    ]


def _room(title: Any, icon: str, route: str, permission: Permission) -> dict[str, Any]:
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{route}"),
        "permission": permission,
    }


def _waiting(request: HttpRequest) -> int:
    """How long the queue is. Unfold shows a number to everybody, so nobody else's is counted."""
    return review.waiting() if REVIEWS(request) else 0


def _running(request: HttpRequest) -> int:
    """How many of their own jobs are under way."""
    return jobs.under_way(request.user) if has_jobs(request) else 0
