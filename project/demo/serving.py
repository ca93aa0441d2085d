"""The development server's application: it notes its start and its end, as a real server does."""

import signal
import sys
import threading
from typing import Any

from django.core.wsgi import get_wsgi_application

from project.serving import begin


def _end(*_: Any) -> None:
    sys.exit(0)


application = get_wsgi_application()
if threading.current_thread() is threading.main_thread():
    # Without the reloader, a SIGTERM would end the process in mid-air.
    signal.signal(signal.SIGTERM, _end)
begin()
