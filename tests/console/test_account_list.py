"""The list: what it finds, what it costs, and what it never touches."""

from datetime import timedelta
from urllib.parse import quote

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from recovery.enums import LinkState, NoticeState, Operation, Role
from recovery.models import Account, AccountText, BackupCode, Notice, TotpAuthenticator
from recovery.people import fold
from tests import factories
from tests.console import desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def client():
    return desk.as_role(Role.AGENT)


def called(name, *, number="", **state):
    """Make an account holder whom the list shows under that name."""
    made = factories.account(**state)
    folded = fold(f"{name} {made.user.get_username()} {number}")
    AccountText.objects.filter(account=made).update(
        display_name=name, staff_number=number, folded=folded
    )
    return factories.fresh(made)


def listed(client, query=""):
    """Return the names that the list shows, in its order."""
    response = client.get(f"{desk.ACCOUNTS}?{query}")
    assert response.status_code == 200, query
    return [account.text.display_name for account in response.context["cl"].result_list]


def many(count, *, named):
    """Make so many accounts with codes, without a slow hash for each."""
    users = get_user_model().objects
    field = get_user_model().USERNAME_FIELD
    users.bulk_create(
        get_user_model()(**{field: f"{named}{number}@example.org"}) for number in range(count)
    )
    Account.objects.bulk_create(
        Account(user=user, backup_codes_left=3, backup_codes_total=10)
        for user in users.filter(recovery_account=None)
    )
    AccountText.objects.bulk_create(
        AccountText(account=account, display_name=str(account.pk), folded=f"{named} {account.pk}")
        for account in Account.objects.filter(text=None)
    )


@pytest.mark.parametrize("query", ["", "o=-2", "codes=low", "flag=none", "q=person", "q=pe"])
def test_the_list_costs_the_same_however_long_it_is(query):
    """With the session, the user, what they may, and that it is on the ledger."""
    client, again, once_more = (desk.as_role(Role.AGENT) for _ in range(3))
    called("person", backup_codes_left=3, backup_codes_total=10)
    listed(client, "q=first")  # what PostgreSQL counted of the pieces is read once a while
    one = desk.statements(client, f"{desk.ACCOUNTS}?{query}")
    many(2, named="person-few")
    three = desk.statements(again, f"{desk.ACCOUNTS}?{query}")
    many(300, named="person-crowd")
    hundreds = desk.statements(once_more, f"{desk.ACCOUNTS}?{query}")

    assert len(one) == len(three) == len(hundreds) <= 8


def test_no_list_page_touches_a_row_of_a_code_or_a_key(client):
    factories.saved_codes(factories.account())

    ran = desk.statements(client, f"{desk.ACCOUNTS}?codes=low&q=person")

    assert not [sql for sql in ran if BackupCode._meta.db_table in sql]
    assert not [sql for sql in ran if "encrypted_key" in sql and "INNER JOIN" in sql]


def test_the_list_shows_counts_and_never_a_code(client):
    owner = factories.account()
    code_set, codes = factories.saved_codes(owner)

    page = desk.text(client.get(desk.ACCOUNTS))

    assert "10 left" in page
    digests = [code.digest for code in code_set.codes.all()]
    for secret in (*codes, *digests, code_set.recipe["salt"]):
        assert secret not in page


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("zoe", ["Zoë Ørsted"]),
        ("ZOË", ["Zoë Ørsted"]),
        ("zoe orst", ["Zoë Ørsted"]),
        ("ørsted zoë", ["Zoë Ørsted"]),
        ("zoe amelie", []),
        ("strasse", ["Jörg Straße"]),
        ("e-4711", ["Jörg Straße"]),
        ("no such person", []),
        ("%", []),
        ("_", []),
    ],
)
def test_a_search_finds_every_word_whatever_its_accents(client, typed, found):
    called("Zoë Ørsted")
    called("Amélie Roth")
    called("Jörg Straße", number="E-4711")

    assert listed(client, f"q={quote(typed)}") == found


@pytest.mark.parametrize(
    "query",
    [
        "q=%00",
        "q=zo%00e",
        "q=" + "a" * 4000,
        "q=" + "a+" * 2000,
        "q=%F0%9F%98%80",
        "q=%27%3B--",
        "q=%5C",
        "p=99999",
        "p=abc",
        "o=abc",
        "o=99",
        "codes=bogus",
        "enrolment__exact=bogus",
        "all=",
    ],
)
def test_nothing_in_the_address_breaks_the_list(client, query):
    response = client.get(f"{desk.ACCOUNTS}?{query}", follow=True)

    assert response.status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "user__password__startswith=a",
        "user__totpauthenticator__encrypted_key__startswith=g",
        "text__folded__contains=a",
        "history__history_change_reason__contains=a",
        "enrolment__exact=%00",
        "codes=%00",
        "nonsense=1",
    ],
)
def test_the_list_cannot_be_asked_about_what_it_does_not_show(client, query):
    called("Zoë Ørsted")

    response = client.get(f"{desk.ACCOUNTS}?{query}")

    assert response.status_code in {302, 400}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("codes=none", ["none"]),
        ("codes=low", ["low"]),
        ("codes=fine", ["fine"]),
        ("codes=low&q=fine", []),
        ("", ["fine", "low", "none"]),
    ],
)
def test_the_list_filters_by_codes_left(client, query, found):
    for name, left in {"none": 0, "low": 3, "fine": 4}.items():
        called(name, backup_codes_total=10, backup_codes_left=left)

    shown = [name for name in listed(client, query) if name in {"none", "low", "fine"}]
    assert shown == found


