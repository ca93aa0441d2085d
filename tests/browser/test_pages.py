"""Every page of the console, for keyboards, screen readers, dark rooms and small screens."""

import re
from datetime import timedelta

import pytest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from console.admin import keyset
from recovery import figures
from recovery.audit import alarms
from recovery.audit.verifier import Finding
from recovery.enums import JobKind, JobState, Operation, Outcome, Role, RowState
from recovery.models import AuditEvent, Job, JobRow
from tests import factories
from tests.browser.conftest import lend_session, type_code, type_password
from tests.browser.crawl import NARROW, problems
from tests.console import desk

OPERATIONS = [
    "regenerate_backup_codes",
    "issue_phone_code",
    "send_recovery_link",
    "require_reenrolment",
    "report_authenticator_lost",
]


@pytest.fixture
def subject():
    """An account with something on every card of its page."""
    account = factories.account(addresses=("known@example.org",))
    factories.address(account, "new@example.net", days=2)
    factories.saved_codes(account)
    factories.app(account)
    factories.flag(account)
    return account


def every_page(subject):
    """Name one page of each kind."""
    event = AuditEvent.objects.latest("pk")
    return [
        reverse("admin:index"),
        reverse("admin:recovery_account_changelist"),
        reverse("admin:recovery_auditevent_changelist"),
        account_url(subject),
        reverse("admin:recovery_account_history", args=[subject.pk]),
        reverse("admin:reports"),
        f"{reverse('admin:report', args=['coverage'])}?codes=low",
        f"{reverse('admin:report', args=['ledger'])}?operation=sign_in",
        reverse("admin:recovery_auditevent_change", args=[event.pk]),
        reverse("admin:recovery_reviewitem_changelist"),
        reverse("admin:completeness"),
        reverse("admin:integrity"),
        reverse("admin:pictures"),
        reverse("admin:bundle"),
        reverse("admin:jobs"),
        *job_pages(subject),
        reverse("admin:incident", args=[alarms.raise_alarm(Finding.CUT_OFF, 17).pk]),
    ]


def job_pages(subject):
    """Of one job: asking for it, how it stands while it runs, and taking it back."""
    job = Job.objects.create(
        kind=JobKind.BULK,
        operation=Operation.REQUIRE_REENROLMENT,
        state=JobState.RUNNING,
        owner_name="somebody",
        rows_total=3,
        rows_seen=1,
        rows_refused=1,
    )
    refused = {"state": RowState.REFUSED, "refusal": "account_frozen"}
    JobRow.objects.create(job=job, number=1, account_id=subject.pk, **refused)
    many = f"operation=require_reenrolment&account={subject.pk}"
    return [
        f"{reverse('admin:recovery_account_many')}?{many}",
        reverse("admin:job", args=[job.pk]),
        reverse("admin:job_cancel", args=[job.pk]),
    ]


def account_url(subject):
    return reverse("admin:recovery_account_change", args=[subject.pk])


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_is_without_a_problem(desk_page, subject, theme):
    desk_page.emulate_media(color_scheme=theme)
    for page in every_page(subject):
        desk_page.goto(page)
        assert problems(desk_page) == [], page


def test_every_dialog_is_without_a_problem(desk_page, subject):
    for operation in OPERATIONS:
        desk_page.goto(f"{account_url(subject)}?dialog={operation}")
        desk_page.locator("#dialog:modal").wait_for()
        assert problems(desk_page) == [], operation


def test_the_file_of_a_job_is_asked_for_without_a_problem(browser_page, live_server):
    client = desk.as_role(Role.LEAD)
    job = Job.objects.create(
        kind=JobKind.EXPORT,
        operation=Operation.EXPORT_ACCOUNTS,
        state=JobState.DONE,
        owner_id=desk.whoever(client),
        file_name="coverage-2026-11-28.xlsx",
        file_kept_until=timezone.now() + timedelta(days=1),
    )
    desk.let_the_step_up_go_stale(client)
    lend_session(browser_page, client, live_server.url)
    browser_page.goto(reverse("admin:job_file", args=[job.pk]))

    expect(browser_page.get_by_label("One-time code")).to_be_visible()
    assert problems(browser_page) == []


def test_the_next_page_begins_where_this_one_ends(desk_page, monkeypatch):
    monkeypatch.setattr(keyset, "ROWS", 1)
    factories.account()
    desk_page.goto(reverse("admin:recovery_account_changelist"))
    desk_page.get_by_role("link", name="Next", exact=True).click()

    desk_page.wait_for_url("**/?after=*")
    expect(desk_page.get_by_role("link", name="Previous", exact=True)).to_be_visible()


def test_the_filters_open_and_close_by_keyboard(desk_page, subject):
    desk_page.goto(reverse("admin:recovery_account_changelist"))
    desk_page.get_by_role("button", name="Filters").press("Enter")
    sheet = desk_page.get_by_role("dialog", name="Filters")
    sheet.wait_for()
    assert problems(desk_page) == []

    desk_page.keyboard.press("Escape")
    sheet.wait_for(state="hidden")


