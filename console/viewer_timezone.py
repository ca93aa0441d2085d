"""Prints times in the viewer's own zone, which a script of ours names in a cookie."""

from collections.abc import Callable
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

COOKIE = "timezone"


class ViewerTimeZoneMiddleware:
    """Activate the zone in the viewer's cookie for this request; without one, ``TIME_ZONE``."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with timezone.override(known_zone(request.COOKIES.get(COOKIE, ""))):
            return self.get_response(request)


def known_zone(name: str) -> ZoneInfo | None:
    """Return the zone called ``name``; a cookie is anybody's text, so only a listed name counts."""
    return ZoneInfo(name) if name in _zone_names() else None


@cache
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones())
