"""The routes of the site: the console, the account holder's pages, and the demo's where it runs."""

from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("console/", admin.site.urls),
    path("account/", include("recovery.urls")),
]

if settings.DEBUG and apps.is_installed("project.demo"):
    urlpatterns.append(path("demo/", include("project.demo.urls")))