def flagged(name, *, due_at=None):
    account = called(name)
    factories.flag(account, due_at=due_at)
    return account


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("flag=flagged", {"late", "soon", "now"}),
        ("flag=overdue", {"late"}),
        ("enrolment__exact=reenrolment_required", {"late", "soon", "now"}),
    ],
)
def test_the_list_filters_by_flag(client, query, found):
    called("free")
    flagged("now")
    flagged("soon", due_at=desk.in_an_hour())
    late = flagged("late", due_at=desk.in_an_hour())
    Account.objects.filter(pk=late.pk).update(
        reenrolment_due_at=timezone.now() - timedelta(hours=1)
    )

    assert set(listed(client, query)) == found


def test_the_list_filters_by_who_is_not_flagged(client):
    flagged("now")
    called("free")

    names = listed(client, "flag=none")

    assert "free" in names
    assert "now" not in names


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("recovered=day", {"today"}),
        ("recovered=week", {"today", "lately"}),
        ("recovered=month", {"today", "lately", "once"}),
    ],
)
def test_the_list_filters_by_last_recovery(client, query, found):
    for name, days in {"today": 0, "lately": 5, "once": 20, "long ago": 60}.items():
        called(name, last_recovered_at=timezone.now() - timedelta(days=days, hours=1))
    called("never")

    assert set(listed(client, query)) == found


def test_the_list_filters_by_who_never_recovered(client):
    called("once", last_recovered_at=timezone.now())
    called("never")

    names = listed(client, "recovered=never")

    assert "never" in names
    assert "once" not in names


def test_the_list_filters_by_tier(client):
    called("chief", tier="privileged")
    called("clerk")

    assert "chief" in listed(client, "tier=privileged")
    assert "clerk" not in listed(client, "tier=privileged")
    assert "clerk" in listed(client, "tier=standard")


def test_the_list_filters_by_open_links(client):
    linked = called("linked")
    factories.open_link(linked)
    used = called("used")
    link, _ = factories.open_link(used)
    type(link).objects.filter(pk=link.pk).update(state=LinkState.USED, ended_at=timezone.now())

    assert listed(client, "mail=link_open") == ["linked"]


def test_the_list_filters_by_mail_that_could_not_be_delivered(client):
    unreachable = called("unreachable")
    called("reachable")
    dead_letter(unreachable)

    assert listed(client, "mail=undeliverable") == ["unreachable"]


def dead_letter(account):
    return Notice.objects.create(
        operation=Operation.ISSUE_PHONE_CODE,
        account=account,
        address="known@example.org",
        dedupe_key=f"test:{account.pk}",
        state=NoticeState.DEAD,
        ended_at=timezone.now(),
    )


@pytest.mark.parametrize("column", range(1, 7))
def test_the_list_sorts_by_each_column_both_ways(client, column):
    factories.saved_codes(called("a", last_recovered_at=timezone.now()))
    flagged("b", due_at=desk.in_an_hour())

    up, down = listed(client, f"o={column}"), listed(client, f"o=-{column}")

    assert sorted(up) == sorted(down)


def test_the_list_sorts_by_name_unless_told_otherwise(client):
    for name in ("Cleo", "Amélie", "Bo"):
        called(name)

    names = [name for name in listed(client) if name in {"Cleo", "Amélie", "Bo"}]

    assert names == ["Amélie", "Bo", "Cleo"]


def test_mail_that_arrived_in_the_end_is_counted_nowhere(client):
    subject = called("reachable again")
    factories.notice(subject, state=NoticeState.DEAD)
    factories.notice(subject, state=NoticeState.SENT)
    factories.notice(called("long ago"), state=NoticeState.DEAD, days=40)
    page = client.get(desk.page_of(subject))

    [figure] = [
        figure
        for figure in client.get(desk.FRONT).context["figures"]
        if figure["title"] == "Mail undeliverable"
    ]

    assert figure["value"] == 0
    assert listed(client, "mail=undeliverable") == []
    assert page.context["card"]["banners"] == []


def test_each_figure_of_the_front_page_counts_what_its_link_lists(client):
    factories.saved_codes(called("fine"))
    called("low", backup_codes_total=10, backup_codes_left=1)
    flagged("now")
    factories.open_link(called("linked"))
    dead_letter(called("unreachable"))

    for figure in client.get(desk.FRONT).context["figures"]:
        shown = client.get(figure["url"]).context["cl"].result_count
        assert figure["value"] == shown, figure["title"]


def test_the_front_page_costs_the_same_however_many_accounts_there_are(client):
    one = desk.statements(client, desk.FRONT)
    many(300, named="crowd")

    assert len(desk.statements(client, desk.FRONT)) == len(one)


def test_an_authenticators_key_is_on_no_page(client):
    owner = factories.account()
    bound = factories.app(owner)
    pages = [desk.ACCOUNTS, desk.page_of(owner), f"{desk.ACCOUNTS}{owner.pk}/history/"]

    seen = "".join(desk.text(client.get(page)) for page in pages)

    assert TotpAuthenticator.objects.get(pk=bound.pk).encrypted_key not in seen
