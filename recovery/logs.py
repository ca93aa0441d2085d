"""Keeps links' tokens, and codes on their way into a page, out of every line of every logger.

And keeps a line of a log one line, whatever somebody typed (OWASP ASVS 16.4.1).
"""

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


UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
"""What a terminal would obey, or take for the end of a line; a line feed and a tab aside."""
CONTINUED = "\n    "
"""A line that goes on is set in, so that nobody's text can pass for a line of its own."""


def one_entry(text: str) -> str:
    """Return ``text`` so that it reads as one entry of a log, whoever wrote parts of it."""
    shown = UNPRINTABLE.sub(lambda found: f"\\x{ord(found.group()):02x}", text)
    return shown.replace("\n", CONTINUED)


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
        """Make one record, and mask and set in its message and its traceback."""
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
    masked = one_entry(mask_links(message))
    if masked != message:
        record.msg, record.args = masked, ()


def _mask_traceback(record: logging.LogRecord) -> None:
    """Blot tokens out of the text that formatters reuse instead of formatting the exception."""
    if not record.exc_info or record.exc_info[0] is None:
        return
    text = logging.Formatter().formatException(record.exc_info)
    record.exc_text = one_entry(mask_links(f"\n{text}")).removeprefix("\n")
