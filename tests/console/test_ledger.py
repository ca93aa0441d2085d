"""The ledger as auditors read it: what it finds, what it costs, what breaks nothing."""

from datetime import timedelta
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from django.db import connection
from django.utils import timezone

from console.admin import keyset
from console.admin.ledger_filters import LOOKUPS
from recovery.audit import linking
from recovery.enums import Operation, Outcome, Role
from recovery.models import AuditEvent
from tests import factories
from tests.console import desk

pytestmark = pytest.mark.django_db

NAMES = ("view_auditevent", "export_events")
"""What somebody holds who may read the ledger, and see neither people nor sources."""


@pytest.fixture
def auditor():
    return desk.as_role(Role.AUDITOR)


def reader_without(*hidden):
    """Sign in somebody who reads all of the ledger but what these permissions open."""
    person = desk.member()
    held = {*NAMES, "view_event_people", "view_event_sources"} - {*hidden}
    person.user_permissions.add(*factories.permissions(*held))
    return desk.signed_in(person)


def event(**fields):
    """Put an event on the ledger as if it had happened."""
    kept = {"operation": Operation.ISSUE_PHONE_CODE, "outcome": Outcome.COMPLETED}
    return AuditEvent.objects.create(**kept | fields)


def shown(client, **filters):
    """Return the rows of the ledger that these filters leave, newest first."""
    return rows(client.get(desk.LEDGER, filters))


def rows(response):
    assert response.status_code == 200
    return [row for day in response.context["timeline"]["days"] for row in day["rows"]]


def numbers(found):
    return [int(row["url"].split("/")[-3]) for row in found]


@pytest.mark.parametrize("more", [0, 2, 299])
def test_the_ledger_costs_the_same_however_long_it_is(auditor, more):
    one = len(desk.statements(desk.as_role(Role.AUDITOR), desk.LEDGER))
    for number in range(more):
        event(subject_id=str(number), subject_name=f"somebody {number}", ticket=f"HD-{number}")

    # Two of them ask whether this view is on the ledger yet, and put it there.
    assert len(desk.statements(auditor, desk.LEDGER)) == one <= 8


def test_no_page_is_counted_or_skipped(auditor, monkeypatch):
    monkeypatch.setattr(keyset, "ROWS", 2)
    first = auditor.get(desk.LEDGER).context["timeline"]["older_url"] or desk.LEDGER
    for _ in range(5):
        event()

    for address in (desk.LEDGER, auditor.get(desk.LEDGER).context["timeline"]["older_url"], first):
        asked = [sql for sql in desk.statements(auditor, address) if "auditevent" in sql]
        assert asked
        assert not [sql for sql in asked if "COUNT(" in sql or "OFFSET" in sql]


@pytest.mark.parametrize("rows_a_page", [1, 2, 3])
def test_every_event_is_on_one_page_whichever_way_they_are_turned(
    auditor, monkeypatch, rows_a_page
):
    monkeypatch.setattr(keyset, "ROWS", rows_a_page)
    at = timezone.now()
    made = [event(ticket="HD-9", at=at).pk for _ in range(4)]
    made += [event(ticket="HD-9", at=at - timedelta(days=1)).pk for _ in range(3)]
    expected = list(
        AuditEvent.objects.filter(pk__in=made).order_by("-at", "-pk").values_list("pk", flat=True)
    )

    down, up = [], []
    page = auditor.get(desk.LEDGER, {"ticket": "HD-9"})
    down += numbers(rows(page))
    while address := page.context["timeline"]["older_url"]:
        page = auditor.get(address)
        down += numbers(rows(page))
    up += numbers(rows(page))
    while address := page.context["timeline"]["newer_url"]:
        page = auditor.get(address)
        up = [number for number in numbers(rows(page)) if number not in up] + up

    assert down == up == expected


def test_what_is_added_meanwhile_moves_no_page(auditor, monkeypatch):
    monkeypatch.setattr(keyset, "ROWS", 2)
    made = [event(ticket="HD-9").pk for _ in range(4)]
    older = auditor.get(desk.LEDGER, {"ticket": "HD-9"}).context["timeline"]["older_url"]

    event(ticket="HD-9")

    assert numbers(rows(auditor.get(older))) == [made[1], made[0]]


