"""A host project around ours: pages of its own, an API, and its own django-otp login."""

import django_otp
from django.contrib.auth import authenticate, login
from django.http import HttpResponse, JsonResponse
from django.urls import include, path

from project.urls import urlpatterns as ours


def page(request):
    who = request.user.get_username() if request.user.is_authenticated else "nobody"
    return HttpResponse(f"hello {who}")


def api(request):
    return JsonResponse({"signed_in": request.user.is_authenticated})


def otp_login(request):
    """What a django-otp project's login does: a user, then whatever device takes the token."""
    given = {name: request.POST.get(name, "") for name in ("name", "password", "token")}
    user = authenticate(request, username=given["name"], password=given["password"])
    if user is None:
        return HttpResponse(status=403)
    device = django_otp.match_token(user, given["token"])
    if device is None:
        return HttpResponse(status=403)
    login(request, user)
    django_otp.login(request, device)
    return HttpResponse("in")


host = [
    path("page/", page, name="page"),
    path("api/", api, name="api"),
    path("login/", otp_login, name="login"),
]
urlpatterns = [*ours, path("host/", include((host, "host")))]
