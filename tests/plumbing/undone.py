"""Undoing what a part of a test did, so that the next part starts alike."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction


@contextmanager
def undone() -> Iterator[None]:
    """Take back whatever happens inside; an operation may still be the outermost one in it."""
    block = transaction.atomic()
    # As Django's own TestCase marks its blocks: `durable` asks nothing of one that is a test's.
    block._from_testcase = True
    with block:
        yield
        transaction.set_rollback(True)
