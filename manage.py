#!/usr/bin/env python
"""Sparekey's command line."""

import os
import sys


def main() -> None:
    """Run one management command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    # Imported here, so that a missing environment is told in words and not by a traceback.
    try:
        from django.core.management import execute_from_command_line  # noqa: PLC0415 - see above
    except ImportError:
        sys.exit(
            "Django is not installed here: run `make demo`, or `.venv/bin/python manage.py …`."
        )
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
