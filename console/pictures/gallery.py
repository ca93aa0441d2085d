"""Which pictures a viewer sees, and all of them read and drawn at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from console.pictures import (
    ageing,
    calls,
    codes_left,
    coverage,
    operations,
    reading,
    refusals,
    restored,
)
from recovery.enums import DESK_OPERATIONS, Operation

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from types import ModuleType

    from django.http import HttpRequest

    from console.pictures.reading import Figures

FRONT: Final = 4
"""How many are on the front page; the page of pictures has all."""


def helps_or_reports(request: HttpRequest) -> bool:
    """Whoever may look at accounts, to help their holders or to report on them."""
    does = (*DESK_OPERATIONS, Operation.EXPORT_ACCOUNTS)
    has_perm = request.user.has_perm
    return has_perm("recovery.view_account") and any(has_perm(one.permission) for one in does)


def reports(request: HttpRequest) -> bool:
    """Whoever may look at accounts and take them out."""
    has_perm = request.user.has_perm
    return has_perm("recovery.view_account") and has_perm(Operation.EXPORT_ACCOUNTS.permission)


def reads_ledger(request: HttpRequest) -> bool:
    return request.user.has_perm("recovery.view_auditevent")


PICTURES: Final[tuple[tuple[ModuleType, Callable[[HttpRequest], bool]], ...]] = (
    (codes_left, helps_or_reports),
    (ageing, helps_or_reports),
    (calls, reads_ledger),
    (operations, reads_ledger),
    (restored, reads_ledger),
    (refusals, reads_ledger),
    (coverage, reports),
)
"""Each with who sees it, in the order of the page. All of them may open the list behind it."""


def sees_any(request: HttpRequest) -> bool:
    """Whether there is a picture for the viewer."""
    return any(sees(request) for _picture, sees in PICTURES)


def shown(request: HttpRequest, *, at_most: int | None = None) -> list[dict[str, Any]]:
    """The viewer's pictures, from two queries whatever their number."""
    pictures = [picture for picture, sees in PICTURES if sees(request)][:at_most]
    if not pictures:
        return []
    now = timezone.now()
    figures = reading.read({picture.MEASURE: picture.since(now) for picture in pictures})
    return [_framed(picture, figures, now) for picture in pictures]


def page(request: HttpRequest) -> dict[str, Any]:
    """The context of the page of pictures."""
    return {"title": _("Pictures"), "pictures": shown(request)}


def _framed(picture: ModuleType, figures: Figures, now: datetime) -> dict[str, Any]:
    rows = figures.rows.get(picture.MEASURE)
    return {
        "name": picture.NAME,
        "title": picture.TITLE,
        "about": picture.ABOUT,
        "counted_at": figures.counted.get(picture.CURSOR),
        "is_stale": figures.is_stale(picture.CURSOR, now),
        "drawing": picture.draw(rows, now) if rows else None,
    }
