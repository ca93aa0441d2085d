"""The mailbox of the demo. There is none outside DEBUG, whatever the routes say."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from project.demo import mailbox

View = Callable[..., HttpResponse]


def only_in_debug(view: View) -> View:
    """Answer as if the page did not exist, unless DEBUG is on."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not settings.DEBUG:
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


@require_safe
@never_cache
@only_in_debug
def mails(request: HttpRequest) -> HttpResponse:
    """Every mail that the demo has sent, the newest first."""
    return render(request, "demo/mails.html", {"mails": mailbox.newest_first()})


@require_safe
@never_cache
@only_in_debug
def mail(request: HttpRequest, key: str) -> HttpResponse:
    """One mail in plain text, its links ready to follow."""
    found = mailbox.find(key)
    if found is None:
        raise Http404
    response = render(request, "demo/mail.html", {"mail": found})
    # The page holds a recovery link: where it leads need not know where it came from.
    response["Referrer-Policy"] = "no-referrer"
    return response
