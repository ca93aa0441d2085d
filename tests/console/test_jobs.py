"""The pages of jobs: whose they are, how one stands, what came of it, and taking it back."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from console.jobs import rows, show
from recovery.enums import JobKind, JobState, Operation, Outcome, Role, RowState
from recovery.models import Account, AuditEvent, Job, JobRow
from tests import factories
from tests.console import desk

pytestmark = pytest.mark.django_db

LIST = "/console/jobs/"
FROZEN = {"state": RowState.REFUSED, "refusal": "account_frozen"}


@factories.arranging()
def job(owner=None, rows=0, **fields):
    fields = {
        "kind": JobKind.BULK,
        "operation": Operation.REQUIRE_REENROLMENT,
        "state": JobState.DONE,
        "owner_name": owner.get_username() if owner else "somebody",
        "rows_total": rows,
        "rows_seen": rows,
        "rows_refused": rows,
    } | fields
    made = Job.objects.create(owner=owner, **fields)
    accounts = [factories.account() for _ in range(rows)]
    JobRow.objects.bulk_create(
        JobRow(
            job=made, number=n, account_id=a.pk, state=RowState.REFUSED, refusal="account_frozen"
        )
        for n, a in enumerate(accounts, start=1)
    )
    return made


def person(client):
    return get_user_model().objects.get(pk=desk.whoever(client))


def page_of(made, suffix=""):
    return f"{LIST}{made.pk}/{suffix}"


@pytest.fixture
def lead():
    return desk.as_role(Role.LEAD)


@pytest.fixture
def auditor():
    return desk.as_role(Role.AUDITOR)


class TestWhoSees:
    def test_whoever_may_act_on_many_sees_all_and_others_their_own(self, lead, auditor):
        own, other = job(person(auditor)), job()

        assert [line["job"] for line in lead.get(LIST).context["list"]["jobs"]] == [other, own]
        assert [line["job"] for line in auditor.get(LIST).context["list"]["jobs"]] == [own]
        assert auditor.get(page_of(own)).status_code == 200

    @pytest.mark.parametrize("suffix", ["", "progress/", "cancel/"])
    def test_somebody_elses_is_refused_like_one_that_is_not_there(self, auditor, lead, suffix):
        made = job()
        nowhere = made.pk + 1

        assert auditor.get(page_of(made, suffix)).status_code == 403
        assert auditor.get(f"{LIST}{nowhere}/{suffix}").status_code == 403
        assert lead.get(f"{LIST}{nowhere}/{suffix}").status_code == 404
        assert lead.get(f"{LIST}{10**30}/{suffix}").status_code == 404
        refused = AuditEvent.objects.filter(operation=Operation.ACT_ON_MANY)
        assert set(refused.values_list("outcome", flat=True)) == {Outcome.REFUSED}

    def test_who_can_have_none_has_no_room(self):
        agent = desk.as_role(Role.AGENT)

        assert agent.get(LIST).status_code == 403
        assert LIST not in desk.text(agent.get(desk.FRONT))

    def test_the_menu_counts_what_runs_for_the_viewer(self, lead):
        job(person(lead), state=JobState.RUNNING)
        job(person(lead), state=JobState.DONE)
        job(state=JobState.RUNNING)

        assert show.under_way(person(lead)) == 1
        assert LIST in desk.text(lead.get(desk.FRONT))


class TestOnePage:
    def test_it_says_how_it_stands_and_why_whom_was_refused(self, lead):
        made = job(rows=2, reason="A lost batch", ticket="HD-9", rows_total=5, rows_seen=2)
        page = lead.get(page_of(made))
        text = desk.text(page)

        assert "2 of 5" in text
        assert "A lost batch" in text
        assert "HD-9" in text
        assert text.count("Recovery of this account is frozen.") == 2
        account = Account.objects.get(pk=made.rows.first().account_id)
        assert reverse("admin:recovery_account_change", args=[account.pk]) in text
        seen = AuditEvent.objects.filter(operation=Operation.SEARCH_ACCOUNTS).latest("pk")
        assert seen.detail["filters"] == {"job": str(made.pk), "state": "refused"}

    def test_what_was_done_leads_to_its_event_for_who_reads_the_ledger(self, lead):
        made = job(rows=1)
        event = factories.last_event() or AuditEvent.objects.create(operation="veto")
        JobRow.objects.update(state=RowState.DONE, refusal="", event_id=event.pk)
        link = reverse("admin:recovery_auditevent_change", args=[event.pk])

        assert link in desk.text(lead.get(f"{page_of(made)}?state=done"))
        reports = desk.as_role(Role.REPORT_ADMINISTRATOR)
        assert link not in desk.text(reports.get(f"{page_of(made)}?state=done"))

    def test_an_account_that_is_gone_is_a_number(self, lead):
        made = job(rows=1)
        gone = Account.objects.get(pk=made.rows.get().account_id)
        with factories.arranging():
            gone.user.delete()

        assert f"Account no. {gone.pk}" in desk.text(lead.get(page_of(made)))

    def test_pages_of_rows_go_on_where_the_last_one_ended(self, lead, monkeypatch):
        monkeypatch.setattr(rows, "ROWS", 2)
        made = job(rows=5)
        numbers, address = [], page_of(made)
        while address:
            shown = lead.get(address).context["rows"]
            numbers += [line["number"] for line in shown["lines"]]
            address = shown["next"] and page_of(made) + shown["next"]

        assert numbers == [1, 2, 3, 4, 5]

    @pytest.mark.parametrize("asked", ["state=x", "after=x", "after=%00", f"after={10**30}"])
    def test_an_address_that_makes_no_sense_breaks_nothing(self, lead, asked):
        made = job(rows=1)

        assert lead.get(f"{page_of(made)}?{asked}").status_code == 200
        assert lead.get(f"{LIST}?{asked}").status_code == 200

    def test_one_that_broke_says_so_and_one_that_was_refused_says_why(self, lead):
        broken = job(state=JobState.FAILED, failure="broken")
        refused = job(state=JobState.FAILED, failure="permission_missing")

        assert "Something went wrong" in desk.text(lead.get(page_of(broken)))
        assert "Your role does not include this" in desk.text(lead.get(page_of(refused)))

    def test_a_page_that_runs_refreshes_itself_also_without_a_script(self, lead):
        running, done = job(state=JobState.RUNNING), job()

        assert '<noscript><meta http-equiv="refresh"' in desk.text(lead.get(page_of(running)))
        assert "http-equiv" not in desk.text(lead.get(page_of(done)))

    def test_what_refreshes_itself_has_no_name_in_it_and_keeps_no_session_awake(self, lead):
        made = job(rows=1, state=JobState.RUNNING)
        name = Account.objects.get(pk=made.rows.get().account_id).text.display_name
        desk.travel(lead, "last_seen_at", back=timedelta(minutes=30))
        before = lead.session["console_signed_in"]["last_seen_at"]
        answer = lead.get(page_of(made, "progress/"), headers={"X-Asked-By-Page": "1"})

        assert "1 of 1" in desk.text(answer)
        assert name not in desk.text(answer)
        assert lead.session["console_signed_in"]["last_seen_at"] == before
        lead.get(page_of(made))
        assert lead.session["console_signed_in"]["last_seen_at"] > before


class TestCancelling:
    def test_it_says_what_stays_and_then_takes_it_back(self, lead):
        made = job(person(lead), state=JobState.WAITING, rows_total=5, rows_seen=2, rows_done=2)
        assert "2 so far" in desk.text(lead.get(page_of(made, "cancel/")))
        assert Job.objects.get().state == JobState.WAITING

        answer = lead.post(page_of(made, "cancel/"))
        assert answer["Location"] == page_of(made)
        assert Job.objects.get().state == JobState.CANCELLED
        assert "nothing left to cancel" in desk.text(lead.get(page_of(made, "cancel/")))
        assert lead.post(page_of(made, "cancel/")).status_code == 302

    def test_somebody_elses_is_refused_and_recorded(self, auditor):
        made = job(state=JobState.WAITING)

        assert auditor.post(page_of(made, "cancel/")).status_code == 403
        assert Job.objects.get().state == JobState.WAITING
        event = AuditEvent.objects.get(operation=Operation.CANCEL_JOB)
        assert event.outcome == Outcome.REFUSED


class TestFiles:
    def test_the_link_to_the_file_is_its_owners_alone(self, lead):
        kept = {"kind": JobKind.EXPORT, "file_kept_until": timezone.now() + timedelta(hours=1)}
        request = type("Request", (), {"user": person(lead)})

        assert show.status(request, job(request.user, **kept))["file_url"]
        assert not show.status(request, job(**kept))["file_url"]
        assert not show.status(request, job(request.user))["file_url"]

    def test_one_that_waits_for_a_word_is_answered_on_its_own_page(self):
        made = job(kind=JobKind.IMPORT, state=JobState.READY)

        assert show.url_of(made) == f"/console/imports/{made.pk}/"


@pytest.mark.parametrize("rows", [1, 3, 300])
def test_the_pages_cost_the_same_however_many_rows(lead, rows):
    made = job(rows=rows)
    for _ in range(rows - 1):
        job()
    for address in (LIST, page_of(made)):
        lead.get(address)
        with CaptureQueriesContext(connection) as seen:
            lead.get(address)
        assert len(seen) <= 12, address
