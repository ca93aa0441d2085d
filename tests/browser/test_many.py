"""Acting on many accounts, from the ticks in the list to what came of it."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from recovery import jobs
from recovery.enums import JobState
from recovery.models import Job
from tests import factories
from tests.browser.crawl import problems


@pytest.fixture
def people():
    with factories.arranging():
        return [factories.account() for _ in range(3)]


def tick(page, account):
    page.get_by_role("checkbox", name=f"Select {account.text.display_name}", exact=True).check()


def test_two_are_ticked_flagged_and_followed_to_the_end(desk_page, people):
    page = desk_page
    page.goto(reverse("admin:recovery_account_changelist"))
    for account in people[:2]:
        tick(page, account)
    expect(page.locator("#many-said")).to_have_text("2 ticked.")
    assert problems(page) == []
    page.get_by_role("button", name="Go on").click()

    page.get_by_role("heading", name="2 accounts", exact=True).wait_for()
    page.get_by_label("Reason").fill("A lost batch of tokens")
    page.get_by_label("Ticket").fill("HD-7")
    page.get_by_role("button", name="Flag them").click()

    page.wait_for_url("**/console/jobs/*/")
    expect(page.locator("#job-status")).to_contain_text("Waiting for the worker")
    page.get_by_role("link", name="Cancel this job").focus()
    jobs.run_due()
    expect(page.locator("#job-status")).to_contain_text("2 of 2", timeout=10_000)
    expect(page.locator("#job-said")).to_have_text("Done, 2 of 2")
    expect(page.locator("#job-status")).to_be_focused()
    for account in people[:2]:
        expect(page.get_by_role("link", name=account.text.display_name, exact=True)).to_be_visible()
    assert problems(page) == []
    assert Job.objects.get().state == JobState.DONE
    assert [factories.fresh(account).is_flagged for account in people] == [True, True, False]


def test_a_whole_page_is_ticked_at_once_and_the_way_goes_by_keyboard(desk_page, people):
    page = desk_page
    page.goto(reverse("admin:recovery_account_changelist"))
    page.locator("#action-toggle").press("Space")
    expect(page.locator("#many-said")).to_contain_text("ticked.")
    assert page.locator("input.action-select:not(:checked)").count() == 0

    page.locator("#many-which").select_option("all")
    page.get_by_role("button", name="Go on").press("Enter")
    page.get_by_role("button", name="Flag them").wait_for()
    page.get_by_role("link", name="Cancel").press("Enter")
    page.wait_for_url("**/recovery/account/")
    assert not Job.objects.exists()
