"""Turning the pages of the account list: each account once, whatever the order."""

import random
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.contrib.auth import get_user_model
from django.db import connection

from console.admin import account_changelist, keyset, pagination
from console.admin.orders import ORDERS
from recovery.enums import Enrolment, FlagOrigin, Role
from recovery.models import Account, AccountText, AuditEvent
from recovery.people import fold
from tests.console import desk

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
COLUMNS = range(6)
WAYS = [f"{way}{column}" for column in COLUMNS for way in ("", "-")]


@pytest.fixture
def client():
    return desk.as_role(Role.AGENT)


@pytest.fixture(autouse=True)
def small_pages(monkeypatch):
    monkeypatch.setattr(keyset, "ROWS", 3)


@pytest.fixture
def few_are_many(monkeypatch):
    """As if there were a thousand times as many."""
    for module in (pagination, account_changelist):
        monkeypatch.setattr(module, "COUNTED_UP_TO", 4)


@pytest.fixture
def crowd():
    """People with much in common: names twice, no address, flags without a date, no recovery."""
    chance = random.Random(5)  # noqa: S311 - no secret
    model = get_user_model()
    model.objects.bulk_create(
        model(**{model.USERNAME_FIELD: f"crowd{number}@example.org"}) for number in range(40)
    )
    users = model.objects.filter(recovery_account=None)
    Account.objects.bulk_create(Account(user=user, **state(chance)) for user in users)
    AccountText.objects.bulk_create(
        AccountText(account=account, **words(chance))
        for account in Account.objects.filter(text=None)
    )


def state(chance):
    flagged = chance.random() < 0.5
    left = chance.choice([0, 0, 3, 7, 7])
    return {
        "enrolment": Enrolment.REENROLMENT_REQUIRED if flagged else Enrolment.ENROLLED,
        "reenrolment_required_at": NOON if flagged else None,
        "reenrolment_due_at": chance.choice([None, NOON, NOON + timedelta(microseconds=1)])
        if flagged
        else None,
        "reenrolment_origin": FlagOrigin.DESK if flagged else "",
        "last_recovered_at": chance.choice([None, NOON, NOON - timedelta(days=3)]),
        "backup_codes_left": left,
        "backup_codes_total": 10 if left else 0,
    }


def words(chance):
    name = chance.choice(["Zoë", "Zoe", "Amélie~5", "amélie", "B'o", ""])
    return {
        "display_name": name,
        "address": chance.choice(["", "one@example.org", "two@example.org"]),
        "folded": fold(f"{name} crowd"),
    }


def page(client, query):
    response = client.get(f"{desk.ACCOUNTS}?{query}")
    assert response.status_code == 200
    return response.context["cl"]


def walk(client, query, step="onward", limit=50):
    """Turn pages to the end, and return what each showed."""
    shown = page(client, query)
    pages = [shown]
    while address := shown.pages[step]:
        shown = page(client, address.removeprefix("?"))
        pages.append(shown)
        assert len(pages) < limit
    return pages


def ids(pages):
    return [account.pk for shown in pages for account in shown.result_list]


@pytest.mark.parametrize("way", WAYS)
def test_walking_forth_and_back_shows_each_account_once(client, crowd, way):
    forth = walk(client, f"o={way}")
    last = forth[-1].pages["back"].removeprefix("?")
    back = walk(client, last, step="back")

    assert sorted(ids(forth)) == sorted(Account.objects.values_list("pk", flat=True))
    assert len(ids(back)) >= len(ids(forth)) - keyset.ROWS
    assert ids(back[::-1]) == ids(forth)[: len(ids(back))]


@pytest.mark.parametrize("way", WAYS)
def test_an_order_is_the_reverse_of_its_opposite(client, crowd, way):
    opposite = way.removeprefix("-") if way.startswith("-") else f"-{way}"

    assert ids(walk(client, f"o={way}")) == ids(walk(client, f"o={opposite}"))[::-1]


@pytest.mark.parametrize("query", ["q=crowd", "codes=none", "flag=flagged", "recovered=never"])
@pytest.mark.parametrize("way", WAYS)
def test_few_rows_are_had_in_each_order(client, crowd, query, way):
    found = page(client, query).result_count

    pages = walk(client, f"{query}&o={way}")

    assert len(set(ids(pages))) == len(ids(pages)) == found > 4
    assert {shown.order.name for shown in pages} == {pages[0].chosen_order.name}


@pytest.mark.parametrize(
    ("query", "order"),
    [
        ("codes=none", "codes_left"),
        ("codes=fine", "codes_left"),
        ("flag=flagged", "flag"),
        ("flag=none", "flag"),
        ("recovered=never", "last_recovered_at"),
        ("enrolment__exact=enrolled", "enrolled"),
        ("tier=standard", "id"),
        ("backup_codes_left__gte=0", "id"),
        ("flag=flagged&codes=none", "codes_left"),
    ],
)
def test_many_rows_keep_the_order_that_their_filter_has_an_index_for(
    client, crowd, few_are_many, query, order
):
    pages = walk(client, f"{query}&o=0")

    assert sorted(ids(pages)) == sorted(pages[0].queryset.values_list("pk", flat=True))
    assert {shown.order.name for shown in pages} == {order}
    assert {shown.sortable_by for shown in pages} == {(order,)}
    assert "Too many for any order but this one" in desk.text(
        client.get(f"{desk.ACCOUNTS}?{query}")
    )