ONE = {
    "operation": Operation.VETO,
    "outcome": Outcome.REFUSED,
    "refusal": "frozen",
    "subject_id": "4711",
    "subject_name": "ann@example.org",
    "subject_tier": "privileged",
    "actor_id": "815",
    "actor_name": "bob@example.org",
    "ticket": "HD-77",
    "source_address": "2001:db8::7",
    "trace": "feedfacefeedface",
}
ASKED = {
    "operation": "veto",
    "outcome": "refused",
    "refusal": "frozen",
    "tier": "privileged",
    "subject": "4711",
    "subject_name": "ann@",
    "actor": "815",
    "actor_name": "bob@example.org",
    "ticket": "HD-77",
    "source": "2001:DB8:0::7",
    "trace": "feedfacefeedface",
    "since": "2027-01-01T00:00Z",
    "until": "2026-01-02T00:00Z",
}


@pytest.mark.parametrize("name", LOOKUPS)
def test_each_filter_keeps_what_was_asked_for(auditor, name):
    at = timezone.now().replace(year=2026 - (name == "until") + (name == "since"))
    wanted = event(**ONE, at=at)
    at_least = {"outcome": "refused"} if name in {"since", "until", "outcome", "tier"} else {}
    event()

    found = numbers(shown(auditor, **at_least | {name: ASKED[name]}))

    assert found == [wanted.pk]


def test_several_operations_are_asked_for_at_once(auditor):
    made = [event(operation=one).pk for one in (Operation.VETO, Operation.RECONCILE)]
    event(operation=Operation.ADD_ADDRESS)

    assert numbers(shown(auditor, operation=["veto", "reconcile"])) == made[::-1]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("operation=steal", "steal is not one of the available choices"),
        ("outcome=fine", "fine is not one of the available choices"),
        ("ticket=%00", "Null characters are not allowed"),
        ("subject=%00", "Null characters are not allowed"),
        ("source=the+cellar", "Enter a valid IPv4 or IPv6 address"),
        ("since=yesterday", "is no day or time"),
        ("until=2026-13-41", "is no day or time"),
        ("since=0001-01-01", "is no day or time"),
        ("until=9999-12-31", "is no day or time"),
        ("since=2026-01-01T00:00&zone=Mars/North", "There is no such time zone"),
        ("before=20260101T000000.000000", "This page of the ledger is not there"),
        ("after=20260101T000000.000000~99999999999999999999", "This page of the ledger"),
        ("in_hour=8T25+Mars/North", "is no hour of the week"),
        ("in_hour=1T09+UTC", "need a span of three months at most"),
        ("in_hour=1T09+UTC&since=2026-01-01&until=2026-12-31", "need a span of three months"),
        ("restored=no", "no is not one of the available choices"),
        ("operation__exact=veto", "There is no filter operation__exact"),
        ("p=2", "There is no filter p"),
    ],
)
def test_a_filter_that_makes_no_sense_is_said_and_shows_nothing(auditor, query, says):
    response = auditor.get(f"{desk.LEDGER}?{query}")

    assert response.status_code == 400
    assert says in desk.text(response)
    assert response.context["timeline"]["days"] == []
    report = auditor.get(f"{desk.LEDGER}export/?{query}", follow=True)
    assert (report.status_code, says in desk.text(report)) == (422, True)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("subject", {"subject_id": "4711", "subject_name": "ann"}),
        ("actor", {"actor_id": "815", "actor_name": "bob"}),
        ("actor", {"actor_name": "worker"}),
        ("ticket", {"ticket": "HD-77 / b"}),
        ("source", {"source_address": "192.0.2.77"}),
    ],
)
def test_each_value_leads_to_the_view_that_it_filters(auditor, kind, value):
    wanted = event(**value)
    event()
    found = {number: row for row in shown(auditor) for number in numbers([row])}[wanted.pk]

    assert numbers(rows(auditor.get(found[kind].url))) == [wanted.pk]


@pytest.mark.parametrize(("zone", "found"), [("UTC", 1), ("Asia/Tokyo", 0)])
def test_the_ledger_takes_a_time_as_the_viewers_clock_says_it(auditor, zone, found):
    made = event(ticket="HD-9")
    auditor.cookies["timezone"] = zone
    soon = made.at + timedelta(minutes=1)

    assert len(shown(auditor, ticket="HD-9", until=f"{soon:%Y-%m-%dT%H:%M:%S}")) == found


