"""The door for a WSGI server: always production, and shut while an error-level check fails."""

import os

from django.core.wsgi import get_wsgi_application

from project.serving import begin, refuse_to_serve_if_misconfigured

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
application = get_wsgi_application()
refuse_to_serve_if_misconfigured()
begin()
