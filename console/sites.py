"""The console: Unfold's pages behind django-otp's door."""

from django_otp.admin import OTPAdminSite
from unfold.sites import UnfoldAdminSite


class ConsoleSite(OTPAdminSite, UnfoldAdminSite):
    """The one admin site."""

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
