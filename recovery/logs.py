"""Keeps links' tokens, and codes on their way into a page, out of every line of every logger."""

from __future__ import annotations

import logging
import logging.config
import re
from typing import Any

MASK = "********"

# A request's path is logged by Django, by runserver and by the WSGI server, and turns up again in
# a Referer and, quoted, in a `next` parameter.
SECRET_SEGMENT = re.compile(r"((?:/|%2F)(?:link|not-me)(?:/|%2F))[^/\s\"'<>&#?%]+", re.IGNORECASE)


def mask_links(text: str) -> str:
    """Return ``text`` with the token of every recovery link in it blotted out."""
    return SECRET_SEGMENT.sub(rf"\g<1>{MASK}", text)


def configure_logging(config: dict[str, Any]) -> None:
    """Set logging up from a dictionary, masked (for the setting ``LOGGING_CONFIG``)."""
    mask_log_records()
    logging.config.dictConfig(config)


def mask_log_records() -> None:
    """Mask every log record of this process from now on; a second call changes nothing.

    A filter would have to sit on each handler or on each logger, and the one that a server or an
    error tracker adds later would have none. So the record is masked where it is made.
    """
    current = logging.getLogRecordFactory()
    if not isinstance(current, MaskingFactory):
        logging.setLogRecordFactory(MaskingFactory(current))


class MaskingFactory:
    """Makes log records as the factory before it did, without the tokens."""

    def __init__(self, make: Any) -> None:
        self.make = make

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        """Make one record and mask its message and its traceback."""
        record: logging.LogRecord = self.make(*args, **kwargs)
        _drop_context(record)
        _mask_message(record)
        _mask_traceback(record)
        return record


def _drop_context(record: logging.LogRecord) -> None:
    """At DEBUG, the template that lacks a variable quotes all others, and one may be a code."""
    if record.name == "django.template":
        record.exc_info = None


def _mask_message(record: logging.LogRecord) -> None:
    try:
        message = record.getMessage()
    except (TypeError, ValueError, KeyError):
        return  # a malformed call: logging itself says so when the record is written
    masked = mask_links(message)
    if masked != message:
        record.msg, record.args = masked, ()


def _mask_traceback(record: logging.LogRecord) -> None:
    """Blot tokens out of the text that formatters reuse instead of formatting the exception."""
    if not record.exc_info or record.exc_info[0] is None:
        return
    text = logging.Formatter().formatException(record.exc_info)
    masked = mask_links(text)
    if masked != text:
        record.exc_text = masked
