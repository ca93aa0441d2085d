"""The console's place in Django: one admin site, and no model of anybody else's on it."""

from django.apps import AppConfig
from django.contrib.admin.apps import SimpleAdminConfig
from django.utils.translation import gettext_lazy as _


class ConsoleConfig(AppConfig):
    """The help desk's hands."""

    name = "console"
    verbose_name = _("Console")


class ConsoleAdminConfig(SimpleAdminConfig):
    """Make the console the one admin site, without autodiscovery.

    Unfold's own app config would put its site here and with it let a password alone in, and
    autodiscovery would bring the stock pages of users, groups and devices.
    """

    default_site = "console.sites.ConsoleSite"

    def ready(self) -> None:
        super().ready()
        import console.admin  # noqa: F401, PLC0415 - registers; needs loaded apps
