"""Ends staff sessions that ran out, or that the subject's account has outgrown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from django.contrib.auth import logout
from django.utils import timezone

from console.requests import actor_from
from console.staff_session import Mark
from console.viewer_timezone import ViewerTimeZoneMiddleware
from recovery.audit import Draft, append
from recovery.enums import Operation, Outcome
from recovery.middleware import signed_in_account

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

__all__ = ["StaffSessionMiddleware", "ViewerTimeZoneMiddleware"]

SEEN_EVERY = timedelta(minutes=1)
"""How often a session is written to say that it was used: not at every request."""
ASKED_BY_PAGE = "X-Asked-By-Page"
"""What a page sends that looks again by itself: nobody uses the session then."""


class StaffSessionMiddleware:
    """Keep staff sessions within their lifetimes and their account's session generation."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        mark = Mark.of(request)
        if mark is not None:
            _keep_or_end(request, mark)
        return self.get_response(request)


def _keep_or_end(request: HttpRequest, mark: Mark) -> None:
    now = timezone.now()
    account = signed_in_account(request)
    generation = account.session_generation if account is not None else None
    if mark.has_run_out(now=now) or generation != mark.generation:
        append(Draft(operation=Operation.SIGN_OUT, actor=actor_from(request)), Outcome.COMPLETED)
        logout(request)
    elif now - mark.last_seen_at >= SEEN_EVERY and ASKED_BY_PAGE not in request.headers:
        replace(mark, last_seen_at=now).write(request)
