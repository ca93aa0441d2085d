"""How much of what was queued for review has been looked at, by cause and by whom."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Any, Final

from django.db.models import Count, Q
from django.utils import timezone

from recovery.enums import ReviewCause
from recovery.models import AuditEvent, ReviewItem

WINDOWS: Final = (30, 90)
BEHIND_ALL: Final = sys.maxsize


def coverage(*, with_names: bool) -> dict[str, Any]:
    """How much of what was queued lately has been looked at, by cause and by whom."""
    since = [_first_sequence(days) for days in WINDOWS]
    lately = ReviewItem.objects.filter(sequence__gte=since[-1]).order_by()
    counts = {}
    for number, sequence in enumerate(since):
        within = Q(sequence__gte=sequence)
        counts[f"queued_{number}"] = Count("pk", filter=within)
        counts[f"reviewed_{number}"] = Count("pk", filter=within & ~Q(verdict=""))
    causes = {row["cause"]: row for row in lately.values("cause").annotate(**counts)}
    rows = [_covered(cause.label, causes.get(cause, {})) for cause in ReviewCause]
    said = lately.exclude(verdict="").values("reviewer_id", "reviewer_name").annotate(**counts)
    people = [
        {"name": one["reviewer_name"], "counts": [one["reviewed_0"], one["reviewed_1"]]}
        for one in sorted(said, key=lambda one: -one["reviewed_1"])
    ]
    return {"windows": WINDOWS, "rows": rows, "people": people if with_names else []}


def _covered(label: Any, row: dict[str, int]) -> dict[str, Any]:
    cells = [
        {"queued": row.get(f"queued_{number}", 0), "reviewed": row.get(f"reviewed_{number}", 0)}
        for number in range(len(WINDOWS))
    ]
    return {"label": label, "cells": cells}


def _first_sequence(days: int) -> int:
    """Where in the chain the last ``days`` begin: the queue goes by places, and has no dates."""
    since = AuditEvent.objects.filter(at__gte=timezone.now() - timedelta(days=days))
    linked = since.filter(entry__isnull=False).order_by("at", "id")
    return linked.values_list("entry__sequence", flat=True).first() or BEHIND_ALL
