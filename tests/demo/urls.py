"""The routes of a site in DEBUG: the suite itself runs without."""

from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    path("", RedirectView.as_view(url="/console/"), name="home"),
    path("demo/", include("project.demo.urls")),
]
