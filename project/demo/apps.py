"""The demo as an app: installed in DEBUG alone, and in nobody's production."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    """Commands and a page, no tables."""

    name = "project.demo"
    label = "demo"
