"""The pictures: who sees which, what a mark opens, and that a page counts nothing itself."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from console.pictures import calls
from console.pictures.reading import Row
from recovery.audit import linking
from recovery.enums import (
    DESK_OPERATIONS,
    Enrolment,
    Operation,
    Outcome,
    Role,
)
from recovery.figures import count_accounts, count_events
from recovery.figures.tables import quarter_of
from recovery.models import Account, AuditEvent, Cursor
from tests import factories
from tests.console import desk

pytestmark = pytest.mark.django_db

PAGE = "/console/pictures/"
OF_ACCOUNTS = ["codes_left", "ageing"]
OF_EVENTS = ["calls", "operations", "restored", "refusals"]
ZONE = "America/New_York"


def account(*, left=0, age=None, due=None, enrolment=Enrolment.ENROLLED):
    """Put an account where the list has it, past every rule."""
    now = timezone.now()
    flagged = {
        "enrolment": Enrolment.REENROLMENT_REQUIRED,
        "reenrolment_origin": "desk",
        "reenrolment_required_at": now - timedelta(days=age or 0),
        "reenrolment_due_at": now + timedelta(days=due) if due is not None else None,
    }
    state = flagged if age is not None else {"enrolment": enrolment}
    made = factories.account(addresses=(), backup_codes_total=10, backup_codes_left=left, **state)
    return str(made.user_id)


def event(operation, days, *, minutes=0, refusal="", **people):
    """Put an event on the ledger, so many days ago."""
    AuditEvent.objects.create(
        operation=operation,
        outcome=Outcome.REFUSED if refusal else Outcome.COMPLETED,
        refusal=refusal,
        at=timezone.now() - timedelta(days=days) + timedelta(minutes=minutes),
        **people,
    )


def organisation():
    """A few of everything that a picture counts."""
    for left in (0, 0, 3, 10):
        account(left=left)
    for age, due in ((0.5, 3), (5, None), (10, -2), (10, -3), (40, 20), (200, 60)):
        account(age=age, due=due, left=10)
    account(enrolment=Enrolment.NOT_ENROLLED)
    for number, operation in enumerate(DESK_OPERATIONS * 5):
        event(operation, 2 * number + 0.3, subject_id=str(number % 4), actor_id="77")
        event(Operation.HOLDER_SIGN_IN, 2 * number, minutes=9, actor_id=str(number % 4))
    for number, code in enumerate(["account_frozen", "wrong_code", "account_frozen"]):
        event(Operation.ISSUE_PHONE_CODE, 9 * number, refusal=code, subject_id="4", actor_id="77")
    counted()


def counted():
    linking.settle(connection)
    count_events()
    count_accounts(every=timedelta(0))


def as_role(role):
    client = desk.as_role(role)
    client.cookies["timezone"] = ZONE
    return client


def pictures(client, address=PAGE):
    return {one["name"]: one for one in client.get(address).context["pictures"]}


@pytest.mark.parametrize(
    ("role", "sees"),
    [
        (Role.AGENT, OF_ACCOUNTS),
        (Role.LEAD, [*OF_ACCOUNTS, *OF_EVENTS, "coverage"]),
        (Role.AUDITOR, OF_EVENTS),
        (Role.REPORT_ADMINISTRATOR, [*OF_ACCOUNTS, "coverage"]),
    ],
)
def test_each_role_sees_its_own(role, sees):
    organisation()
    client = as_role(role)

    assert list(pictures(client)) == sees
    assert list(pictures(client, desk.FRONT)) == sees[:4]
    assert all(one["drawing"].marks for one in pictures(client).values())


def test_who_may_open_no_list_sees_no_picture():
    client = desk.signed_in(desk.member())

    assert client.get(PAGE).status_code == 403
    assert pictures(client, desk.FRONT) == {}


@pytest.mark.parametrize("name", [*OF_ACCOUNTS, *OF_EVENTS, "coverage"])
def test_each_mark_opens_a_list_of_just_what_it_counts(name, monkeypatch):
    monkeypatch.setattr("console.admin.keyset.ROWS", 500)
    organisation()
    client = as_role(Role.LEAD)
    if name == "coverage":  # who looks has an account as well
        counted()

    drawing = pictures(client)[name]["drawing"]

    cells = [cell for _name, row in drawing.table.rows for cell in row if cell.url]
    assert len(drawing.marks) > 1
    assert [rows_behind(client, mark.url) for mark in drawing.marks] == [
        mark.count for mark in drawing.marks
    ]
    if name != "coverage":
        assert Counter((cell.url, int(cell.text)) for cell in cells) == Counter(
            (mark.url, mark.count) for mark in drawing.marks
        )


def rows_behind(client, url):
    response = client.get(url)
    assert response.status_code == 200, url
    if "timeline" in response.context:
        return sum(len(day["rows"]) for day in response.context["timeline"]["days"])
    return response.context["cl"].queryset.count()


@pytest.mark.parametrize("address", [PAGE, desk.FRONT])
def test_a_page_reads_figures_and_counts_nothing(address):
    client = as_role(Role.LEAD)
    few = desk.statements(client, address)
    organisation()
    many = desk.statements(client, address)

    assert len(many) == len(few)
    reading = [sql for sql in many if "recovery_figure" in sql or "recovery_cursor" in sql]
    assert len(reading) == 2


def test_the_page_of_pictures_touches_no_large_table():
    client = as_role(Role.AUDITOR)
    organisation()
    large = re.compile(r'FROM "recovery_(auditevent|chainentry|restoration|account)"')

    touched = [sql for sql in desk.statements(client, PAGE) if large.search(sql)]

    assert all('"user_id" = ' in sql for sql in touched), touched


def test_where_nothing_was_counted_it_says_so():
    page = desk.text(as_role(Role.LEAD).get(PAGE))

    assert page.count("The worker has not counted yet") == 7
    assert "<svg viewBox" not in page


def test_an_empty_organisation_has_nothing_to_show():
    counted()

    shown = pictures(as_role(Role.LEAD))

    assert shown["refusals"]["drawing"] is None
    assert "there was nothing to count" in desk.text(as_role(Role.LEAD).get(PAGE))


def test_figures_that_nobody_kept_up_are_said_to_be_late():
    organisation()
    client = as_role(Role.AGENT)
    assert "see that the worker runs" not in desk.text(client.get(PAGE))

    Cursor.objects.update(moved_at=timezone.now() - timedelta(hours=3))

    assert "see that the worker runs" in desk.text(client.get(PAGE))


def test_each_picture_says_what_it_is_without_being_seen():
    organisation()
    page = desk.text(as_role(Role.LEAD).get(PAGE))

    for name in ("calls", "coverage", "restored"):
        assert f'aria-labelledby="pic-{name}-title" aria-describedby="pic-{name}-desc"' in page
        assert re.search(f'<desc id="pic-{name}-desc">[^<]{{20,}}</desc>', page)
    assert page.count("<caption") == page.count("<svg viewBox") == 7
    assert "style=" not in re.search(r'<div class="pic-all">.*', page, re.DOTALL)[0]


ZONES = st.sampled_from(["Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"])
NOW = st.sampled_from(
    [datetime(2026, 11, 2, 13, 5, tzinfo=UTC), datetime(2026, 4, 12, 23, 50, tzinfo=UTC)]
)
MINUTES_AGO = st.lists(st.integers(0, 70 * 24 * 60), max_size=20)


@given(ZONES.map(ZoneInfo), NOW, MINUTES_AGO)
def test_hours_are_those_of_the_viewers_clock_also_where_it_changes(zone, now, minutes_ago):
    moments = [now - timedelta(minutes=minutes) for minutes in minutes_ago]
    rows = [Row(moment.date(), quarter_of(moment), "", 1) for moment in moments]
    first = now.astimezone(zone).date() - timedelta(days=55)
    local = [moment.astimezone(zone) for moment in moments]

    with timezone.override(zone):
        found = calls.by_hour(rows, now)

    wanted = [(one.isoweekday(), one.hour) for one in local if one.date() >= first]
    assert found == Counter(wanted)


def test_a_call_is_drawn_in_the_hour_of_the_viewers_clock():
    at = timezone.now().replace(minute=20) - timedelta(days=3)
    AuditEvent.objects.create(
        operation=Operation.ISSUE_PHONE_CODE, outcome=Outcome.COMPLETED, at=at
    )
    counted()
    client = as_role(Role.AUDITOR)

    for zone in (ZONE, "Asia/Kolkata"):
        client.cookies["timezone"] = zone
        [mark] = pictures(client)["calls"]["drawing"].marks
        assert f", {at.astimezone(ZoneInfo(zone)):%H}:00 to " in mark.label
        assert rows_behind(client, mark.url) == 1


def test_flags_are_gone_from_the_picture_when_they_are_from_the_accounts():
    organisation()
    Account.objects.filter(enrolment=Enrolment.REENROLMENT_REQUIRED).delete()
    counted()

    assert pictures(as_role(Role.AGENT))["ageing"]["drawing"] is None
