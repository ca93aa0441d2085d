"""The search for secrets: where one might have been left, written out as a thief would read it."""

import io
import logging
import pickle
import re
import zipfile

import pytest
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.cache import caches
from django.db import connection
from django.utils.log import AdminEmailHandler

BETWEEN = r"(?:<[^<>]*>|[^\w<]|_)*"
"""What may stand between two characters of a secret: a tag, a dash, a space."""


def held(secret, *places):
    """Find a secret in any spelling: with dashes, spaces, tags, in either case."""
    return _matching(re.compile(BETWEEN.join(map(re.escape, secret)), re.IGNORECASE), places)


def held_number(code, *places):
    """Find a one-time code: six digits that are not the fraction of a second."""
    return _matching(re.compile(rf"(?<![\d.]){code}(?!\d|, tzinfo)"), places)


def _matching(pattern, places):
    return [text[:200] for place in places for text in place if pattern.search(text)]


def kept():
    """Return all that is stored: tables as they are, sessions and cache entries decoded."""
    return [*rows(), *sessions(), *cache_entries()]


def rows():
    """Return every row of every table, read past the models."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            quoted = connection.ops.quote_name(table)
            cursor.execute(f"SELECT * FROM {quoted}")  # noqa: S608 - names of our own tables
            found += [f"{table}: {row!r}" for row in cursor.fetchall()]
    return found


def sessions():
    """Return what each session remembers: its row is base64, and packed where that is shorter."""
    return [f"session: {session.get_decoded()!r}" for session in Session.objects.all()]


def cache_entries():
    """Return every entry of every cache; they are in this process's memory, pickled."""
    return [
        f"cache: {key}: {pickle.loads(entry)!r}"  # noqa: S301 - this very process has pickled it
        for cache in caches.all(initialized_only=False)
        for key, entry in cache._cache.items()
    ]


def mailed():
    """Return every mail that left, with its headers and its parts decoded."""
    return [
        "\n".join([str(message.message()), message.body, *map(str, message.alternatives)])
        for message in mail.outbox
    ]


def unzipped(content):
    """Return what is in a zipped file, as one text."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return "".join(archive.read(name).decode(errors="replace") for name in archive.namelist())


class Everything(logging.Handler):
    """Writes down whatever any logger says, as a careless handler would."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.lines = []

    def emit(self, record):
        self.lines.append(self.format(record))


class Reports(AdminEmailHandler):
    """Keeps the error mails that administrators would get, whatever became of the mail server."""

    def __init__(self):
        super().__init__(include_html=True)
        self.setLevel(logging.ERROR)
        self.sent = []

    def send_mail(self, subject, message, *_args, html_message=None, **_kwargs):
        self.sent += [subject, message, html_message or ""]


@pytest.fixture
def logged():
    """Every line that any logger says from here on, at DEBUG, statements included."""
    handler, root = Everything(), logging.getLogger()
    loggers = [root, *(logging.getLogger(name) for name in list(root.manager.loggerDict))]
    before = {logger: (logger.level, logger.propagate) for logger in loggers}
    connection.force_debug_cursor = True
    root.addHandler(handler)
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
        logger.propagate = True
    yield handler.lines
    connection.force_debug_cursor = False
    root.removeHandler(handler)
    for logger, (level, propagate) in before.items():
        logger.setLevel(level)
        logger.propagate = propagate


@pytest.fixture
def reports():
    """The error mails of whatever is logged as an error from here on."""
    handler, root = Reports(), logging.getLogger()
    root.addHandler(handler)
    yield handler.sent
    root.removeHandler(handler)
