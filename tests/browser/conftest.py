"""Somebody of the desk in a real browser."""

import pytest

from recovery.enums import Role
from tests.console import desk


@pytest.fixture
def desk_page(browser_page, live_server):
    """A lead, who may open every room, on the front page."""
    lend_session(browser_page, desk.as_role(Role.LEAD), live_server.url)
    browser_page.goto("/console/")
    return browser_page


def lend_session(page, client, url):
    """Let the browser go on where a test client has signed in: quicker than both pages."""
    cookies = [
        {"name": name, "value": cookie.value, "url": url} for name, cookie in client.cookies.items()
    ]
    page.context.add_cookies(cookies)


def type_password(page, person, password=desk.PASSWORD):
    """Fill the first page of signing in, as a person does."""
    page.get_by_label("Name").fill(person.get_username())
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Continue").click()


def type_code(page, person):
    """Fill the second page, and come in."""
    page.locator("[name=one_time_code]").fill(desk.one_time_code(person))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/console/")
