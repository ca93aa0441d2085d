"""The project as an app of its own: it brings the checks of a deployment, and nothing else."""

from django.apps import AppConfig


class ProjectConfig(AppConfig):
    """Registers the deployment checks."""

    name = "project"

    def ready(self) -> None:
        """Let ``manage.py check --deploy``, ``wsgi.py`` and ``asgi.py`` find the checks."""
        from project import checks  # noqa: F401, PLC0415 - registering is all that is wanted
