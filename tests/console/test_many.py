"""Acting on many accounts from the list: ticked, said back, confirmed, and handed to the worker."""

import re
from urllib.parse import urlencode

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse

from recovery import jobs
from recovery.enums import Operation, Outcome, Role
from recovery.models import Account, AuditEvent, Job, JobRow
from tests import factories
from tests.console import desk

pytestmark = pytest.mark.django_db(transaction=True)

FLAG = Operation.REQUIRE_REENROLMENT


@pytest.fixture
def lead():
    return desk.as_role(Role.LEAD)


@factories.arranging()
def people(count):
    return [factories.account() for _ in range(count)]


def many(**asked):
    return f"{reverse('admin:recovery_account_many')}?{urlencode(asked, doseq=True)}"


def ticked(accounts, operation=FLAG):
    return {"operation": operation.value, "account": [one.pk for one in accounts]}


def all_of(view="", operation=FLAG):
    return {"operation": operation.value, "which": "all", "view": view}


def send(client, asked, **changes):
    """Open the page, fill it in and send it."""
    page = client.get(many(**asked))
    form = page.context["dialog"]["form"]
    filled = {
        **asked,
        "reason": "A lost batch of tokens",
        "ticket": "HD-7",
        "due": "3",
        "shown": form["shown"].value(),
        "form_mark": desk.form_mark(page),
        **changes,
    }
    return client.post(reverse("admin:recovery_account_many"), filled)


def refusal_on(answer):
    return re.search(r'data-refusal="(\w+)"', desk.text(answer))[1]


def meant(job=None):
    rows = JobRow.objects.filter(job=job) if job else JobRow.objects.all()
    return set(rows.values_list("account_id", flat=True))


class TestTheList:
    def test_whoever_may_ticks_and_is_offered_what_they_may_do(self, lead):
        people(2)
        page = desk.text(lead.get(desk.ACCOUNTS))

        assert page.count('name="account"') == Account.objects.count()
        for operation in ("require_reenrolment", "lift_reenrolment", "send_recovery_link"):
            assert f'value="{operation}"' in page

    def test_a_report_administrator_is_offered_flags_alone(self):
        people(1)
        page = desk.text(desk.as_role(Role.REPORT_ADMINISTRATOR).get(desk.ACCOUNTS))

        assert 'value="require_reenrolment"' in page
        assert 'value="send_recovery_link"' not in page

    @pytest.mark.parametrize("role", [Role.AGENT, Role.AUDITOR])
    def test_nobody_else_has_anything_to_tick(self, role):
        people(1)
        page = desk.text(desk.as_role(role).get(desk.ACCOUNTS))

        assert 'name="account"' not in page
        assert 'id="many"' not in page