def test_many_rows_can_be_turned_round_in_their_filters_own_order(client, crowd, few_are_many):
    up, down = (ids(walk(client, f"codes=fine&o={way}2")) for way in ("", "-"))

    assert up == down[::-1]


def test_a_search_that_finds_many_lists_no_more_than_are_counted(client, crowd, few_are_many):
    pages = walk(client, "q=crowd")

    assert len(set(ids(pages))) == len(ids(pages)) == pages[0].result_count == 4
    text = desk.text(client.get(f"{desk.ACCOUNTS}?q=crowd"))
    assert "type more to find the others" in text
    assert "4+ results" in text


def test_nobody_is_counted_beyond_the_cap(client, crowd, few_are_many):
    response = client.get(desk.ACCOUNTS)

    assert response.context["cl"].paginator.count == response.context["cl"].result_count == 4
    assert "More than 4 accounts." in desk.text(response)


@pytest.mark.parametrize("way", WAYS)
def test_who_comes_and_goes_moves_nobody_else(client, crowd, way):
    whole = ids(walk(client, f"o={way}"))
    first = page(client, f"o={way}")
    gone = first.result_list[-1]

    gone.user.delete()
    rest = ids(walk(client, first.pages["onward"].removeprefix("?")))

    assert rest == whole[len(first.result_list) :]


@pytest.mark.parametrize("typed", ["after", "before"])
@pytest.mark.parametrize(
    "place",
    [
        "x",
        "~",
        "person~5",
        "address~5~a",
        "person~-5~a",
        "person~²~a",
        "person~99999999999999999999~a",
        "person~5~\0",
        "person~5~" + "a" * 5000,
        "flag~5~20261128T120000.000000",
        "'; --",
    ],
)
def test_a_place_that_is_none_is_the_first_page(client, crowd, typed, place):
    shown = page(client, urlencode({typed: place}))

    if not place.startswith("person~5") or "\0" in place or len(place) > 1000:
        assert ids([shown]) == ids([page(client, "")])


@pytest.mark.parametrize("order", sorted(ORDERS.keys() - {"id"}))
@pytest.mark.parametrize(
    "value", ["", "x", "-1", "99999", "00010101T000000.000000", "99991231T235959.999999"]
)
def test_no_place_of_any_order_breaks_the_list(client, crowd, order, value):
    column = list(ORDERS).index(order)

    for place in ("after", "before"):
        page(client, urlencode({"o": column, place: f"{order}~7~{value}"}))


def test_an_older_address_with_the_number_of_a_page_shows_the_first(client, crowd):
    assert ids([page(client, "p=3")]) == ids([page(client, "")])


def test_an_address_of_a_page_can_be_sent_on(client, crowd):
    second = page(client, "").pages["onward"].removeprefix("?")

    colleague = page(desk.as_role(Role.AGENT), second)

    assert ids([colleague]) == ids([page(client, second)])


def test_another_filter_or_order_begins_at_its_first_page(client, crowd):
    query = page(client, "codes=none").pages["onward"].removeprefix("?")
    response = client.get(f"{desk.ACCOUNTS}?{query}")

    assert 'name="after"' not in desk.text(response)
    headers = response.context["cl"].headers
    assert not [
        header for header in headers if "after" in parse_qs(urlsplit(header["url_primary"]).query)
    ]


def test_turning_a_page_is_no_further_search_on_the_ledger(client, crowd):
    walk(client, "q=crowd")

    assert AuditEvent.objects.filter(operation="search_accounts").count() == 1


@pytest.mark.parametrize("way", WAYS)
def test_each_order_is_read_off_an_index(client, crowd, way):
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            for means in ("seqscan", "bitmapscan", "sort", "hashjoin", "mergejoin"):
                cursor.execute(f"SET LOCAL enable_{means} = off")
    order = page(client, f"o={way}").chosen_order
    accounts = account_changelist._whole(Account.objects.all())
    place = order.place(accounts.first())

    for backwards in (False, True):
        rows = accounts.filter(order.beyond(place, backwards=backwards))
        plan = order.sorted(rows, backwards=backwards)[:4].explain()
        assert INDEXES[order.name] in plan, plan
        assert "Sort" not in plan, plan
        assert "TEMP B-TREE" not in plan, plan


INDEXES = {
    "person": "account_text_by_name",
    "address": "account_text_by_address",
    "codes_left": "account_by_codes",
    "enrolled": "account_by_enrolment",
    "flag": "account_by_due",
    "last_recovered_at": "account_by_recovery",
}
