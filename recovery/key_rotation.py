"""Bringing authenticator keys under the first encryption key, a batch and an event at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import batched
from typing import TYPE_CHECKING, Final

from recovery import encryption
from recovery.audit import audited
from recovery.enums import Operation
from recovery.models import TotpAuthenticator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from recovery.actors import Actor

BATCH: Final = 1_000

Row = tuple[int, str]


@dataclass(slots=True, kw_only=True)
class Rotation:
    """How a run went."""

    rotated: int = 0
    unreadable: list[int] = field(default_factory=list)
    """Authenticators that no configured key opens: theirs was taken out too early."""


def rotate_all(*, actor: Actor, progress: Callable[[str], None]) -> Rotation:
    """Encrypt every authenticator's key anew under the first key; those that are stay as they are.

    Each batch is whole, with its event, so that the run can be stopped and started again.
    """
    result = Rotation()
    rows = TotpAuthenticator.objects.order_by("pk").values_list("pk", "encrypted_key")
    pks = rows.values_list("pk", flat=True)
    for batch in batched(list(pks), BATCH):
        fresh = _fresh(rows.filter(pk__in=batch), result)
        if fresh:
            result.rotated += _write(fresh, actor=actor)
            progress(f"{result.rotated} rotated …")
    return result


def _fresh(rows: Iterable[Row], result: Rotation) -> list[tuple[int, str, str]]:
    """The rows that have to change: id, ciphertext as read, ciphertext as it will be."""
    found = []
    for pk, ciphertext in rows:
        if encryption.is_current(ciphertext):
            continue
        try:
            found.append((pk, ciphertext, encryption.rotate(ciphertext)))
        except encryption.InvalidToken:
            result.unreadable.append(pk)
    return found


def _write(fresh: Iterable[tuple[int, str, str]], *, actor: Actor) -> int:
    """Write a batch. A row that somebody changed since it was read is theirs."""
    with audited(Operation.ROTATE_KEYS, actor=actor) as draft:
        rotated: int = sum(
            TotpAuthenticator.objects.filter(pk=pk, encrypted_key=was).update(encrypted_key=now)
            for pk, was, now in fresh
        )
        draft.detail = {"rotated": rotated}
    return rotated
