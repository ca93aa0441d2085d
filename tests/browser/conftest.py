"""Somebody of the desk, signed in through both pages in a real browser."""

import pytest

from recovery import totp
from recovery.enums import Role
from tests import factories

PASSWORD = "correct horse battery staple"


@pytest.fixture
def desk_page(browser_page):
    """A lead, who may open every room, on the front page."""
    sign_in(browser_page, factories.staff(Role.LEAD).user)
    return browser_page


def sign_in(page, person):
    """Type a name, a password and a one-time code, as a person does."""
    authenticator = give_password(person)
    page.goto("/console/")
    type_password(page, person)
    type_code(page, authenticator)


def give_password(person):
    person.set_password(PASSWORD)
    person.save()
    return totp.bind(person, totp.new_key(), name="phone")


def type_password(page, person, password=PASSWORD):
    page.get_by_label("Name").fill(person.get_username())
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Continue").click()


def type_code(page, authenticator):
    page.locator("[name=one_time_code]").fill(totp.current_code(authenticator).reveal())
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/console/")
