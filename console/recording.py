"""Whoever looks leaves a line: the one call that every page of the console makes for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import PermissionDenied

from console.requests import actor_from
from recovery.audit import masking, reading

if TYPE_CHECKING:
    from django.http import HttpRequest

    from recovery.enums import Operation
    from recovery.models import Account

TURNS_A_PAGE: Final = frozenset({"p", "after", "before"})
"""Of an address: which page of the same view it is."""


def seen(
    request: HttpRequest, operation: Operation, *, subject: Account | None = None, **detail: Any
) -> None:
    """Record that the viewer is shown something: before it is sent, or it isn't sent."""
    reading.note_read(operation, actor=actor_from(request), subject=subject, **detail)


@contextmanager
def refusals(
    request: HttpRequest, operation: Operation, *, subject: Account | None = None
) -> Iterator[None]:
    """Record that the viewer asked for a page that their role does not open."""
    try:
        yield
    except PermissionDenied:
        reading.note_refused(operation, actor=actor_from(request), subject=subject)
        raise


def filters_of(request: HttpRequest) -> dict[str, str]:
    """What the view was asked for, as its address says; what looks like a secret is blotted out."""
    asked = ((name, ", ".join(values)) for name, values in request.GET.lists())
    return masking.masked_values(
        (name, value) for name, value in asked if value and name not in TURNS_A_PAGE
    )
