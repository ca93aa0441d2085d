"""The door for an ASGI server: always production, and shut while an error-level check fails."""

import os

from django.core.asgi import get_asgi_application

from project.serving import begin, refuse_to_serve_if_misconfigured

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
application = get_asgi_application()
refuse_to_serve_if_misconfigured()
begin()
