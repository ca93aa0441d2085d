"""How the dialog of an operation behaves under somebody's hands."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from recovery.errors import text_of
from tests import factories


@pytest.fixture
def account_page(desk_page):
    subject = factories.account()
    desk_page.goto(reverse("admin:recovery_account_change", args=[subject.pk]))
    return desk_page


def opened(page):
    page.get_by_role("link", name="Issue a phone code").press("Enter")
    dialog = page.locator("#dialog:modal")
    dialog.wait_for()
    return dialog


def test_the_focus_goes_into_the_dialog_and_back(account_page):
    dialog = opened(account_page)
    assert dialog.locator(":focus").count() == 1

    account_page.keyboard.press("Escape")

    assert (
        account_page.locator(":focus").get_attribute("data-opens-operation") == "issue_phone_code"
    )


def test_what_was_typed_is_not_lost_by_accident(account_page):
    dialog = opened(account_page)
    dialog.get_by_label("Reason").fill("They lost the phone")

    account_page.mouse.click(5, 5)
    account_page.keyboard.press("Escape")
    expect(dialog.get_by_text("Press Escape again")).to_be_visible()

    account_page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_a_form_that_is_not_right_comes_back_open_and_filled(account_page, browser_errors):
    browser_errors.expect("422")
    dialog = opened(account_page)
    dialog.get_by_label("Reason").fill("They lost the phone")
    dialog.get_by_role("button", name="Show the code").click()

    again = account_page.locator("#dialog:modal")
    expect(again.get_by_text("This field is required.").first).to_be_visible()
    expect(again.get_by_label("Reason")).to_have_value("They lost the phone")


def test_what_would_be_refused_is_reached_by_keyboard_and_says_why(account_page):
    refused = account_page.get_by_role("link", name="Report an authenticator lost", disabled=True)
    before = account_page.locator("[data-opens-operation=require_reenrolment]")

    before.press("Tab")
    expect(refused).to_be_focused()
    expect(refused).to_have_accessible_description(text_of("nothing_to_report"))

    refused.press("Enter")
    account_page.keyboard.press("l")
    expect(account_page.locator("#dialog")).to_have_count(0)
