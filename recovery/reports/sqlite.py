"""The median, for SQLite, which has none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper


class Middle:
    """Of many numbers the smallest that half of them do not exceed."""

    def __init__(self) -> None:
        self.values: list[int] = []

    def step(self, value: int | None) -> None:
        """Take one more number; none is none."""
        if value is not None:
            self.values.append(value)

    def finalize(self) -> int | None:
        """The answer, once all are there."""
        if not self.values:
            return None
        return sorted(self.values)[(len(self.values) - 1) // 2]


def teach_median(connection: BaseDatabaseWrapper, **_kwargs: Any) -> None:
    """Give a new SQLite connection the aggregate that PostgreSQL has."""
    if connection.vendor == "sqlite":
        connection.connection.create_aggregate("recovery_median", 1, Middle)
