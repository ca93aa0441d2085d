"""Each operation beside its notice and its ticket: what lacks one is found, and nothing else."""

from datetime import timedelta

import pytest
from django.utils import timezone

from recovery import actions
from recovery.enums import NoticeState, Operation, Role
from recovery.models import Notice
from tests import factories
from tests.console import desk

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("P14")]

PAGE = "/console/completeness/"


@pytest.fixture
def client():
    return desk.as_role(Role.AUDITOR)


def done(subject=None, **grounds):
    """Flag an account as the desk does, with all that belongs to it."""
    actions.require_reenrolment(
        actor=factories.staff(Role.AGENT),
        subject=subject or factories.account(),
        grounds=factories.grounds(**grounds),
    )
    return factories.last_event(operation=Operation.REQUIRE_REENROLMENT)


def orphans(client, query=""):
    found = client.get(f"{PAGE}{query}").context["completeness"]["orphans"]
    return {str(kind["title"]): kind["rows"] for kind in found}


def test_what_is_whole_is_no_orphan(client):
    done()
    done(factories.account(addresses=()))

    assert not any(orphans(client).values())


def test_a_notice_that_is_gone_is_missed(client):
    event = done()
    Notice.objects.filter(event_id=event.pk).delete()

    [line] = orphans(client)["Nobody was told"]

    assert line["url"] == f"{desk.LEDGER}{event.pk}/change/"


def test_a_mail_to_the_leads_is_no_notice_to_the_subject(client):
    event = done()
    Notice.objects.filter(event_id=event.pk).update(dedupe_key=f"lead:{event.pk}:x")

    assert len(orphans(client)["Nobody was told"]) == 1


def test_a_dead_letter_is_listed_with_its_address_masked(client):
    event = done()
    Notice.objects.filter(event_id=event.pk).update(
        state=NoticeState.DEAD, ended_at=timezone.now(), last_error="SMTPException 550"
    )

    [letter] = orphans(client)["Dead letters"]
    page = desk.text(client.get(PAGE))

    assert letter["error"] == "SMTPException 550"
    assert "known@example.org" not in page


def test_a_notice_about_nothing_is_listed(client):
    event = done()
    Notice.objects.filter(event_id=event.pk).update(event_id=event.pk + 10_000)

    assert len(orphans(client)["Notices without an event"]) == 1


def test_a_missing_ticket_is_listed_where_the_desk_wants_one(client, settings):
    done(ticket="")
    assert "Without a ticket" not in orphans(client)

    settings.RECOVERY_TICKET_REQUIRED = True

    assert len(orphans(client)["Without a ticket"]) == 1


def test_only_the_span_is_looked_at(client):
    event = done()
    Notice.objects.filter(event_id=event.pk).delete()
    before = timezone.localdate() - timedelta(days=2)

    assert not any(orphans(client, f"?to={before}").values())


@pytest.mark.parametrize(
    "query",
    ["from=x&to=y", "from=0001-01-01&to=9999-12-31", "before=x_1", "to=2026-02-31", "from=%00"],
)
def test_nothing_in_the_address_breaks_it(client, query):
    assert client.get(f"{PAGE}?{query}").status_code == 200


def test_a_span_is_a_quarter_at_the_most(client):
    span = client.get(f"{PAGE}?from=2001-01-01&to=2026-01-01").context["completeness"]["span"]

    assert (span.last - span.first).days == 91


def test_every_operation_is_listed_with_what_became_of_its_notices(client):
    event = done()
    Notice.objects.filter(event_id=event.pk).update(state=NoticeState.SENT)

    [line] = client.get(PAGE).context["completeness"]["lines"]

    assert [notice["tone"] for notice in line["notices"]] == ["good"]
    assert line["ticket"] == "HD-1"


def test_it_is_turned_page_by_page_and_costs_the_same(client, monkeypatch):
    done()
    client.get(PAGE)  # that it was read is on the ledger from here on
    one = len(desk.statements(client, PAGE))
    monkeypatch.setattr("console.completeness.PAGE", 2)
    events = [done() for _ in range(4)]

    assert len(desk.statements(client, PAGE)) == one
    page = client.get(client.get(PAGE).context["completeness"]["next"])
    urls = [line["url"] for line in page.context["completeness"]["lines"]]
    assert urls == [f"{desk.LEDGER}{event.pk}/change/" for event in (events[1], events[0])]


def test_who_may_not_see_people_sees_none():
    person = desk.member()
    person.user_permissions.add(*factories.permissions("view_auditevent"))
    event = done()
    Notice.objects.filter(event_id=event.pk).delete()

    page = desk.text(desk.signed_in(person).get(PAGE))

    assert str(Operation.REQUIRE_REENROLMENT.label) in page
    for hidden in (event.subject_name, event.actor_name, "HD-1"):
        assert hidden not in page


def test_nothing_is_asked_of_the_whole_ledger(client):
    """Each question names a span of time, or the numbers that the span's events have."""
    done()
    asked = desk.statements(client, PAGE)
    events = [sql for sql in asked if 'FROM "recovery_auditevent" WHERE' in sql]
    notices = [sql for sql in asked if 'FROM "recovery_notice" WHERE' in sql]

    assert events
    assert notices
    assert [sql for sql in events if '"at" >' not in sql] == []
    bounds = ('"event_id" >=', '"event_id" IN', '"ended_at" >=')
    assert [sql for sql in notices if not any(bound in sql for bound in bounds)] == []
