"""The strip of days and what was signed: what an auditor sees before they check it themselves."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils.formats import date_format

from recovery.actors import Actor
from recovery.audit import Draft, append, linking
from recovery.enums import DayState, IncidentKind, Operation, Outcome, Role
from recovery.models import Checkpoint, Incident, LedgerDay, SigningKey
from tests.console import desk

pytestmark = pytest.mark.django_db

PAGE = "/console/integrity/"


def today():
    return datetime.now(UTC).date()


def day(back, first, last, state=DayState.VERIFIED, **more):
    return LedgerDay.objects.create(
        day=today() - timedelta(days=back),
        first_sequence=first,
        last_sequence=last,
        state=state,
        **more,
    )


def states(response):
    return [cell["state"] for cell in response.context["integrity"]["strip"]["cells"]]


@pytest.fixture
def client():
    return desk.as_role(Role.AUDITOR)


def test_each_day_is_verified_broken_or_not_yet_checked(client):
    day(4, 2, 5)
    day(3, 6, 9, DayState.BROKEN, finding="changed", found_at_sequence=7)
    day(1, 11, 12)

    response = client.get(PAGE)

    # Between the last two, one event is missing from what was checked, so that day is no quiet one.
    assert states(response)[-5:] == ["verified", "broken", "unchecked", "verified", "unchecked"]
    page = desk.text(response)
    assert "no. 7 in the chain" in page
    assert "An event was changed." in page


def test_a_day_on_which_nothing_happened_is_told_from_one_that_was_not_checked(client):
    day(4, 1, 5)
    day(2, 6, 9)

    assert states(client.get(PAGE))[-5:] == [
        "verified",
        "quiet",
        "verified",
        "unchecked",
        "unchecked",
    ]
    assert states(client.get(PAGE))[0] == "quiet"


def test_a_cell_says_in_words_what_its_colour_says(client):
    day(0, 1, 5, DayState.BROKEN)

    page = desk.text(client.get(PAGE))

    assert f"{date_format(today(), 'DATE_FORMAT')}: Broken</span>" in page


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/New_York"])
def test_a_cell_opens_the_events_of_its_day_whatever_the_viewers_clock_says(client, zone):
    client.cookies["timezone"] = zone
    inside, outside = (
        append(Draft(operation=Operation.RECONCILE, actor=Actor.worker(), at=at), Outcome.COMPLETED)
        for at in (
            datetime(today().year, today().month, today().day, tzinfo=UTC) - timedelta(seconds=1),
            datetime(today().year, today().month, today().day, tzinfo=UTC),
        )
    )
    linking.settle(connection)

    yesterday = client.get(PAGE).context["integrity"]["strip"]["cells"][-2]
    page = desk.text(client.get(yesterday["url"]))

    assert f"{desk.LEDGER}{inside.pk}/change/" in page
    assert f"{desk.LEDGER}{outside.pk}/change/" not in page


def test_it_shows_keys_checkpoints_and_what_is_wrong(client):
    key = SigningKey.objects.create(fingerprint="ab" * 32, public_key="cd" * 32)
    Checkpoint.objects.create(
        sequence=77, head="ef" * 32, count=77, key=key, statement="{}", signature="00"
    )
    Incident.objects.create(kind=IncidentKind.LEDGER, finding="cut_off:78")

    page = desk.text(client.get(PAGE))

    for shown in ("ab" * 32, "ef" * 32, "up to no. 77", "cut off", "no. 78 in the chain"):
        assert shown in page


def test_the_front_page_of_an_auditor_shows_the_strip_and_the_queue(client):
    page = client.get(desk.FRONT)

    assert len(page.context["strip"]["cells"]) == 28
    assert page.context["waiting"]["url"] in desk.text(page)
    assert desk.as_role(Role.AGENT).get(desk.FRONT).context["strip"] is None


def test_more_days_cost_no_more(client):
    one = len(desk.statements(client, PAGE))
    for back in range(20):
        day(back, 20 - back, 20 - back)

    assert len(desk.statements(client, PAGE)) <= one + 1
