"""What ties together all that one request, or one operation, leaves behind."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

LENGTH: Final = 16
_current: ContextVar[str] = ContextVar("trace", default="")


@contextmanager
def traced(trace: str = "") -> Iterator[str]:
    """Give all that is recorded in the body one trace: this one, the surrounding, or a new one."""
    token = _current.set(trace or current_trace())
    try:
        yield _current.get()
    finally:
        _current.reset(token)


def current_trace() -> str:
    """The trace that is under way, or a fresh one that nothing else shares."""
    return _current.get() or new_trace()


def new_trace() -> str:
    """A trace that nothing else shares so far."""
    return secrets.token_hex(LENGTH // 2)
