"""Codes shown once: read aloud, marked, wiped, and not to be had again."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from recovery.conf import conf
from recovery.enums import Role
from tests import factories
from tests.browser.conftest import lend_session
from tests.browser.crawl import problems
from tests.console import desk


@pytest.fixture
def relay(desk_page):
    """The page with ten fresh codes."""
    regenerate(desk_page)
    desk_page.locator(".relay-live").wait_for()
    return desk_page


def regenerate(page):
    url = reverse("admin:recovery_account_change", args=[factories.account().pk])
    page.goto(f"{url}?dialog=regenerate_backup_codes")
    dialog = page.locator("#dialog")
    dialog.get_by_label("Called back").check()
    dialog.get_by_label("Reason").fill("They lost the phone")
    dialog.locator("[type=submit]").click()


def first_code(page):
    return page.locator(".relay-clear").first.text_content()


def stage(page):
    return page.locator(".relay-groups").inner_text()


def test_the_page_is_without_a_problem_hidden_and_shown(relay):
    assert problems(relay) == []
    relay.keyboard.press("Space")
    assert problems(relay) == []


def test_a_code_is_hidden_until_it_is_asked_for(relay):
    first_group = first_code(relay).split("-")[0]
    assert first_group not in stage(relay).replace("\n", "")

    relay.keyboard.press("Space")
    assert first_group in stage(relay).replace("\n", "")

    relay.keyboard.press("Space")
    assert first_group not in stage(relay).replace("\n", "")


def test_a_long_press_shows_for_as_long_as_it_lasts(relay):
    show = relay.locator("[data-part=show]")
    relay.keyboard.down("Space")
    relay.wait_for_timeout(600)
    expect(show).to_have_attribute("aria-pressed", "true")

    relay.keyboard.up("Space")
    expect(show).to_have_attribute("aria-pressed", "false")


def test_codes_are_spoken_by_letter_hidden_on_leaving_the_tab_and_marked_when_read_back(relay):
    relay.keyboard.press("s")
    voice = relay.locator("[data-part=voice]").text_content()
    assert voice.startswith(f"{first_code(relay)[0]}, ")

    relay.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(relay.locator("[data-part=show]")).to_have_attribute("aria-pressed", "false")

    relay.keyboard.press("y")
    expect(relay.locator("[data-part=number]")).to_have_text("2")
    expect(relay.locator(".relay-tick").first).to_be_visible()


def test_no_code_is_in_an_attribute_a_title_or_storage(relay):
    relay.keyboard.press("Space")
    group = first_code(relay).split("-")[0]
    kept = relay.evaluate(
        """() => document.title + location.href + JSON.stringify({...localStorage})
        + JSON.stringify({...sessionStorage}) + document.cookie
        + [...document.querySelectorAll('*')].flatMap(
            (element) => [...element.attributes].map(({value}) => value)).join(' ')"""
    )

    assert group not in kept


def test_leaving_by_accident_is_asked_about_and_done_is_not(relay):
    asked = []
    relay.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    relay.keyboard.press("Space")
    relay.get_by_role("link", name="Accounts", exact=True).first.click(no_wait_after=True)
    relay.wait_for_timeout(300)
    assert asked == ["beforeunload"]

    relay.get_by_role("link", name="Done").click()
    relay.locator("#account-name").wait_for()
    assert asked == ["beforeunload"]


def test_back_and_reload_show_the_account_and_no_code(relay):
    code = first_code(relay)
    relay.get_by_role("link", name="Done").click()
    relay.locator("#account-name").wait_for()
    relay.go_back()
    relay.locator("#account-name").wait_for()
    assert code not in relay.content()

    relay.reload()
    assert code not in relay.content()


def test_signing_out_works_from_here_too(relay):
    relay.on("dialog", lambda dialog: dialog.accept())
    relay.locator(".desk-user summary").click()
    relay.get_by_role("button", name="Sign out").click()

    relay.get_by_role("heading", name="Sign in").wait_for()


def test_without_a_script_the_codes_are_there_to_be_read(chromium, live_server):
    context = chromium.new_context(base_url=live_server.url, java_script_enabled=False)
    page = context.new_page()
    lend_session(page, desk.as_role(Role.LEAD), live_server.url)
    regenerate(page)

    assert page.locator(".relay-clear").count() == conf.BACKUP_CODE_COUNT
    assert page.locator(".relay-clear").first.is_visible()
    assert page.locator(".relay-stage").is_hidden()
    context.close()
