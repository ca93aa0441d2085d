"""What of an event somebody may see: two permissions, each for a group of fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from recovery.canonical import PEOPLE, SOURCES

if TYPE_CHECKING:
    from django.http import HttpRequest

SEES_PEOPLE: Final = "recovery.view_event_people"
SEES_SOURCES: Final = "recovery.view_event_sources"
GROUPS: Final = {SEES_PEOPLE: frozenset(PEOPLE), SEES_SOURCES: frozenset(SOURCES)}
"""Each permission, and the fields that it opens. All others are open to every reader."""


def hidden_from(request: HttpRequest) -> frozenset[str]:
    """Name the fields of an event that whoever asks may not see, on a page or in a file."""
    closed = (
        fields for permission, fields in GROUPS.items() if not request.user.has_perm(permission)
    )
    return frozenset().union(*closed)
