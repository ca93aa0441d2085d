"""What of a report is asked for: the filters of its list, and a span of time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Can be written down with a job, and read again by its worker."""

    filters: Mapping[str, Any] = field(default_factory=dict)
    """In the words of ``recovery.lists``."""
    since: datetime | None = None
    until: datetime | None = None
    """The first moment that is not in it any more."""

    def as_stored(self) -> dict[str, Any]:
        """All of it as JSON has it."""
        ends = {"since": self.since, "until": self.until}
        written = {name: end.isoformat() if end else None for name, end in ends.items()}
        return {"filters": dict(self.filters), **written}

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any]) -> Asked:
        """What ``as_stored`` wrote down."""
        ends = {name: stored.get(name) for name in ("since", "until")}
        moments = {name: datetime.fromisoformat(end) if end else None for name, end in ends.items()}
        return cls(filters=stored.get("filters", {}), **moments)

    def in_words(self) -> dict[str, Any]:
        """The filters and the ends of the span that are set, for the ledger."""
        stored = self.as_stored()
        set_ends = {name: stored[name] for name in ("since", "until") if stored[name]}
        return {**stored["filters"], **set_ends}
