"""Bringing a table in at the console: the whole way, each page, and who gets to see it."""

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from recovery import jobs
from recovery.enums import JobState, Operation, Role
from recovery.models import Account, AccountText, AuditEvent, Job, JobRow
from tests import factories
from tests.console import desk

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = "/console/imports/"


@pytest.fixture
def lead():
    return desk.member(Role.LEAD)


@pytest.fixture
def client(lead):
    return desk.signed_in(lead)


def login(account):
    return AccountText.objects.get(account=account).login_name


def table(*accounts, more=()):
    lines = ["login name", *map(login, accounts), *more]
    return ("\n".join(lines) + "\n").encode()


def bring_in(client, data, *, name="lost.csv", **changes):
    """Fill in the form and send it."""
    values = {
        "form_mark": desk.form_mark(client.get(PAGE)),
        "about": "require_reenrolment",
        "due": "3",
        "reason": "A box of tokens was lost",
        "ticket": "HD-7",
        "file": SimpleUploadedFile(name, data),
    } | changes
    return client.post(PAGE, {key: value for key, value in values.items() if value is not None})


def looked_through(client, data, **changes):
    """Bring a table in, let the worker look, and open what it found."""
    sent = bring_in(client, data, **changes)
    assert sent.status_code == 302, desk.text(sent)
    jobs.run_due()
    return sent["Location"]


def say(client, url, mode, **changes):
    """Press one of the buttons."""
    opened = client.get(url)
    waiting = opened.context["waiting"]
    values = {"form_mark": desk.form_mark(opened), "mode": mode, "count": str(waiting)} | changes
    return client.post(url, values)


def test_from_the_file_to_what_came_of_it(client):
    one, two, staff = factories.account(), factories.account(), desk.member(Role.LEAD)
    at = looked_through(client, table(one, two, staff.recovery_account, more=["nobody"]))

    opened = desk.text(client.get(at))
    assert "Would be done" in opened
    assert "Nobody has that login name." in opened
    assert "This account holds rights that you do not hold." in opened
    assert "Do only the 2 good rows" in opened
    assert "Do all" not in opened

    assert say(client, at, "good").status_code == 302
    jobs.run_due()

    done = client.get(at)
    assert done.context["job"].state == JobState.DONE
    assert Account.objects.flagged().count() == 2
    assert reverse("admin:recovery_auditevent_change", args=[_event_of(one)]) in desk.text(done)


def _event_of(account):
    return AuditEvent.objects.get(
        operation=Operation.REQUIRE_REENROLMENT, subject_id=str(account.user_id)
    ).pk


def test_all_of_them_by_one_button(client):
    at = looked_through(client, table(factories.account(), factories.account()))
    assert "Do all 2" in desk.text(client.get(at))

    say(client, at, "all")
    jobs.run_due()

    assert Account.objects.flagged().count() == 2


def test_nothing_is_done_and_said_why_where_one_changed_meanwhile(client):
    one, two = factories.account(), factories.account()
    at = looked_through(client, table(one, two))
    say(client, at, "all")
    factories.flag(two)
    jobs.run_due()

    page = desk.text(client.get(at))
    assert "Nothing was done: since you looked" in page
    assert "already has to re-enrol" in page
    assert not factories.fresh(one).is_flagged


def test_the_same_file_again_is_pointed_out(client, lead):
    data = table(factories.account())
    say(client, looked_through(client, data), "all")
    jobs.run_due()

    page = desk.text(client.get(looked_through(client, data)))

    assert f"brought in by {lead.get_username()}" in page
    assert "There is no row that anything would be done for." in page


def test_while_the_worker_is_at_it_the_page_asks_again(client):
    at = bring_in(client, table(factories.account()))["Location"]

    page = desk.text(client.get(at))

    assert "The worker looks through it: 0 rows so far." in page
    assert "data-under-way" in page


