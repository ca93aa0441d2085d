"""Appending the events of many subjects of one operation, each as ``append`` would write it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from recovery.audit.detail import check_detail
from recovery.audit.ledger import about, who_and_why
from recovery.audit.series import Series
from recovery.canonical import shown
from recovery.enums import Outcome
from recovery.insertion import Value, insert_like
from recovery.models import AuditEvent

if TYPE_CHECKING:
    from recovery.audit.ledger import Draft
    from recovery.models import Account

VARYING: Final = (
    "outcome",
    "refusal",
    "subject_id",
    "subject_name",
    "subject_tier",
    "detail",
    "trace",
)
SALT_BYTES: Final = 16


class Ending(NamedTuple):
    """How it ended for one of the subjects."""

    event_id: int
    subject: Account
    refusal: str
    """The code, or nothing where it was done."""
    detail: dict[str, Any]
    trace: str


def append_many(draft: Draft, endings: Sequence[Ending]) -> None:
    """Write an event for each subject, in whatever transaction the caller is in."""
    pattern = AuditEvent(**who_and_why(draft))
    varying = ("id", *VARYING, "salt", "content")
    insert_like(pattern, varying, _rows(draft, Series(vars(pattern), varying=VARYING), endings))


def _rows(draft: Draft, series: Series, endings: Sequence[Ending]) -> Iterator[tuple[Value, ...]]:
    details: dict[str, bytes] = {}
    for ending, salt in zip(endings, _salts(len(endings)), strict=True):
        outcome = Outcome.REFUSED if ending.refusal else Outcome.COMPLETED
        detail = json.dumps(ending.detail)
        if detail not in details:
            check_detail(draft.operation, ending.detail)
            details[detail] = shown(ending.detail)
        pk, name, tier = about(ending.subject).values()
        open_ = (outcome.value, ending.refusal, pk)
        content = series.content(salt, (*open_, name.encode(), tier, details[detail], ending.trace))
        yield ending.event_id, *open_, name, tier, detail, ending.trace, salt, content


def _salts(count: int) -> list[str]:
    """As many random salts, asked of the system at once."""
    length, all_ = 2 * SALT_BYTES, secrets.token_hex(SALT_BYTES * count)
    return [all_[start : start + length] for start in range(0, len(all_), length)]
