"""The pages of the reports: which there are, what of one is asked for, and the made file."""

import io
from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.html import escape
from openpyxl import load_workbook

from console.reporting import pages
from recovery import jobs
from recovery.enums import JobKind, Operation, Outcome, Role
from recovery.lists import ACCOUNT_FILTERS
from recovery.models import AuditEvent, Job
from recovery.reports import REPORTS
from tests import factories
from tests.console import desk

pytestmark = pytest.mark.django_db

REPORTS_PAGE = "/console/reports/"
COVERAGE = f"{REPORTS_PAGE}coverage/"
LEDGER = f"{REPORTS_PAGE}ledger/"


@pytest.fixture
def client():
    return desk.as_role(Role.LEAD)


@pytest.mark.requirement("A30")
@pytest.mark.parametrize(
    ("role", "names"),
    [
        (Role.AGENT, []),
        (Role.AUDITOR, ["actions", "agents", "ledger"]),
        (Role.REPORT_ADMINISTRATOR, ["coverage", "at_risk", "actions", "agents"]),
        (Role.LEAD, ["coverage", "at_risk", "actions", "agents", "ledger"]),
    ],
)
def test_each_role_has_a_card_for_what_it_may_take_out_and_no_other(role, names):
    client = desk.as_role(role)

    page = client.get(REPORTS_PAGE)

    assert page.status_code == (200 if names else 403)
    listed = [name for name in REPORTS if f"{REPORTS_PAGE}{name}/" in desk.text(page)]
    assert listed == names
    for name in REPORTS:
        status = 200 if name in names else 403
        assert client.get(f"{REPORTS_PAGE}{name}/").status_code == status, name
    assert ("/console/reports/" in desk.text(client.get(desk.FRONT))) == bool(names)


def test_each_report_says_what_it_answers_for_whom_and_in_which_columns(client):
    cards = desk.text(client.get(REPORTS_PAGE))

    for report in REPORTS.values():
        assert str(escape(report.description)) in cards
        assert str(escape(pages.READERS[report.name])) in cards
        page = desk.text(client.get(f"{REPORTS_PAGE}{report.name}/"))
        assert all(f"<code>{name}</code>" in page for name in report.headers())


def test_a_report_that_there_is_not(client):
    assert client.get(f"{REPORTS_PAGE}everything/").status_code == 404


@pytest.mark.parametrize(
    ("page", "query", "field", "value"),
    [
        (desk.ACCOUNTS, "codes=low&p=3&o=2", "codes", "low"),
        (desk.ACCOUNTS, "enrolment__exact=enrolled", "enrolment__exact", "enrolled"),
        (desk.ACCOUNTS, "q=zoe", "q", "zoe"),
        (desk.LEDGER, "operation=sign_in", "operation", ["sign_in"]),
        (desk.LEDGER, "outcome=refused", "outcome", "refused"),
    ],
)
def test_the_button_of_a_list_carries_its_filters_along(client, page, query, field, value):
    factories.account()

    response = client.get(f"{page}export/?{query}", follow=True)

    assert response.status_code == 200
    assert response.context["filters"][field].value() == value


def test_the_lists_have_the_button(client):
    factories.account()

    assert f"{desk.ACCOUNTS}export/?codes=low" in desk.text(
        client.get(f"{desk.ACCOUNTS}?codes=low")
    )
    assert "export/?operation=sign_in" in desk.text(client.get(f"{desk.LEDGER}?operation=sign_in"))


def test_a_report_of_accounts_takes_every_filter_of_the_list(client):
    page = client.get(COVERAGE, {name: min(values) for name, values in ACCOUNT_FILTERS.items()})

    assert page.status_code == 200
    assert page.context["filters"].chosen.keys() == ACCOUNT_FILTERS.keys()


@pytest.mark.parametrize(
    ("page", "query", "says"),
    [
        (COVERAGE, {"codes": "most"}, "Select a valid choice"),
        (COVERAGE, {"colour": "red"}, "There is no filter colour."),
        (COVERAGE, {"since": "yesterday"}, "is no day or time"),
        (COVERAGE, {"since": "2026-05-02", "until": "2026-05-01"}, "not after the beginning"),
        (LEDGER, {"since": "2026-05-02", "until": "2026-05-01"}, "not after the beginning"),
        (LEDGER, {"operation": "fly"}, "Select a valid choice"),
    ],
)
def test_what_makes_no_sense_is_said_and_gives_no_file(client, page, query, says):
    factories.account()

    for response in (client.get(page, query), desk.take_out(client, page, **query)):
        assert response.status_code == 422
        assert says in desk.text(response)
        assert "Content-Disposition" not in response.headers


def test_a_day_alone_as_the_end_of_a_span_is_all_of_that_day(client):
    today = f"{timezone.localdate():%Y-%m-%d}"

    response = desk.take_out(client, LEDGER, since=today, until=today)

    assert response.status_code == 200
    detail = factories.last_event(operation=Operation.EXPORT_EVENTS).detail
    ends = [detail["filters"][name] for name in ("since", "until")]
    assert [end[:10] for end in ends] == [today, f"{timezone.localdate() + timedelta(days=1)}"]


def test_an_empty_result_is_said_where_it_was_asked_for(client):
    response = desk.take_out(client, COVERAGE, q="nobody is called that")

    assert response.status_code == 422
    assert "No row fits these filters" in desk.text(response)
    assert response.context["filters"]["q"].value() == "nobody is called that"


