"""What is left of an address when it only has to be recognised."""

from __future__ import annotations

from typing import Final

SHOWS_ITS_END: Final = 4
"""From how many letters on the last one may be shown as well."""


def mask_address(address: str) -> str:
    """``amelie.roth@example.org`` as ``a…h@ex….org``: known to its owner, no use to a caller."""
    local, _, domain = address.rpartition("@")
    name, _, ending = domain.rpartition(".")
    shown = f"{local[:1]}…{local[-1:]}" if len(local) >= SHOWS_ITS_END else f"{local[:1]}…"
    return f"{shown}@{name[:2]}….{ending}"
