"""The rooms of the console, and who sees the door to each."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _


def holds(permission: str) -> Callable[[HttpRequest], bool]:
    """Let those see an entry who hold ``permission``: Unfold shows an entry without one to all."""
    return lambda request: request.user.has_perm(permission)


def is_staff(request: HttpRequest) -> bool:
    return bool(request.user.is_active and request.user.is_staff)


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Name every room; Unfold asks the permission of each."""
    return [
        {
            "title": _("Help desk"),
            "items": [
                {
                    "title": _("Front page"),
                    "icon": "space_dashboard",
                    "link": reverse_lazy("admin:index"),
                    "permission": is_staff,
                },
                {
                    "title": _("Accounts"),
                    "icon": "group",
                    "link": reverse_lazy("admin:recovery_account_changelist"),
                    "permission": holds("recovery.view_account"),
                },
                {
                    "title": _("Ledger"),
                    "icon": "receipt_long",
                    "link": reverse_lazy("admin:recovery_auditevent_changelist"),
                    "permission": holds("recovery.view_auditevent"),
                },
            ],
        },
    ]
