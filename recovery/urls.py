"""The account holder's routes."""

from django.urls import path

from recovery import views

app_name = "recovery"

urlpatterns = [
    path("link/<str:token>/", views.RecoveryLinkView.as_view(), name="link"),
]
