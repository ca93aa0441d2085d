"""A string that never prints itself: the type of every code, token and key on its way."""

import hmac
from typing import Final, NoReturn

MASK: Final = "••••"


class Secret:
    """Hold clear text between the place that makes it and the one place that shows it.

    It prints as a mask, refuses to be pickled or copied into a session, and compares in
    constant time. ``reveal()`` is the only way to the text, so that a search for that word
    finds every showing.
    """

    __slots__ = ("__clear",)

    def __init__(self, clear: str) -> None:
        self.__clear = clear

    def reveal(self) -> str:
        """Give the clear text: for a digest, a cipher, or the one response that shows it."""
        return self.__clear

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, format_spec: str) -> str:
        return format(MASK, format_spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self.__clear.encode(), other.__clear.encode())

    def __hash__(self) -> int:
        return object.__hash__(self)

    def __reduce__(self) -> NoReturn:
        raise TypeError("A secret is never serialised.")
