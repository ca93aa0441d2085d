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
def traced() -> Iterator[str]:
    """Give everything recorded in the body one trace: the surrounding one, if there is one."""
    if _current.get():
        yield _current.get()
        return
    token = _current.set(_new())
    try:
        yield _current.get()
    finally:
        _current.reset(token)


def current_trace() -> str:
    """The trace that is under way, or a fresh one that nothing else shares."""
    return _current.get() or _new()


def _new() -> str:
    return secrets.token_hex(LENGTH // 2)
