import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import timezone

from console.viewer_timezone import COOKIE, ViewerTimeZoneMiddleware


def zone_for(cookie):
    request = RequestFactory().get("/")
    request.COOKIES[COOKIE] = cookie
    view = ViewerTimeZoneMiddleware(
        lambda _request: HttpResponse(timezone.get_current_timezone_name())
    )
    return view(request).content.decode()


def test_times_are_printed_in_the_viewers_zone():
    assert zone_for("Europe/Paris") == "Europe/Paris"


@pytest.mark.parametrize("cookie", ["", "Nowhere/Land", "../../etc/passwd", "Europe", "A" * 5000])
def test_a_cookie_that_names_no_zone_is_ignored(cookie):
    assert zone_for(cookie) == "UTC"


def test_the_zone_ends_with_the_request():
    zone_for("Asia/Tokyo")

    assert timezone.get_current_timezone_name() == "UTC"