def test_a_view_of_the_ledger_is_asked_for_by_keyboard_and_is_its_address(desk_page):
    event = AuditEvent.objects.create(
        operation=Operation.VETO, outcome=Outcome.COMPLETED, subject_name="ann@example.org"
    )
    desk_page.goto(reverse("admin:recovery_auditevent_changelist"))
    desk_page.locator("summary", has_text="Filters").press("Enter")
    desk_page.get_by_label("Subject begins with").fill("ann@")
    desk_page.keyboard.press("Enter")

    desk_page.wait_for_url("**/auditevent/?subject_name=ann%40")
    assert problems(desk_page) == []
    desk_page.set_viewport_size(NARROW)
    desk_page.get_by_role("rowheader").get_by_role("link").first.press("Enter")
    desk_page.wait_for_url(f"**/{event.pk}/change/")


def test_both_pages_of_signing_in_are_without_a_problem(browser_page, browser_errors):
    browser_errors.expect("422")
    person = desk.member(Role.AGENT)
    browser_page.goto("/console/")
    assert problems(browser_page) == []

    type_password(browser_page, person, "not the password")
    browser_page.get_by_role("alert").wait_for()
    assert problems(browser_page) == []

    type_password(browser_page, person)
    browser_page.locator("[name=one_time_code]").wait_for()
    assert problems(browser_page) == []
    type_code(browser_page, person)


def test_a_page_for_another_role_says_what_to_do(browser_page, browser_errors, live_server):
    browser_errors.expect("403")
    lend_session(browser_page, desk.as_role(Role.AGENT), live_server.url)
    browser_page.goto(reverse("admin:recovery_auditevent_changelist"))

    assert problems(browser_page) == []
    assert browser_page.get_by_role("heading", name="Not for your role").is_visible()


@pytest.mark.parametrize("template", ["400.html", "403_csrf.html", "500.html"])
def test_a_page_for_a_failure_needs_nothing_to_be_rendered(template):
    """Django renders some of them without a request, when much else may be broken."""
    assert "<h1>" in render_to_string(template)


def test_a_page_that_is_not_there_says_what_to_do(desk_page, browser_errors):
    browser_errors.expect("404")
    desk_page.goto("/console/nowhere/")

    assert problems(desk_page) == []
    assert desk_page.get_by_role("link", name="To the front page").is_visible()


def test_signing_out_is_within_reach_of_the_keyboard(desk_page):
    desk_page.locator(".desk-user summary").press("Enter")
    desk_page.get_by_role("button", name="Sign out").press("Enter")

    desk_page.get_by_role("heading", name="Sign in").wait_for()


def test_the_theme_can_be_chosen_against_the_systems_and_stays(desk_page):
    desk_page.emulate_media(color_scheme="dark")
    desk_page.reload()
    desk_page.locator(".desk-user summary").press("Enter")
    desk_page.get_by_role("button", name="Light").press("Enter")
    expect(desk_page.locator("html")).not_to_have_class(re.compile("dark"))

    desk_page.reload()
    expect(desk_page.locator("html")).not_to_have_class(re.compile("dark"))


def test_the_skip_link_is_the_first_stop(desk_page, subject):
    desk_page.goto(account_url(subject))
    desk_page.keyboard.press("Tab")

    assert desk_page.locator(":focus").inner_text() == "Skip to the page"


def test_single_key_shortcuts_can_be_switched_off(desk_page, subject):
    desk_page.goto(account_url(subject))
    desk_page.keyboard.press("?")
    desk_page.get_by_role("switch", name="Single-key shortcuts").click()
    desk_page.keyboard.press("Escape")
    desk_page.keyboard.press("r")
    desk_page.wait_for_timeout(300)

    assert desk_page.locator("#dialog").count() == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pictures_with_something_in_them_are_without_a_problem(desk_page, subject, theme):
    agent = {"actor_id": "7", "subject_id": str(subject.user_id)}
    for operation in (Operation.ISSUE_PHONE_CODE, Operation.SEND_RECOVERY_LINK):
        AuditEvent.objects.create(operation=operation, outcome=Outcome.COMPLETED, **agent)
    back = {"operation": Operation.HOLDER_SIGN_IN, "actor_id": str(subject.user_id)}
    AuditEvent.objects.create(outcome=Outcome.COMPLETED, **back)
    refused = {"outcome": Outcome.REFUSED, "refusal": "account_frozen"}
    AuditEvent.objects.create(operation=Operation.ISSUE_PHONE_CODE, **refused)
    figures.count_events()
    figures.count_accounts()
    desk_page.emulate_media(color_scheme=theme)

    desk_page.goto(reverse("admin:pictures"))
    assert desk_page.locator("figure svg").count() == 7
    desk_page.locator("figure summary").first.press("Enter")
    assert problems(desk_page) == []

    desk_page.locator(".pic-calls svg a").first.press("Enter")
    desk_page.wait_for_url("**/auditevent/?operation=**")
    assert desk_page.get_by_role("rowheader").get_by_role("link").count() == 3
