"""The demo's own routes."""

from django.urls import path

from project.demo import views

app_name = "demo"

urlpatterns = [
    path("mail/", views.mails, name="mails"),
    path("mail/<str:key>/", views.mail, name="mail"),
]
