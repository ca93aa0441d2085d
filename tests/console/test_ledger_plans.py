"""How a database finds a page of the ledger: by an index that has its order."""

import pytest
from django.db import connection
from django.http import QueryDict
from django.utils import timezone

from console.admin import keyset
from console.admin.keyset import Place
from console.admin.ledger_filters import LOOKUPS, LedgerFilters
from recovery.models import AuditEvent
from tests.console.test_ledger import ASKED

pytestmark = pytest.mark.django_db

SORTS = ("Sort", "TEMP B-TREE")
INDEXES = {
    "": "event_by_time",
    "operation": "event_by_operation",
    "outcome": "event_not_completed",
    "refusal": "event_by_refusal",
    "tier": "event_privileged",
    "subject": "event_by_subject",
    "actor": "event_by_actor",
    "ticket": "event_by_ticket",
    "source": "event_by_source",
    "since": "event_by_time",
    "until": "event_by_time",
}
FEW = {
    "subject_name": "event_by_subject_name",
    "actor_name": "event_by_actor_name",
    "trace": "event_by_trace",
}
"""Found by an index that does not have the order: the planner sorts the few that there are."""

BY_TIME = "event_by_time"
"""Of few rows, this one is as good for every filter: it goes, and comes back after the test."""


def test_each_filter_has_its_index():
    assert {*INDEXES, *FEW} == {"", *LOOKUPS}


def asked_for(name):
    """Narrow the ledger down, before a planner that would rather not read or sort a table."""
    asked = QueryDict(mutable=True)
    if name:
        asked[name] = ASKED[name]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            for way in ("seqscan", "bitmapscan", "sort"):
                cursor.execute(f"SET LOCAL enable_{way} = off")
            if INDEXES.get(name) != BY_TIME:
                cursor.execute(f"DROP INDEX IF EXISTS {BY_TIME}")
    return LedgerFilters(asked, hidden=frozenset()).narrow(AuditEvent.objects.all())


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("name", INDEXES)
def test_a_page_is_read_off_an_index_in_its_order(name, deep):
    events = asked_for(name).order_by("-at", "-pk")
    if deep:
        events = events.filter(Place(timezone.now(), 5).older)

    found = events[: keyset.ROWS + 1].explain()

    assert INDEXES[name] in found
    assert not [sort for sort in SORTS if sort in found]


def test_names_and_traces_are_found_by_an_index():
    """SQLite finds no beginning of a text by an index: it walks down the time."""
    names = FEW if connection.vendor == "postgresql" else ["trace"]

    for name in names:
        assert FEW[name] in asked_for(name).order_by().explain(), name
