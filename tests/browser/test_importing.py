"""A table, from the file to what came of it: with a keyboard, on a small screen, in the dark."""

import os

import pytest
from playwright.sync_api import expect

from recovery import jobs
from recovery.models import Account, AccountText, Job
from tests import factories
from tests.browser.crawl import NARROW, problems

PAGE = "/console/imports/"


def table(*accounts, more=()):
    names = AccountText.objects.filter(account__in=accounts).values_list("login_name", flat=True)
    return ("\n".join(["Login name", *names, *more]) + "\n").encode()


def choose(page, data, name="lost tokens.csv"):
    file = {"name": name, "mimeType": "text/csv", "buffer": data}
    page.locator("[name=file]").set_input_files(file)


def bring_in(page, data):
    page.goto(PAGE)
    page.get_by_label("Flag these accounts for re-enrolment").check()
    choose(page, data)
    expect(page.locator("[name=ticket]")).to_have_value("")
    page.locator("[name=reason]").fill("A box of tokens was lost")
    page.get_by_role("button", name="Look through it").press("Enter")
    page.wait_for_url("**/imports/*/")


def picture(page, name):
    folder = os.environ.get("PICTURES")
    if folder:
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, NARROW["width"]])
def test_the_whole_way(desk_page, theme, width):
    page = desk_page
    page.emulate_media(color_scheme=theme)
    page.set_viewport_size({"width": width, "height": 900})
    people = [factories.account() for _ in range(3)]
    page.goto(PAGE)
    picture(page, f"form-{theme}-{width}")
    assert problems(page) == []

    bring_in(page, table(*people, more=["nobody@example.org", '"a,b"']))
    expect(page.get_by_text("The worker looks through it")).to_be_visible()
    picture(page, f"checking-{theme}-{width}")
    assert problems(page) == []

    jobs.run_due()
    button = page.get_by_role("button", name="Do only the 3 good rows")
    expect(button).to_be_visible()  # the page came up to date by itself
    picture(page, f"ready-{theme}-{width}")
    assert problems(page) == []

    button.press("Enter")
    expect(page.get_by_text("Waiting for the worker")).to_be_visible()
    jobs.run_due()
    expect(page.locator("dt", has_text="Done")).to_be_visible()
    picture(page, f"done-{theme}-{width}")
    assert problems(page) == []
    assert Account.objects.flagged().count() == 3


def test_a_file_that_is_too_large_is_not_even_sent(desk_page, settings):
    settings.RECOVERY_IMPORT_SIZE_LIMIT = 10_000
    desk_page.goto(PAGE)
    choose(desk_page, b"x" * 10_001)

    expect(desk_page.get_by_text("This file is larger than")).to_be_visible()
    desk_page.locator("[name=reason]").fill("A box of tokens was lost")
    desk_page.get_by_role("button", name="Look through it").click()

    assert desk_page.url.endswith(PAGE)
    assert not Job.objects.exists()
