"""The review queue as a page: what a reviewer sees, and what comes of what they say."""

import pytest
from django.db import connection

from recovery.actors import Source
from recovery.audit import Draft, append, linking
from recovery.enums import Operation, Outcome, ReviewCause, ReviewVerdict, Role
from recovery.models import AuditEvent, Incident, ReviewItem
from tests import factories
from tests.console import desk

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("P14")]

QUEUE = desk.REVIEW


def queued(cause=ReviewCause.SAMPLED, *, actor=None, subject=None, verdict="", **state):
    draft = Draft(
        operation=Operation.REQUIRE_REENROLMENT,
        actor=actor or factories.staff(Role.AGENT, source=Source(address="203.0.113.9")),
        subject=subject or factories.account(),
        grounds=factories.grounds(reason="Saw the badge"),
    )
    event = append(draft, Outcome.COMPLETED)
    linking.settle(connection)
    return ReviewItem.objects.create(
        event=event, sequence=event.entry.sequence, cause=cause, verdict=verdict, **state
    )


def said(client, operation, *items, **values):
    numbers = ",".join(str(item.pk) for item in items)
    return client.post(f"{QUEUE}{operation}/", {"items": numbers, "comment": ""} | values)


def lines(response):
    return [line["pk"] for line in response.context["queue"]["lines"]]


@pytest.fixture
def auditor():
    return desk.member(Role.AUDITOR)


@pytest.fixture
def client(auditor):
    return desk.signed_in(auditor)


class TestQueue:
    def test_it_shows_what_waits_the_oldest_first(self, client):
        first, second = queued(), queued()
        queued(verdict=ReviewVerdict.SIGNED_OFF, reviewed_at=second.queued_at)

        response = client.get(QUEUE)

        assert lines(response) == [first.pk, second.pk]
        page = desk.text(response)
        assert "Saw the badge" in page
        assert "HD-1" in page
        assert "203.0.113.9" in page

    def test_it_is_filtered_by_cause_and_verdict(self, client):
        sampled, refused = queued(), queued(ReviewCause.REFUSED)
        done = queued(verdict=ReviewVerdict.ESCALATED, reviewed_at=sampled.queued_at)

        assert lines(client.get(f"{QUEUE}?cause=refused")) == [refused.pk]
        assert lines(client.get(f"{QUEUE}?verdict=escalated")) == [done.pk]
        assert len(lines(client.get(f"{QUEUE}?verdict=all"))) == 3

    def test_a_long_one_is_turned_page_by_page_and_costs_the_same(self, client, monkeypatch):
        queued()
        client.get(QUEUE)  # that it was read is on the ledger from here on
        one = len(desk.statements(client, QUEUE))
        monkeypatch.setattr("console.review.PAGE", 2)
        items = [queued() for _ in range(4)]

        assert len(desk.statements(client, QUEUE)) == one
        page = client.get(client.get(QUEUE).context["queue"]["next"])
        assert lines(page) == [items[1].pk, items[2].pk]

    @pytest.mark.parametrize(
        "query",
        [
            "verdict=none&cause=x&after=-1",
            "after=99999999999999999999999",
            "after=²",
            "dialog=sign_off_event&item=abc&item=999999",
            "dialog=veto&item=1",
            "cause=%00",
        ],
    )
    def test_nothing_in_the_address_breaks_it(self, client, query):
        assert client.get(f"{QUEUE}?{query}").status_code == 200

    def test_who_may_not_see_people_sees_none(self):
        person = desk.member()
        person.user_permissions.add(*factories.permissions("view_reviewitem"))
        item = queued()
        queued(
            verdict=ReviewVerdict.SIGNED_OFF,
            reviewed_at=item.queued_at,
            reviewer_name="Rosa Albescu",
            comment="Asked her",
        )

        page = desk.text(desk.signed_in(person).get(f"{QUEUE}?verdict=all"))

        assert str(Operation.REQUIRE_REENROLMENT.label) in page
        for hidden in (
            item.event.subject_name,
            item.event.actor_name,
            "Saw the badge",
            "HD-1",
            "203.0.113.9",
            "Rosa Albescu",
            "Asked her",
        ):
            assert hidden not in page

    def test_what_a_purge_took_is_still_in_the_list(self, client):
        item = queued()
        ReviewItem.objects.filter(pk=item.pk).update(event_id=10**9)

        assert "Left the ledger by a purge" in desk.text(client.get(QUEUE))