def test_one_that_is_left_alone_does_nothing(client):
    someone = factories.account()
    at = looked_through(client, table(someone))

    say(client, at, "cancel")

    assert Job.objects.get().state == JobState.CANCELLED
    assert "Not done" in desk.text(client.get(at))
    assert not factories.fresh(someone).is_flagged


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"login name\nZo\xeb\n", "Line 2 is no UTF-8 (byte 14 of the file)"),
        (b"name|team\n", "No heading on line 1 says who is meant"),
        (b'login name\n"anna\n', "the quotation marks don’t pair up"),
        (b"%PDF-1.7", "This is neither CSV nor XLSX."),
    ],
)
def test_what_is_wrong_with_a_file_is_said_on_its_page(client, data, said):
    page = client.get(looked_through(client, data))

    assert said in desk.text(page).replace("&#x27;", "'")
    assert page.context["job"].state == JobState.FAILED


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"file": None}, "Choose the file with the table."),
        ({"file": SimpleUploadedFile("empty.csv", b"")}, "This file is empty."),
        ({"about": "regenerate_backup_codes"}, "Select a valid choice"),
        ({"due": "x"}, "Select a valid choice"),
        ({"reason": ""}, "required"),
    ],
)
def test_a_form_that_is_not_whole_comes_back(client, changes, said):
    response = bring_in(client, table(factories.account()), **changes)

    assert response.status_code == 422
    assert said in desk.text(response)
    assert not Job.objects.exists()


def test_a_body_that_is_too_large_is_turned_away_unread(client, settings):
    class Unreadable(io.BytesIO):
        def read(self, *_):
            raise AssertionError("It was read.")

    response = client.generic(
        "POST",
        PAGE,
        b"",
        content_type="multipart/form-data; boundary=x",
        CONTENT_LENGTH=str(2 << 30),
        **{"wsgi.input": Unreadable()},
    )

    assert response.status_code == 413
    assert "This file is larger than 20.0" in desk.text(response)


def test_a_file_that_is_only_just_too_large_is_refused_and_recorded(client, settings):
    settings.RECOVERY_IMPORT_SIZE_LIMIT = 100

    response = bring_in(client, b"login name\n" + b"x" * 100)

    assert response.status_code == 409
    assert 'data-refusal="file_too_large"' in desk.text(response)
    assert factories.last_event().refusal == "file_too_large"
    assert "A box of tokens was lost" in desk.text(response)


def test_a_form_from_elsewhere_is_refused(lead):
    client = desk.signed_in(lead, enforce_csrf_checks=False)
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies

    assert strict.post(PAGE, {"about": "require_reenrolment"}).status_code == 403
    assert factories.last_event().refusal == "form_invalid"
    assert factories.last_event().operation == Operation.IMPORT_TABLE


def test_a_mark_that_is_not_theirs_is_refused_and_recorded(client):
    response = bring_in(client, table(factories.account()), form_mark="tampered")

    assert response.status_code == 409
    assert factories.last_event().refusal == "form_invalid"


def test_an_old_one_time_code_is_asked_for_anew_both_times(client, lead):
    data = table(factories.account())
    desk.let_the_step_up_go_stale(client)
    assert bring_in(client, data).status_code == 409
    at = looked_through(client, data, one_time_code=desk.one_time_code(lead))

    desk.let_the_step_up_go_stale(client)
    refused = say(client, at, "all")
    assert 'data-refusal="step_up_required"' in desk.text(refused)
    assert say(client, at, "all", one_time_code=desk.one_time_code(lead)).status_code == 302


def test_above_a_number_it_has_to_be_typed(client, settings):
    settings.RECOVERY_TYPED_COUNT_ABOVE = 1
    at = looked_through(client, table(factories.account(), factories.account()))
    assert "How many accounts will it be done to?" in desk.text(client.get(at))

    for wrong in ("", "3", "many"):
        refused = say(client, at, "all", count=wrong)
        assert 'data-refusal="count_differs"' in desk.text(refused)
    assert say(client, at, "all", count="2").status_code == 302


