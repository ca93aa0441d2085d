"""The one place where a request becomes an actor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from console.staff_session import Mark, digest
from recovery.actors import Actor
from recovery.middleware import source_of
from recovery.models import TotpAuthenticator

if TYPE_CHECKING:
    from django.http import HttpRequest


def actor_from(request: HttpRequest) -> Actor:
    """Say in the domain's words who is asking, and how their session was verified.

    The mark counts only while django-otp still knows an authenticator of theirs as alive: a set
    of codes that the host project let them in by since is none.
    """
    if not request.user.is_authenticated:
        return Actor(user=None, name="", source=source_of(request))
    mark = Mark.of(request)
    device = getattr(request.user, "otp_device", None)
    is_verified = mark is not None and isinstance(device, TotpAuthenticator)
    return Actor(
        user=request.user,
        name=request.user.get_username(),
        verified_by=mark.verified_by if is_verified else None,
        authenticator=mark.authenticator if is_verified else "",
        verified_at=mark.verified_at if is_verified else None,
        session_digest=digest(request),
        source=source_of(request),
    )
