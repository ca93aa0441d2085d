"""Error pages and error mails that name what was there, and never what it was."""

from __future__ import annotations

from collections.abc import ItemsView
from typing import Any

from django.utils.safestring import SafeString
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from recovery.logs import mask_links


class TypesOnlyFilter(SafeExceptionReporterFilter):
    """Shows of each local variable and form field its type alone, in DEBUG as well.

    A code or a token is a plain string in Django's own frames (a view's arguments, a form's
    data), where no decorator of ours can mark it: so nothing is shown, instead of almost nothing.
    """

    def is_active(self, request: Any) -> bool:  # noqa: ARG002 - Django's signature
        """Hide always: a developer's error page is kept, mailed and pasted like any other."""
        return True

    def get_post_parameters(self, request: Any) -> dict[str, str]:
        """Return the names of the posted fields, without what was typed."""
        return dict.fromkeys(getattr(request, "POST", {}), self.cleansed_substitute)

    def get_safe_cookies(self, request: Any) -> dict[str, str]:
        """Return the names of the cookies."""
        return dict.fromkeys(getattr(request, "COOKIES", {}), self.cleansed_substitute)

    def get_traceback_frame_variables(self, request: Any, tb_frame: Any) -> ItemsView[str, Any]:  # noqa: ARG002 - Django's signature
        """Return each variable of a frame with its type for a value."""
        return {name: type(value).__name__ for name, value in tb_frame.f_locals.items()}.items()


class MaskedExceptionReporter(ExceptionReporter):
    """Blots recovery links out of the finished report: paths, referrers, exception texts."""

    def get_traceback_html(self) -> SafeString:
        """Return the report as a page."""
        return SafeString(mask_links(super().get_traceback_html()))

    def get_traceback_text(self) -> SafeString:
        """Return the report as plain text."""
        return SafeString(mask_links(super().get_traceback_text()))