def test_a_view_shows_the_same_to_a_colleague_in_another_zone(auditor):
    made = event(ticket="HD-9", at=timezone.now() - timedelta(days=2))
    auditor.cookies["timezone"] = "Asia/Tokyo"
    day = timezone.localtime(made.at, timezone.zoneinfo.ZoneInfo("Asia/Tokyo")).date()
    sent = {"since": f"{day}", "until": f"{day}", "ticket": "HD-9", "zone": "Asia/Tokyo"}
    linked = auditor.get(desk.LEDGER, sent).context["timeline"]["newest_url"]

    auditor.cookies["timezone"] = "America/Los_Angeles"

    assert numbers(shown(auditor, **sent)) == numbers(rows(auditor.get(linked))) == [made.pk]


def test_a_filter_is_named_and_can_be_taken_off(auditor):
    event(ticket="HD-9", outcome=Outcome.FAILED)
    asked = {"ticket": "HD-9", "outcome": "failed", "operation": ["veto", "issue_phone_code"]}

    chips = auditor.get(desk.LEDGER, asked).context["timeline"]["chips"]

    said = {(str(chip["label"]), chip["text"]) for chip in chips}
    assert said >= {("Ticket", "HD-9"), ("Outcome", "Failed"), ("Operation", "That was not me")}
    veto = next(chip for chip in chips if chip["text"] == "That was not me")
    left = {"ticket": ["HD-9"], "outcome": ["failed"], "operation": ["issue_phone_code"]}
    assert parse_qs(urlsplit(veto["url"]).query) == left


def test_a_row_says_its_place_in_the_chain(auditor):
    made = event(ticket="HD-9")
    linking.settle(connection)

    assert [row["sequence"] for row in shown(auditor, ticket="HD-9")] == [made.entry.sequence]


@pytest.mark.requirement("P10")
class TestWithheld:
    """Names and sources are for those who hold a permission for each."""

    @pytest.fixture
    def made(self):
        return event(**ONE, reason="Fell into the lake", user_agent="Netscape", detail={"event": 5})

    @pytest.mark.parametrize(
        ("permission", "withheld", "kept"),
        [
            ("view_event_people", ("ann@", "bob@", "HD-77", "the lake"), ("2001:db8::7",)),
            ("view_event_sources", ("2001:db8::7", "Netscape"), ("ann@", "bob@", "HD-77")),
        ],
    )
    def test_on_the_pages_and_in_the_file(self, made, permission, withheld, kept):
        client = reader_without(permission)
        query = "?trace=feedfacefeedface"
        answers = [
            client.get(f"{desk.LEDGER}{query}"),
            client.get(f"{desk.LEDGER}{made.pk}/change/"),
            desk.take_out(client, desk.report_of(desk.LEDGER), trace="feedfacefeedface"),
        ]

        for answer in answers:
            assert answer.status_code == 200
            assert not [text for text in withheld if text in desk.text(answer)]
            assert not [text for text in kept if text not in desk.text(answer)]
        assert all("withheld" in desk.text(answer) for answer in answers[:2])

    def test_the_ledger_says_which_columns_were_taken_out(self):
        client = reader_without("view_event_people")

        desk.take_out(client, desk.report_of(desk.LEDGER))

        columns = factories.last_event(operation=Operation.EXPORT_EVENTS).detail["columns"]
        assert "source_address" in columns
        assert not {"actor_name", "subject_name", "reason", "ticket", "detail"} & {*columns}

    @pytest.mark.parametrize(
        ("permission", "names"),
        [
            ("view_event_people", ("subject_name", "actor_name", "ticket")),
            ("view_event_sources", ("source",)),
        ],
    )
    def test_nobody_finds_out_by_a_filter_what_they_may_not_see(self, permission, names):
        client = reader_without(permission)

        for name in names:
            response = client.get(f"{desk.LEDGER}?{name}={quote(ASKED[name])}")
            assert response.status_code == 400
            assert f"may not filter by {name}" in desk.text(response)
            assert f'id="filter-{name}"' not in desk.text(response)

    def test_accounts_are_still_told_apart(self, made):
        client = reader_without("view_event_people")
        row = shown(client, trace="feedfacefeedface")[0]

        assert (row["subject"].text, row["subject"].is_withheld) == ("No. 4711", True)
        assert numbers(rows(client.get(row["subject"].url))) == [made.pk]
