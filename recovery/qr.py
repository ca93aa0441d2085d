"""A QR code in a terminal."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING, Final

import segno

if TYPE_CHECKING:
    from recovery.secret import Secret

# Said outright, because a terminal may be light on dark or dark on light, and a code that has
# its colours the wrong way round is one that many apps do not read.
WHITE_ON_BLACK: Final = "\033[97;40m"
AS_BEFORE: Final = "\033[0m"


def in_terminal(text: Secret) -> str:
    """Draw ``text`` in half blocks: two modules a character, so that it fits on a small screen."""
    drawn = StringIO()
    segno.make(text.reveal(), error="l", micro=False).terminal(drawn, compact=True)
    lines = drawn.getvalue().splitlines()
    return "\n".join(f"{WHITE_ON_BLACK}{line}{AS_BEFORE}" for line in lines)
