"""Django-otp's stock plug-ins, which a project may or may not have installed."""

from __future__ import annotations

from typing import Any

from django.apps import apps

from recovery.errors import PluginMissing


def stock_model(app_label: str, name: str) -> Any:
    """A model of a stock plug-in; ``PluginMissing`` where there is no table to take over from."""
    plugin = f"django_otp.plugins.{app_label}"
    if not apps.is_installed(plugin):
        raise PluginMissing(plugin=plugin)
    return apps.get_model(app_label, name)
