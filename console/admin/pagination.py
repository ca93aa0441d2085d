"""How many there are, as far as a person would count."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.utils.functional import cached_property

COUNTED_UP_TO = 1_000
"""Beyond this the exact number helps nobody, and counting on costs a scan."""


class CappedPaginator(Paginator):
    """Counts no further than that. Its pages have no numbers: a list goes on by places."""

    template_name = "console/components/account_pages.html"

    @cached_property
    def counted(self) -> int:
        """One more than the cap, where there are more."""
        return self.object_list.order_by()[: COUNTED_UP_TO + 1].count()

    @property
    def is_capped(self) -> bool:
        return self.counted > COUNTED_UP_TO

    @property
    def count(self) -> int:
        return min(self.counted, COUNTED_UP_TO)