class TestAsking:
    def test_it_says_what_will_happen_to_whom(self, lead):
        chosen = people(2)
        page = desk.text(lead.get(many(**ticked(chosen))))

        assert "Require re-enrolment · 2 accounts" in page
        for account in chosen:
            assert account.text.display_name in page
        seen = AuditEvent.objects.filter(operation=Operation.SEARCH_ACCOUNTS).latest("pk")
        assert seen.detail["found"] == 2

    def test_two_that_are_ticked_make_a_job_of_two(self, lead):
        chosen = people(3)[:2]
        answer = send(lead, ticked(chosen))
        job = Job.objects.get()

        assert answer["Location"] == reverse("admin:job", args=[job.pk])
        assert meant() == {account.pk for account in chosen}
        assert (job.reason, job.ticket, job.operation) == ("A lost batch of tokens", "HD-7", FLAG)
        assert job.parameters["due_at"]
        jobs.run_due()
        assert all(factories.fresh(account).is_flagged for account in chosen)

    @pytest.mark.parametrize("view", ["", "flag=flagged", "q=person", "q=person&flag=none&o=1"])
    def test_all_that_match_are_what_the_list_shows(self, lead, view):
        for account in people(3)[:2]:
            factories.flag(account)
        shown = lead.get(f"{desk.ACCOUNTS}?{view}").context["cl"].queryset
        pks = {account.pk for account in shown}
        assert send(lead, all_of(view)).status_code == 302

        assert pks
        assert meant() == pks
        event = AuditEvent.objects.get(operation=Operation.ACT_ON_MANY)
        assert event.detail["rows"] == len(pks)
        assert ("flag" in event.detail["filters"]) == ("flag" in view)

    def test_one_form_is_one_job(self, lead):
        chosen = people(2)
        mark = desk.form_mark(lead.get(many(**ticked(chosen))))
        assert send(lead, ticked(chosen), form_mark=mark).status_code == 302
        answer = send(lead, ticked(chosen), form_mark=mark)

        assert refusal_on(answer) == "form_already_used"
        assert Job.objects.count() == 1

    def test_a_form_for_something_else_does_nothing(self, lead):
        chosen = people(2)
        mark = desk.form_mark(lead.get(many(**ticked(chosen, Operation.LIFT_REENROLMENT))))

        assert refusal_on(send(lead, ticked(chosen), form_mark=mark)) == "form_invalid"
        assert not Job.objects.exists()

    @pytest.mark.parametrize("typed", ["", "2", "4", "three"])
    def test_many_have_to_be_counted(self, lead, settings, typed):
        settings.RECOVERY_TYPED_COUNT_ABOVE = 2
        chosen = people(3)
        answer = send(lead, ticked(chosen), typed=typed)

        assert refusal_on(answer) == "count_not_confirmed"
        assert "A lost batch of tokens" in desk.text(answer)
        assert not Job.objects.exists()
        assert send(lead, ticked(chosen), typed=" 3 ").status_code == 302

    def test_a_list_that_changed_is_shown_again(self, lead):
        people(2)
        now = Account.objects.count()
        answer = send(lead, all_of(), shown=str(now - 1))

        assert refusal_on(answer) == "selection_changed"
        assert answer.context["dialog"]["form"]["shown"].value() == now
        assert not Job.objects.exists()

    def test_nobody_at_all_is_said_to_be_nobody(self, lead):
        page = lead.get(many(operation=FLAG.value))

        assert page.status_code == 200
        assert "No account is selected" in desk.text(page)
        assert "<textarea" not in desk.text(page)

    def test_an_empty_form_comes_back(self, lead):
        chosen = people(1)
        answer = lead.post(reverse("admin:recovery_account_many"), ticked(chosen))

        assert answer.status_code == 422
        assert not Job.objects.exists()

    @pytest.mark.parametrize("view", ["no_such=1", "enrolment__exact=%00", "flag__x__y=1"])
    def test_a_view_that_is_none_is_refused_plainly(self, lead, view):
        assert lead.get(many(**all_of(view))).status_code in {200, 400}
        assert lead.get(many(operation="regenerate_backup_codes")).status_code == 404


class TestWhoMayNot:
    def test_it_is_not_shown_to_them(self):
        answer = desk.as_role(Role.AGENT).get(many(**ticked(people(1))))

        assert answer.status_code == 403
        event = AuditEvent.objects.filter(operation=Operation.ACT_ON_MANY).latest("pk")
        assert (event.outcome, event.refusal) == (Outcome.REFUSED, "permission_missing")

    @pytest.mark.parametrize(
        ("role", "operation"),
        [
            (Role.AGENT, FLAG),
            (Role.AUDITOR, FLAG),
            (Role.REPORT_ADMINISTRATOR, Operation.SEND_RECOVERY_LINK),
        ],
    )
    def test_it_is_not_done_for_them_and_that_is_on_the_ledger(self, role, operation):
        chosen = people(1)
        client = desk.as_role(role)
        mark = desk.form_mark(desk.as_role(Role.LEAD).get(many(**ticked(chosen, operation))))
        filled = {"reason": "x", "ticket": "HD-1", "due": "1", "shown": "1", "form_mark": mark}
        answer = client.post(
            reverse("admin:recovery_account_many"), ticked(chosen, operation) | filled
        )

        assert answer.status_code in {403, 409}
        assert not Job.objects.exists()
        assert AuditEvent.objects.filter(
            operation=Operation.ACT_ON_MANY, outcome=Outcome.REFUSED
        ).exists()

    def test_a_stale_proof_has_to_be_fresh(self, lead):
        chosen = people(1)
        desk.let_the_step_up_go_stale(lead)

        assert refusal_on(send(lead, ticked(chosen))) == "step_up_required"
        code = desk.one_time_code(get_user_model().objects.get(pk=desk.whoever(lead)))
        assert send(lead, ticked(chosen), one_time_code=code).status_code == 302
