"""Files that leave the desk: by whom, what is in them, and what the ledger keeps of it."""

import csv
import hashlib
import io
import json
from datetime import datetime

import pytest
from openpyxl import load_workbook

from recovery.enums import Operation, Outcome, Role
from recovery.models import Account, AccountText, AuditEvent, Job
from recovery.reports import REPORTS
from tests import factories
from tests.console import desk

pytestmark = pytest.mark.django_db

CSV, XLSX, JSON = "csv", "xlsx", "json"
ACCOUNTS_FILE, LEDGER_FILE = map(desk.report_of, (desk.ACCOUNTS, desk.LEDGER))
ACCOUNT_COLUMNS, EVENT_COLUMNS = (REPORTS[name].headers() for name in ("coverage", "ledger"))
FORMULAS = [
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    " =1+1",
    "＝1+1",
    "＋1",
    "－1",
    "＠SUM(A1)",
    '=HYPERLINK("https://evil.example","x")',
]


@pytest.fixture
def client():
    return desk.as_role(Role.LEAD)


take_out = desk.take_out


def csv_rows(response):
    return list(csv.DictReader(io.StringIO(desk.text(response).removeprefix("\ufeff"), newline="")))


def xlsx_rows(response):
    sheet = load_workbook(io.BytesIO(desk.data(response))).active
    head, *rows = (list(row) for row in sheet.iter_rows())
    return [dict(zip([cell.value for cell in head], row, strict=True)) for row in rows]


def json_rows(response):
    return json.loads(desk.data(response))


READ = {CSV: csv_rows, XLSX: xlsx_rows, JSON: json_rows}


@pytest.mark.parametrize(
    ("role", "page", "status"),
    [
        (Role.AGENT, ACCOUNTS_FILE, 403),
        (Role.AUDITOR, ACCOUNTS_FILE, 403),
        (Role.REPORT_ADMINISTRATOR, ACCOUNTS_FILE, 200),
        (Role.LEAD, ACCOUNTS_FILE, 200),
        (Role.AGENT, LEDGER_FILE, 403),
        (Role.REPORT_ADMINISTRATOR, LEDGER_FILE, 403),
        (Role.AUDITOR, LEDGER_FILE, 200),
        (Role.LEAD, LEDGER_FILE, 200),
    ],
)
def test_taking_out_is_a_permission_of_its_own(role, page, status):
    client = desk.as_role(role)

    assert client.get(page).status_code == status
    assert take_out(client, page).status_code == status


@pytest.mark.requirement("A30")
@pytest.mark.parametrize(
    ("page", "operation"),
    [(ACCOUNTS_FILE, Operation.EXPORT_ACCOUNTS), (LEDGER_FILE, Operation.EXPORT_EVENTS)],
)
def test_taking_out_without_the_permission_is_recorded(page, operation):
    person = desk.member(Role.AGENT)

    take_out(desk.signed_in(person), page)

    event = factories.last_event()
    assert (event.operation, event.refusal) == (operation, "permission_missing")
    assert event.actor_id == str(person.pk)


def test_taking_out_needs_the_permission_to_see_as_well():
    person = desk.member()
    person.user_permissions.add(*factories.permissions("export_accounts"))

    assert take_out(desk.signed_in(person), ACCOUNTS_FILE).status_code == 403


@pytest.mark.parametrize("kind", [CSV, XLSX, JSON])
@pytest.mark.parametrize(
    ("page", "columns"), [(ACCOUNTS_FILE, ACCOUNT_COLUMNS), (LEDGER_FILE, EVENT_COLUMNS)]
)
def test_a_file_has_the_listed_columns_and_no_other(client, page, columns, kind):
    factories.account()
    rows = READ[kind](take_out(client, page, kind))

    assert rows
    assert all(list(row) == list(columns) for row in rows)


def test_a_column_that_was_not_offered_cannot_be_asked_for(client):
    response = take_out(client, ACCOUNTS_FILE, fields="user__password")

    assert response.status_code == 422
    assert "There is no filter fields." in desk.text(response)


def value(cell):
    """Return what a cell holds, whichever file it is of."""
    return str(getattr(cell, "value", cell))


@pytest.mark.parametrize("kind", [CSV, XLSX, JSON])
def test_no_name_is_a_formula(client, kind):
    for text in FORMULAS:
        AccountText.objects.filter(account=factories.account()).update(display_name=text)

    rows = READ[kind](take_out(client, ACCOUNTS_FILE, kind))

    disarmed = [row["name"] for row in rows if value(row["name"]).startswith("'")]
    assert len(disarmed) == len(FORMULAS)
    if kind == XLSX:
        assert {cell.data_type for cell in disarmed} <= {"s", "inlineStr"}


@pytest.mark.parametrize("kind", [CSV, XLSX, JSON])
def test_no_text_on_the_ledger_is_a_formula(client, kind):
    free_texts = ("reason", "ticket", "user_agent", "subject_name", "actor_name")
    for text in FORMULAS:
        AuditEvent.objects.create(
            operation=Operation.ISSUE_PHONE_CODE,
            outcome=Outcome.COMPLETED,
            **dict.fromkeys(free_texts, text),
        )

    rows = READ[kind](take_out(client, LEDGER_FILE, kind))

    for column in free_texts:
        assert sum(value(row[column]).startswith("'") for row in rows) == len(FORMULAS), column


