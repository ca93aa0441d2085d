"""What the list was ticked for: an operation, and the accounts it is about."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Self

from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import BadRequest
from django.http import Http404, QueryDict
from django.urls import reverse

from console import recording
from recovery.enums import Operation
from recovery.jobs.selection import BULK_OPERATIONS, Selection
from recovery.models import Account

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin
    from django.db.models import QuerySet
    from django.http import HttpRequest

ALL, TICKED = "all", "ticked"
AT_MOST: Final = 200
"""Accounts that one page can tick."""
LONGEST_VIEW: Final = 2_000
SAMPLE: Final = 10
NOT_THE_VIEW: Final = ("after", "before", "o", "e")
"""Of the list's address: how it is turned and put in order, which changes nothing about whom."""


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """One operation, and the accounts of the list that it was asked for."""

    operation: Operation
    which: str
    ticked: tuple[int, ...]
    view: QueryDict
    admin: ModelAdmin
    request: HttpRequest

    @classmethod
    def of(cls, data: QueryDict, *, admin: ModelAdmin, request: HttpRequest) -> Self:
        """What the form of the list says; raise ``Http404`` for what no form of ours does."""
        asked = data.get("operation", "")
        if asked not in BULK_OPERATIONS:
            raise Http404
        numbers = [text for text in data.getlist("account")[:AT_MOST] if _is_id(text)]
        return cls(
            operation=Operation(asked),
            which=ALL if data.get("which") == ALL else TICKED,
            ticked=tuple(map(int, numbers)),
            view=view_of(QueryDict(data.get("view", "")[:LONGEST_VIEW].replace("\0", ""))),
            admin=admin,
            request=request,
        )

    @cached_property
    def accounts(self) -> QuerySet[Account]:
        """Those that are meant: the ticked ones, or whatever fits the view, on all its pages."""
        if self.which == TICKED:
            return Account.objects.filter(pk__in=self.ticked)
        try:
            return self.admin.get_changelist_instance(self._looking).queryset
        except IncorrectLookupParameters as error:
            raise BadRequest from error

    @cached_property
    def count(self) -> int:
        return self.accounts.order_by().count()

    @cached_property
    def sample(self) -> list[str]:
        """A few names, so that a wrong list is noticed."""
        pks = list(self.accounts.order_by("pk").values_list("pk", flat=True)[:SAMPLE])
        named = Account.objects.filter(pk__in=pks).values_list("text__display_name", flat=True)
        return sorted(name or "" for name in named)

    @property
    def filters(self) -> dict[str, Any]:
        """For the ledger: the view, or how many were ticked by hand."""
        if self.which == TICKED:
            return {"ticked": len(set(self.ticked))}
        return recording.filters_of(self._looking)

    def selection(self, *, shown: int, typed: int | None) -> Selection:
        return Selection(accounts=self.accounts, shown=shown, typed=typed, filters=self.filters)

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """What the form carries on, as pairs of name and value."""
        ticked = [("account", str(pk)) for pk in self.ticked] if self.which == TICKED else []
        return [
            ("operation", self.operation.value),
            ("which", self.which),
            ("view", self.view.urlencode()),
            *ticked,
        ]

    @property
    def list_url(self) -> str:
        """The list as it was."""
        query = self.view.urlencode()
        return reverse("admin:recovery_account_changelist") + (f"?{query}" if query else "")

    @property
    def _looking(self) -> HttpRequest:
        """The request that the list was asked for with."""
        looking = copy(self.request)
        looking.method, looking.GET = "GET", self.view
        return looking


def view_of(asked: QueryDict) -> QueryDict:
    """The search and the filters of a list's address."""
    view = asked.copy()
    for name in NOT_THE_VIEW:
        view.pop(name, None)
    return view


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < len(str(2**63))
