"""The account list as a page that costs the same however many accounts there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.contrib import messages
from django.contrib.admin.views.main import ORDER_VAR
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from unfold.templatetags.unfold_list import result_headers
from unfold.views import ChangeList

from console.admin.keyset import page
from console.admin.orders import BY_ID, ORDERS
from console.admin.pagination import COUNTED_UP_TO
from recovery import finding
from recovery.models import Account

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import QuerySet
    from django.http import HttpRequest

    from console.admin.orders import AccountOrder, Place

PLACES: Final = ("after", "before")
BY_NAME: Final = ORDERS["person"]
NEWEST: Final = ORDERS[BY_ID].downwards()
OWN_ORDERS: Final = {
    "codes": ORDERS["codes_left"],
    "recovered": ORDERS["last_recovered_at"].downwards(),
    "flag": ORDERS["flag"],
    "enrolment__exact": ORDERS["enrolled"].downwards(),
    "tier": NEWEST,
    "mail": NEWEST,
}
"""Of each filter, the order that its own index has: the one for many rows."""
SHOWN: Final = (
    "backup_codes_left",
    "enrolment",
    "reenrolment_due_at",
    "reenrolment_required_at",
    "last_recovered_at",
    "text__display_name",
    "text__login_name",
    "text__address",
)


class AccountChangeList(ChangeList):
    """Django's list, but its page begins at a place, and is put in order by an index.

    Of few rows, up to the cap of the count, each order can be had by sorting those. Of more, a
    search lists that many of them, and a filter keeps the order of its index and offers no other.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.typed_places: dict[str, str] = {}
        self.is_in_own_order = False
        super().__init__(*args, **kwargs)

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> Any:
        """All that fits the filters and the search, whichever page of it is shown."""
        for name in PLACES:
            self.filter_params.pop(name, None)
            self.typed_places.setdefault(name, self.params.pop(name, ""))
        return super().get_queryset(request, exclude_parameters)

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Account]) -> list[Any]:
        return self.chosen_order.by()

    def get_ordering_field_columns(self) -> dict[int, str]:
        """The one column that the rows are in order of, as the headers ask."""
        if self.order.name not in self.list_display:
            return {}
        way = "desc" if self.order.descending else "asc"
        return {self.list_display.index(self.order.name): way}

    @cached_property
    def chosen_order(self) -> AccountOrder:
        """What the address asks for: the first column named in it. By name, unless it says so."""
        typed = self.params.get(ORDER_VAR, "").partition(".")[0]
        number = typed.removeprefix("-")
        if not (number.isascii() and number.isdecimal()) or int(number) >= len(self.list_display):
            return BY_NAME
        order = ORDERS.get(self.list_display[int(number)], BY_NAME)
        return order.downwards() if typed.startswith("-") else order

    @cached_property
    def own_order(self) -> AccountOrder | None:
        """The order that the first filter that is set has an index for."""
        known = {name for spec in self.filter_specs for name in spec.expected_parameters()}
        narrowing = [spec.expected_parameters()[0] for spec in self.filter_specs if spec.is_set]
        narrowing += self.get_filters_params().keys() - known
        return OWN_ORDERS.get(narrowing[0], NEWEST) if narrowing else None

    def get_results(self, request: HttpRequest) -> None:
        self.paginator = self.model_admin.get_paginator(request, self.queryset, self.list_per_page)
        self.order = self.chosen_order
        rows = self._rows()
        shown = page(rows, self.order, **self._places(request))
        self.onward, self.back = shown.onward, shown.back
        self.result_list = shown.rows
        self.result_count = self.paginator.count
        self.full_result_count, self.show_full_result_count = None, False
        self.show_admin_actions, self.can_show_all, self.page_num = True, False, 1
        self.multi_page = bool(shown.onward or shown.back)

    def _rows(self) -> QuerySet[Account]:
        """The rows to cut a page from, with the order that they can be had in."""
        rows = _whole(Account.objects.all())
        is_searched = bool(finding.words_of(self.query))
        if not is_searched and self.own_order is None:
            return rows
        ids = list(self._matching_ids()[: COUNTED_UP_TO + 1])
        self.paginator.counted = len(ids)
        if is_searched or not self.paginator.is_capped:
            return rows.filter(pk__in=ids[:COUNTED_UP_TO])
        self._keep_own_order()
        return _whole(self.queryset)

    def _matching_ids(self) -> Any:
        if self.own_order is None:
            texts = finding.texts(self.query, at_most=COUNTED_UP_TO + 1)
            return texts.values_list("account_id", flat=True)
        return self.queryset.order_by().values_list("pk", flat=True)

    def _keep_own_order(self) -> None:
        """Stay with what the index of the filter has, in the direction that was asked for."""
        if self.chosen_order.name != self.own_order.name:
            self.order = self.own_order
        self.sortable_by, self.is_in_own_order = (self.own_order.name,), True

    def _places(self, request: HttpRequest) -> dict[str, Place | None]:
        """Where the page begins; the first one, if that is no place in this order."""
        try:
            after, before = (
                self.order.read(typed) if typed else None
                for typed in (self.typed_places[name] for name in PLACES)
            )
        except (ValueError, OverflowError):
            messages.warning(
                request, _("That page is not to be found in this list. This is the first one.")
            )
            return {}
        return {"onward": after, "back": before}

    @property
    def headers(self) -> list[dict[str, Any]]:
        return list(result_headers(self))

    @property
    def is_selectable(self) -> bool:
        return "action_checkbox" in self.list_display

    @property
    def pages(self) -> dict[str, str]:
        """The addresses of the first page, the one back and the one onward, as far as they are."""
        first = self.get_query_string() if any(self.typed_places.values()) else ""
        return {
            "first": first,
            "back": self.get_query_string({"before": str(self.back)}) if self.back else "",
            "onward": self.get_query_string({"after": str(self.onward)}) if self.onward else "",
        }

    def rows(self) -> Iterator[dict[str, Any]]:
        """What is shown of each account."""
        admin = self.model_admin
        for account in self.result_list:
            yield {
                "account": account,
                "url": self.url_for_result(account),
                "checkbox": admin.action_checkbox(account) if self.is_selectable else "",
                "codes": admin.codes_left(account),
                "enrolment": admin.enrolled(account),
                "flag": admin.flag(account),
            }


def _whole(accounts: QuerySet[Account]) -> QuerySet[Account]:
    """Accounts with their texts, by a join that an order of texts can begin with."""
    return accounts.filter(text__isnull=False).select_related("text").only(*SHOWN)