@pytest.mark.requirement("A32")
@pytest.mark.parametrize("kind", [CSV, XLSX, JSON])
def test_control_characters_break_no_file(client, kind):
    subject = factories.account()
    desk.operate(client, subject, Operation.REQUIRE_REENROLMENT, reason="a\x0bb\x1b[31mc\x08d")

    response = take_out(client, LEDGER_FILE, kind)

    assert response.status_code == 200
    texts = [value(row["reason"]) for row in READ[kind](response)]
    assert [text for text in texts if text.startswith("a")]
    assert not [text for text in texts if "\x1b" in text or "\x0b" in text]


def test_times_are_utc_with_their_offset(client):
    client.cookies["timezone"] = "Asia/Tokyo"
    event = AuditEvent.objects.latest("pk")

    row = next(row for row in csv_rows(take_out(client, LEDGER_FILE)) if row["id"] == str(event.pk))

    assert row["at"] == event.at.isoformat(timespec="seconds")
    assert datetime.fromisoformat(row["at"]).utcoffset().total_seconds() == 0


@pytest.mark.requirement("A25")
@pytest.mark.parametrize("kind", [CSV, XLSX, JSON])
def test_a_file_is_an_event_that_says_what_was_taken(kind):
    person = desk.member(Role.REPORT_ADMINISTRATOR)
    client = desk.signed_in(person)
    factories.account(backup_codes_total=10, backup_codes_left=2)
    factories.account()

    response = take_out(client, ACCOUNTS_FILE, kind, codes="low")

    event = factories.last_event()
    assert (event.operation, event.outcome) == (Operation.EXPORT_ACCOUNTS, Outcome.COMPLETED)
    assert event.actor_id == str(person.pk)
    assert event.detail == {
        "report": "coverage",
        "filters": {"codes": "low"},
        "columns": ACCOUNT_COLUMNS,
        "rows": 1,
        "format": kind,
        "sha256": hashlib.sha256(desk.data(response)).hexdigest(),
    } | ({} if kind == XLSX else {"step": "left"})


def test_a_file_holds_what_the_list_shows(client):
    low = factories.account(backup_codes_total=10, backup_codes_left=2)
    factories.account()

    rows = csv_rows(take_out(client, ACCOUNTS_FILE, codes="low"))

    assert [row["login_name"] for row in rows] == [low.user.get_username()]


def test_a_file_of_the_ledger_follows_its_filters(client):
    desk.operate(client, factories.account(), Operation.REQUIRE_REENROLMENT)

    rows = csv_rows(take_out(client, LEDGER_FILE, operation="require_reenrolment"))

    assert [row["operation"] for row in rows] == ["require_reenrolment"]


def test_a_large_workbook_is_a_job_of_the_worker(client, settings):
    settings.RECOVERY_EXPORT_ROW_LIMIT = 2
    for _ in range(3):
        factories.account()

    response = take_out(client, ACCOUNTS_FILE, XLSX)

    job = Job.objects.get()
    assert (response.status_code, response.url) == (302, f"/console/jobs/{job.pk}/")
    assert factories.last_event().detail["step"] == "asked"


def test_a_stale_step_up_is_refused_and_asked_for_in_place(client):
    desk.let_the_step_up_go_stale(client)

    page, response = client.get(ACCOUNTS_FILE), take_out(client, ACCOUNTS_FILE)

    assert 'name="one_time_code"' in desk.text(page)
    assert response.status_code == 409
    assert 'name="one_time_code"' in desk.text(response)
    assert "Content-Disposition" not in response.headers
    assert factories.last_event().refusal == "step_up_required"


def test_a_fresh_one_time_code_lets_the_file_go():
    person = desk.member(Role.LEAD)
    client = desk.signed_in(person)
    desk.let_the_step_up_go_stale(client)

    response = take_out(client, ACCOUNTS_FILE, one_time_code=desk.one_time_code(person))

    assert response.headers["Content-Disposition"].startswith("attachment")


def test_a_wrong_one_time_code_keeps_the_chosen_format_and_shows_no_code(client):
    desk.let_the_step_up_go_stale(client)

    response = take_out(client, ACCOUNTS_FILE, XLSX, one_time_code="918273")

    assert response.status_code == 409
    assert "918273" not in desk.text(response)
    assert response.context["form"]["format"].value() == XLSX


def test_no_file_leaves_that_the_ledger_does_not_know_of(client, monkeypatch):
    def full(*args, **kwargs):
        raise OSError("no room")

    monkeypatch.setattr(AuditEvent.objects, "create", full)
    client.raise_request_exception = False

    assert client.post(ACCOUNTS_FILE, {"format": CSV}).status_code == 500


@pytest.mark.parametrize("kind", ["", "9", "abc", "-1", "CSV"])
def test_an_unknown_format_is_handed_back(client, kind):
    response = take_out(client, ACCOUNTS_FILE, kind)

    assert response.status_code == 422
    assert "Content-Disposition" not in response.headers


def test_nothing_can_be_brought_in(client):
    for page in (desk.ACCOUNTS, desk.LEDGER):
        assert "/import/" not in desk.text(client.get(page))


def test_a_file_is_not_kept_by_any_cache(client):
    assert "no-store" in take_out(client, ACCOUNTS_FILE).headers["Cache-Control"]


def test_an_export_changes_no_account(client):
    factories.saved_codes(factories.account())
    before = list(Account.objects.order_by("pk").values())

    take_out(client, ACCOUNTS_FILE)

    assert list(Account.objects.order_by("pk").values()) == before
