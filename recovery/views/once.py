"""Pages that show a secret once: a form that was sent already shows nothing a second time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from django.http import HttpRequest

TURN_KEY: Final = "recovery_turn"


def turn_of(request: HttpRequest) -> str:
    """What a form of this session has to carry to be shown a secret."""
    return str(request.session.get(TURN_KEY, 0))


def is_repeated(request: HttpRequest) -> bool:
    """Whether a reload or Back sent a form again; if it did not, the form is used up now.

    For the eyes of whoever comes after, not against a client that writes its own requests.
    """
    if request.POST.get("turn", turn_of(request)) != turn_of(request):
        return True
    request.session[TURN_KEY] = int(turn_of(request)) + 1
    return False