def test_a_span_is_about_the_column_that_the_report_names(client):
    now = timezone.now()
    factories.account(enrolment="enrolled", enrolled_at=now - timedelta(days=10))
    new = factories.account(enrolment="enrolled", enrolled_at=now)
    yesterday = f"{timezone.localdate() - timedelta(days=1):%Y-%m-%d}"

    response = desk.take_out(client, COVERAGE, since=yesterday)

    _head, *lines = desk.text(response).splitlines()
    assert len(lines) == 1
    assert new.user.get_username() in lines[0]


@pytest.mark.requirement("A30")
def test_whoever_may_not_is_refused_on_record():
    person = desk.member(Role.AGENT)

    assert desk.take_out(desk.signed_in(person), COVERAGE).status_code == 403

    event = factories.last_event(operation=Operation.EXPORT_ACCOUNTS)
    assert (event.outcome, event.refusal) == (Outcome.REFUSED, "permission_missing")
    assert event.actor_id == str(person.pk)


def a_job(client, settings):
    settings.RECOVERY_EXPORT_ROW_LIMIT = 0
    factories.account()
    desk.take_out(client, COVERAGE, "xlsx")
    return Job.objects.latest("pk")


def a_made_job(client, settings):
    job = a_job(client, settings)
    assert jobs.run_due() == 1
    return Job.objects.get(pk=job.pk)


def file_of(job):
    return f"/console/jobs/{job.pk}/file/"


@pytest.mark.requirement("A25")
class TestTheFileOfAJob:
    pytestmark = pytest.mark.django_db(transaction=True)

    def test_whoever_asked_fetches_it(self, client, settings):
        job = a_made_job(client, settings)

        response = client.get(file_of(job))

        assert response.status_code == 200
        assert response.headers["Content-Disposition"].startswith('attachment; filename="coverage-')
        assert response.headers["Content-Type"].endswith("spreadsheetml.sheet")
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "no-store" in response.headers["Cache-Control"]
        data = desk.data(response)
        assert response.headers["Content-Length"] == str(len(data))
        assert load_workbook(io.BytesIO(data)).active["A1"].value == "name"
        assert factories.last_event().detail["step"] == "fetched"

    def test_it_is_streamed_a_piece_at_a_time(self, client, settings, django_assert_num_queries):
        response = client.get(file_of(a_made_job(client, settings)))

        assert response.streaming
        with django_assert_num_queries(2):  # its one piece, and that there is no other
            desk.data(response)

    def test_it_is_nobody_elses(self, client, settings):
        job = a_made_job(client, settings)
        person = desk.member(Role.LEAD)

        assert desk.signed_in(person).get(file_of(job)).status_code == 403

        event = factories.last_event(operation=Operation.EXPORT_ACCOUNTS)
        assert (event.actor_id, event.refusal) == (str(person.pk), "permission_missing")

    def test_nobody_elses_after_a_long_time_either(self, client, settings):
        job, other = a_made_job(client, settings), desk.as_role(Role.LEAD)
        desk.let_the_step_up_go_stale(other)

        assert other.get(file_of(job)).status_code == 403
        assert other.post(file_of(job)).status_code == 403

    def test_after_a_while_it_asks_for_a_one_time_code_first(self, settings):
        person = desk.member(Role.LEAD)
        client = desk.signed_in(person)
        job = a_made_job(client, settings)
        desk.let_the_step_up_go_stale(client)
        before = AuditEvent.objects.filter(operation=Operation.EXPORT_ACCOUNTS).count()

        page = client.get(file_of(job))

        assert (page.status_code, 'name="one_time_code"' in desk.text(page)) == (200, True)
        events = AuditEvent.objects.filter(operation=Operation.EXPORT_ACCOUNTS)
        assert events.count() == before
        without = client.post(file_of(job))
        assert (without.status_code, factories.last_event().refusal) == (409, "step_up_required")
        code = desk.one_time_code(person)
        response = client.post(file_of(job), {"one_time_code": code})
        assert response.headers["Content-Disposition"].startswith("attachment")

    def test_before_it_is_made_it_says_so(self, client, settings):
        page = client.get(file_of(a_job(client, settings)))

        assert page.status_code == 200
        assert "has not made this file yet" in desk.text(page)

    def test_after_its_day_it_says_so(self, client, settings):
        job = a_made_job(client, settings)
        Job.objects.update(file_kept_until=timezone.now() - timedelta(seconds=1))

        page = client.get(file_of(job))

        assert page.status_code == 410
        assert "not kept any more" in desk.text(page)

    def test_whoever_lost_the_right_does_not_get_it(self, settings):
        person = desk.member(Role.LEAD)
        client = desk.signed_in(person)
        job = a_made_job(client, settings)
        person.groups.clear()
        with factories.arranging():
            person.user_permissions.add(*factories.permissions("view_account"))

        assert client.get(file_of(job)).status_code == 403

    def test_a_job_of_another_kind_has_none(self, client):
        job = Job.objects.create(kind=JobKind.BULK, operation=Operation.REQUIRE_REENROLMENT)

        assert client.get(file_of(job)).status_code == 404
        assert client.get(file_of(Job(pk=0))).status_code == 404


@pytest.mark.parametrize("name", REPORTS)
def test_the_page_of_a_report_costs_as_much_however_many_rows_there_are(client, name):
    def cost():
        return len(desk.statements(client, f"{REPORTS_PAGE}{name}/"))

    factories.account()
    few = cost()
    for _ in range(5):
        factories.account()

    assert cost() == few <= 12