def test_a_button_pressed_twice_does_it_once(client):
    at = looked_through(client, table(factories.account()))
    opened = client.get(at)
    values = {"form_mark": desk.form_mark(opened), "mode": "all", "count": "1"}
    assert client.post(at, values).status_code == 302

    again = client.post(at, values)

    assert again.status_code == 409
    assert (
        AuditEvent.objects.filter(operation=Operation.IMPORT_TABLE, outcome="completed").count()
        == 2
    )


def test_lines_go_page_by_page_and_by_what_becomes_of_them(client, monkeypatch):
    monkeypatch.setattr("console.import_rows.PAGE", 2)
    people = [factories.account() for _ in range(3)]
    at = looked_through(client, table(*people, more=["nobody"]))

    first = client.get(at).context["rows"]
    second = client.get(first["next"]).context["rows"]
    refused = client.get(f"{at}?state=refused").context["rows"]

    assert [line["number"] for line in first["lines"]] == [2, 3]
    assert [line["number"] for line in second["lines"]] == [4, 5]
    assert second["next"] == ""
    assert [line["number"] for line in refused["lines"]] == [5]
    for odd in ("state=x", "after=x", "after=99999999999999999999"):
        assert client.get(f"{at}?{odd}").status_code == 200


def test_the_lines_that_were_not_done_are_harmless_in_a_spreadsheet(client):
    at = looked_through(client, table(more=['"=HYPERLINK(""x"")"', "@cmd"]))

    answer = client.get(f"{at}problems.csv")
    lines = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))

    assert lines[0] == ["line", "given", "state", "code", "why"]
    assert [line[:4] for line in lines[1:]] == [
        ["2", '\'=HYPERLINK("x")', "Refused", "person_unknown"],
        ["3", "'@cmd", "Refused", "person_unknown"],
    ]


@pytest.mark.parametrize("operation", ["require_reenrolment", "lift_reenrolment", "import_address"])
def test_each_example_is_read_as_it_is(client, operation):
    example = client.get(f"{PAGE}example/{operation}.csv")

    at = looked_through(client, example.content, about=operation)

    assert Job.objects.get().state == JobState.READY
    assert JobRow.objects.get().refusal == "person_unknown"
    assert "Nobody has that" in desk.text(client.get(at))


def test_addresses_are_masked_on_the_page_and_on_the_ledger(client):
    someone = factories.account()
    data = f"login name,new address\n{login(someone)},somebody.new@example.org\n".encode()
    at = looked_through(client, data, about="import_address")
    say(client, at, "all")
    jobs.run_due()

    assert "somebody.new" not in desk.text(client.get(at))
    events = AuditEvent.objects.filter(operation=Operation.IMPORT_ADDRESS)
    assert "somebody.new" not in str(events.values_list("detail", flat=True))


class TestWhoSees:
    def test_a_table_is_its_owners_and_of_those_who_act_on_many(self, client):
        at = looked_through(client, table(factories.account()))
        other = desk.member()
        other.user_permissions.add(*factories.permissions("import_table", "require_reenrolment"))

        assert desk.signed_in(other).get(at).status_code == 404
        assert desk.as_role(Role.AGENT).get(at).status_code == 403
        colleague = desk.as_role(Role.LEAD)
        page = colleague.get(at)
        assert page.status_code == 200
        assert "Do all 1" not in desk.text(page)
        assert colleague.post(at, {"mode": "all", "count": "1"}).status_code == 403

    def test_who_may_not_is_recorded(self):
        client = desk.as_role(Role.AUDITOR)
        assert client.post(PAGE, {}).status_code == 403
        assert factories.last_event().refusal == "permission_missing"

    def test_a_number_of_no_table_is_nothing(self, client):
        assert client.get(f"{PAGE}0/").status_code == 404
        assert client.get(f"{PAGE}example/nothing.csv").status_code == 404
