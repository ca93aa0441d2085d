"""Pages without counting everything."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.utils.functional import cached_property

COUNTED_UP_TO = 10_000


class CappedPaginator(Paginator):
    """Count no further than a person would turn pages; a search or a filter goes beyond."""

    @cached_property
    def count(self) -> int:
        return self.object_list.order_by()[:COUNTED_UP_TO].count()
