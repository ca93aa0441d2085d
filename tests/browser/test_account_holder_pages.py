"""Every page of the account holder, for keyboards, screen readers, dark rooms and small screens."""

from datetime import timedelta

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from recovery import actions
from recovery.enums import Operation
from recovery.errors import StepUpRequired
from tests import factories
from tests.browser.account_holder import (
    PASSWORD,
    REFUSED,
    code_for,
    give_password,
    heading,
    key_on,
    make_holder,
    path_in_mail,
    press,
    sign_in,
    worker,
)
from tests.browser.crawl import problems


@pytest.fixture(params=["light", "dark"])
def page(request, browser_page, browser_errors):
    """A page by day and by night. What is refused is a page with a status of 4xx."""
    browser_errors.expect(REFUSED)
    browser_page.emulate_media(color_scheme=request.param)
    return browser_page


def sound(page, title):
    """Look whether the page is the one of that title, and without a problem."""
    heading(page, title)
    assert problems(page) == [], title


def test_from_the_sign_in_to_the_codes(page):
    holder = make_holder()
    _, clear = factories.saved_codes(holder)
    page.goto(reverse("recovery:sign_in"))
    sound(page, "Sign in")
    page.get_by_label("Name").fill("nobody")
    page.get_by_label("Password").fill("nothing")
    press(page, "Continue")
    sound(page, "Sign in")
    give_password(page, holder)
    sound(page, "Enter a code")
    page.get_by_label("backup code").fill("ABCD")
    press(page, "Continue")
    sound(page, "Enter a code")
    page.get_by_label("backup code").fill(clear[0])
    press(page, "Continue")
    sound(page, "Set up your authenticator")
    press(page, "Start")
    sound(page, "Scan this picture")
    page.get_by_text("Type the key").click()
    sound(page, "Scan this picture")
    code = code_for(key_on(page))
    page.get_by_label("six digits").fill("12")
    press(page, "Continue")
    sound(page, "Type what the app shows")
    page.goto(reverse("recovery:enrol"))
    sound(page, "Set up your authenticator")
    page.get_by_role("link", name="It is in my app").click()
    page.get_by_label("six digits").fill(code)
    press(page, "Continue")
    sound(page, "Take your backup codes")
    press(page, "Show my codes")
    sound(page, "Save these codes now")
    page.get_by_label("Type one of your new").fill("ABCD")
    press(page, "Finish")
    sound(page, "Type one of your codes")
    page.goto(reverse("recovery:enrol_codes"))
    sound(page, "Your codes were shown")


def test_without_a_code(page):
    holder = make_holder()
    give_password(page, holder)
    page.get_by_role("link", name="I can't get a code").click()
    sound(page, "You can't get a code")
    press(page, "Send me a link")
    sound(page, "Look into your mail")
    worker()
    link = path_in_mail(mail.outbox[-1], "link")
    page.goto(link)
    sound(page, "Get back into your account")
    page.get_by_label("Password").fill("nothing")
    press(page, "Continue")
    sound(page, "Get back into your account")
    page.get_by_label("Password").fill(PASSWORD)
    press(page, "Continue")
    page.goto(link)
    sound(page, "This link can't be used")


def test_that_was_not_me(page):
    holder = make_holder()
    agent = factories.actor(Operation.ISSUE_PHONE_CODE)
    actions.issue_phone_code(actor=agent, subject=holder, grounds=factories.grounds())
    worker()
    veto = path_in_mail(mail.outbox[-1], "veto")
    page.goto(veto)
    sound(page, "Was that not you?")
    press(page, "That was not me")
    sound(page, "It is stopped")
    page.goto(veto)
    sound(page, "This link can't be used any more")
    give_password(page, holder)
    sound(page, "Enter a code")
    expect(page.get_by_text("is frozen")).to_be_visible()


def test_my_recovery(page):
    holder = make_holder()
    factories.saved_codes(holder)
    factories.address(holder, "new@example.net", days=2)
    agent = factories.actor(Operation.ISSUE_PHONE_CODE)
    actions.issue_phone_code(actor=agent, subject=holder, grounds=factories.grounds())
    sign_in(page, holder)
    factories.app(holder)
    factories.flag(holder, due_at=timezone.now() + timedelta(days=3))
    page.reload()
    expect(page.get_by_label("Set up your authenticator again")).to_be_visible()
    sound(page, "My recovery")
    page.get_by_text("Revoke").first.click()
    page.get_by_text("Freeze", exact=True).click()
    sound(page, "My recovery")
    page.goto(reverse("recovery:address_add"))
    sound(page, "Add an address")
    page.get_by_label("E-mail address").fill("third@example.org")
    press(page, "Mail me the code")
    sound(page, "Confirm your address")
    page.get_by_role("link", name="Do it later").click()
    sound(page, "My recovery")
    page.get_by_role("link", name="Take new codes").click()
    sound(page, "New backup codes")
    press(page, "Show my codes")
    sound(page, "Save these codes now")


def test_my_recovery_after_a_while(page, settings):
    settings.RECOVERY_STEP_UP_MAX_AGE = timedelta(0)
    holder = make_holder()
    factories.address(holder, "second@example.net")
    sign_in(page, holder)
    page.get_by_text("Remove second@example.net").click()
    page.get_by_role("button", name="Remove it").last.click()
    sound(page, "My recovery")
    expect(page.get_by_label("One-time code").last).to_be_focused()
    page.get_by_role("link", name="Take new codes").click()
    press(page, "Show my codes")
    sound(page, "New backup codes")
    code = page.get_by_label("One-time code")
    expect(code).to_have_accessible_description(str(StepUpRequired()))