class TestSigningOff:
    def test_a_dialog_asks_and_a_post_does_it(self, client, auditor):
        item = queued()
        opened = client.get(f"{QUEUE}?dialog=sign_off_event&item={item.pk}")
        assert '<dialog open id="dialog"' in desk.text(opened)
        assert factories.fresh(item).verdict == ""

        response = said(
            client, "sign_off_event", item, comment="Fits the ticket", back="cause=refused"
        )

        assert response.status_code == 302
        assert response["Location"] == f"{QUEUE}?cause=refused"
        done = factories.fresh(item)
        assert (done.verdict, done.reviewer_id) == (ReviewVerdict.SIGNED_OFF, str(auditor.pk))
        assert done.comment == "Fits the ticket"

    def test_several_at_once_are_one_event_each(self, client):
        items = [queued() for _ in range(3)]

        said(client, "sign_off_event", *items)

        events = AuditEvent.objects.filter(operation=Operation.SIGN_OFF_EVENT)
        assert sorted(event.detail["sequence"] for event in events) == [
            item.sequence for item in items
        ]

    def test_one_of_ones_own_ends_it_there_and_the_rest_stays_chosen(self, client, auditor):
        first = queued()
        own = queued(subject=auditor.recovery_account)
        last = queued()

        response = said(client, "sign_off_event", first, own, last)

        assert response.status_code == 409
        assert desk.refusal_on(response) == "reviews_their_own"
        assert response.context["dialog"]["form"]["items"].value() == f"{own.pk},{last.pk}"
        assert [factories.fresh(item).verdict for item in (first, own, last)] == [
            ReviewVerdict.SIGNED_OFF,
            "",
            "",
        ]

    def test_ones_own_cannot_be_ticked(self, client, auditor):
        own = queued(subject=auditor.recovery_account)

        page = desk.text(client.get(QUEUE))

        assert f"dialog=sign_off_event&amp;item={own.pk}" not in page
        assert "Nobody reviews what they did" in page

    def test_an_old_one_time_code_is_asked_for_anew_in_the_dialog(self, client, auditor):
        item = queued()
        desk.let_the_step_up_go_stale(client)

        refused = said(client, "sign_off_event", item, comment="Fits")
        assert desk.refusal_on(refused) == "step_up_required"
        assert "Fits" in desk.text(refused)

        code = desk.one_time_code(auditor)
        assert said(client, "sign_off_event", item, one_time_code=code).status_code == 302
        assert factories.fresh(item).verdict == ReviewVerdict.SIGNED_OFF

    def test_who_may_only_look_is_refused_and_recorded(self):
        person = desk.member()
        person.user_permissions.add(*factories.permissions("view_reviewitem"))
        item = queued()

        assert said(desk.signed_in(person), "sign_off_event", item).status_code == 403
        event = factories.last_event(operation=Operation.SIGN_OFF_EVENT)
        assert event.refusal == "permission_missing"
        assert factories.fresh(item).verdict == ""

    def test_a_comment_that_is_too_long_comes_back(self, client):
        item = queued()

        response = said(client, "sign_off_event", item, comment="x" * 2_001)

        assert response.status_code == 422
        assert factories.fresh(item).verdict == ""


class TestEscalating:
    def test_it_takes_a_comment(self, client):
        response = said(client, "escalate_event", queued())

        assert desk.refusal_on(response) == "reason_missing"

    def test_a_lead_sees_it_on_the_front_page_and_closes_it_on_the_account(self, client):
        subject = factories.account()
        item = queued(subject=subject)
        said(client, "escalate_event", item, comment="Second time today")
        lead = desk.as_role(Role.LEAD)

        page = desk.text(lead.get(desk.FRONT))
        assert "Second time today" in page
        assert subject.text.display_name in page
        assert f"{desk.LEDGER}{item.event_id}/change/" in page

        desk.operate(lead, subject, Operation.CLOSE_INCIDENT)
        assert Incident.objects.get().closed_at is not None

    def test_one_about_nobody_is_on_the_front_page_too(self):
        Incident.objects.create(kind="escalated", finding="An export at night")

        assert "An export at night" in desk.text(desk.as_role(Role.LEAD).get(desk.FRONT))


def test_the_coverage_says_how_much_was_looked_at_and_by_whom(client):
    first = queued(ReviewCause.REFUSED)
    queued(ReviewCause.REFUSED)
    said(client, "sign_off_event", first)

    coverage = client.get(QUEUE).context["coverage"]

    refused = coverage["rows"][list(ReviewCause).index(ReviewCause.REFUSED)]
    assert refused["cells"] == [{"queued": 2, "reviewed": 1}] * 2
    assert [one["counts"] for one in coverage["people"]] == [[1, 1]]
