"""The way back in, as a person walks it: on a phone and at a desk, page by page."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from recovery import actions
from recovery.enums import Operation
from recovery.models import TotpAuthenticator
from tests import factories
from tests.browser.account_holder import (
    PASSWORD,
    REFUSED,
    bind_from_the_page,
    codes_on,
    give_password,
    heading,
    key_on,
    make_holder,
    one_time_code,
    path_in_mail,
    press,
    sign_in,
    worker,
)

SCREENS = {"phone": {"width": 360, "height": 740}, "desk": {"width": 1280, "height": 800}}


@pytest.fixture(params=SCREENS)
def page(request, browser_page):
    """A page of each size."""
    browser_page.set_viewport_size(SCREENS[request.param])
    return browser_page


@pytest.fixture
def holder():
    return make_holder()


def test_lost_phone_link_new_authenticator_codes_and_in(page, holder):
    give_password(page, holder)
    page.get_by_role("link", name="I can't get a code").click()
    press(page, "Send me a link")
    heading(page, "Look into your mail")
    worker()

    page.goto(path_in_mail(mail.outbox[-1], "link"))
    heading(page, "Get back into your account")
    page.get_by_label("Password").fill(PASSWORD)
    press(page, "Continue")
    codes = bind_from_the_page(page)
    assert len(codes) == 10
    page.get_by_label("Type one of your new backup codes").fill(codes[3].lower())
    press(page, "Finish")

    heading(page, "My recovery")
    expect(page.get_by_text("10 of 10 left")).to_be_visible()
    assert TotpAuthenticator.objects.filter(user=holder.user, confirmed=True).count() == 1


def test_a_backup_code_leads_to_enrolment_and_says_how_many_are_left(page, holder):
    _, clear = factories.saved_codes(holder)
    give_password(page, holder)
    page.get_by_label("backup code").fill(clear[0])
    press(page, "Continue")
    expect(page.get_by_text("9 are left of the old ones")).to_be_visible()

    page.goto(reverse("recovery:my_recovery"))
    heading(page, "Sign in")

    page.goto(reverse("recovery:enrol"))
    codes = bind_from_the_page(page)
    page.get_by_label("Type one of your new backup codes").fill(codes[0])
    press(page, "Finish")
    heading(page, "My recovery")
    expect(page.get_by_text("10 of 10 left")).to_be_visible()


def test_a_flag_set_by_an_agent_catches_who_is_signed_in_at_their_next_click(page, holder):
    sign_in(page, holder)
    agent = factories.actor(Operation.REQUIRE_REENROLMENT)
    actions.require_reenrolment(
        actor=agent, subject=factories.fresh(holder), grounds=factories.grounds()
    )
    page.get_by_role("link", name="Add an address").click()

    heading(page, "Enter a code")
    expect(page.get_by_text("You have to set up your authenticator again")).to_be_visible()
    page.get_by_label("One-time code").fill(one_time_code(holder))
    press(page, "Continue")
    codes = bind_from_the_page(page)
    page.get_by_label("Type one of your new backup codes").fill(codes[9])
    press(page, "Finish")
    heading(page, "Add an address")


def test_that_was_not_me_does_nothing_when_opened_and_stops_everything_when_pressed(page, holder):
    agent = factories.actor(Operation.ISSUE_PHONE_CODE)
    actions.issue_phone_code(actor=agent, subject=holder, grounds=factories.grounds())
    worker()
    page.goto(path_in_mail(mail.outbox[-1], "veto"))
    expect(page.get_by_text("A phone code was issued")).to_be_visible()
    assert factories.fresh(holder).frozen_at is None

    press(page, "That was not me")
    heading(page, "It is stopped")
    expect(page.get_by_text("1 set of codes")).to_be_visible()
    assert factories.fresh(holder).frozen_at is not None


def test_a_second_veto_is_told_why_not_in_the_title_too(page, holder, browser_errors):
    browser_errors.expect(REFUSED)
    agent = factories.actor(Operation.ISSUE_PHONE_CODE)
    actions.issue_phone_code(actor=agent, subject=holder, grounds=factories.grounds())
    worker()
    veto = path_in_mail(mail.outbox[-1], "veto")
    page.goto(veto)
    press(page, "That was not me")
    page.goto(veto)

    expect(page.get_by_role("alert")).to_contain_text("can't be used any more")
    assert page.title().startswith("Not done: ")


@pytest.fixture
def enrolling(page, holder):
    """A recovery session, opened by a backup code."""
    _, clear = factories.saved_codes(holder)
    give_password(page, holder)
    page.get_by_label("backup code").fill(clear[0])
    press(page, "Continue")
    heading(page, "Set up your authenticator")
    return page


def test_reload_and_back_show_no_key(enrolling):
    press(enrolling, "Start")
    key = key_on(enrolling)
    enrolling.reload()
    heading(enrolling, "Set up your authenticator")
    assert key not in enrolling.content()

    enrolling.get_by_role("link", name="It is in my app: go on").click()
    heading(enrolling, "Type what the app shows")
    enrolling.go_back()
    heading(enrolling, "Set up your authenticator")
    assert key not in enrolling.content()


def test_reload_and_back_show_no_code_and_a_saved_one_still_finishes(enrolling):
    codes = bind_from_the_page(enrolling)
    enrolling.on("dialog", lambda dialog: dialog.accept())
    enrolling.reload()
    heading(enrolling, "Your codes were shown")
    assert codes_on(enrolling) == []

    enrolling.get_by_role("link", name="I saved them: go on").click()
    enrolling.get_by_label("Type one of your new backup codes").fill(codes[5])
    press(enrolling, "Finish")
    heading(enrolling, "My recovery")
    enrolling.go_back()
    enrolling.go_back()
    heading(enrolling, "My recovery")
    assert codes[5] not in enrolling.content()


def test_leaving_the_codes_unsaved_is_asked_about(enrolling):
    asked = []
    bind_from_the_page(enrolling)
    enrolling.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    enrolling.goto(reverse("recovery:enrol"))

    heading(enrolling, "Your codes were shown")
    assert asked == ["beforeunload"]


def test_a_form_sent_again_shows_nothing_a_second_time(enrolling):
    turn = enrolling.locator("[name=turn]").input_value()
    press(enrolling, "Start")
    sent_again = enrolling.request.post(
        reverse("recovery:enrol_key"),
        form={"turn": turn, "csrfmiddlewaretoken": csrf_token(enrolling)},
    )

    assert sent_again.url.endswith(reverse("recovery:enrol"))


def csrf_token(page):
    return page.locator("[name=csrfmiddlewaretoken]").first.input_value()


def test_whoever_took_too_long_is_told_so_and_begins_again(enrolling, holder, settings):
    settings.RECOVERY_SESSION_LIFETIME = timedelta(0)
    press(enrolling, "Start")
    heading(enrolling, "Sign in")
    expect(enrolling.get_by_role("status")).to_contain_text("That took too long")

    settings.RECOVERY_HALF_SIGNED_IN_LIFETIME = timedelta(0)
    enrolling.get_by_label("Name").fill(holder.user.get_username())
    enrolling.get_by_label("Password").fill(PASSWORD)
    press(enrolling, "Continue")
    heading(enrolling, "Sign in")
    expect(enrolling.get_by_role("status")).to_contain_text("That took too long")


def test_a_flag_with_a_date_shows_a_banner_that_leads_to_a_new_authenticator(page, holder):
    sign_in(page, holder)
    factories.flag(holder, due_at=timezone.now() + timedelta(days=3))
    page.reload()
    page.get_by_role("link", name="Do it now").click()
    press(page, "Set up a new authenticator")

    codes = bind_from_the_page(page)
    page.get_by_label("Type one of your new backup codes").fill(codes[0])
    press(page, "Finish")
    heading(page, "My recovery")
    expect(page.get_by_role("link", name="Do it now")).to_have_count(0)


def test_codes_are_saved_as_a_file_made_in_the_browser(enrolling, tmp_path):
    codes = bind_from_the_page(enrolling)
    with enrolling.expect_download() as saving:
        press(enrolling, "Download")
    saving.value.save_as(tmp_path / "codes.txt")

    assert [code for code in codes if code in (tmp_path / "codes.txt").read_text()] == codes
    expect(enrolling.get_by_role("status").last).to_contain_text("Downloaded as a text file")


def test_codes_are_copied_one_a_line(enrolling):
    enrolling.context.grant_permissions(["clipboard-read", "clipboard-write"])
    codes = bind_from_the_page(enrolling)
    press(enrolling, "Copy")
    expect(enrolling.get_by_role("status").last).to_contain_text("Copied")

    assert enrolling.evaluate("navigator.clipboard.readText()").split("\n") == codes


def test_on_paper_there_are_the_codes_and_what_they_are_for(enrolling):
    bind_from_the_page(enrolling)
    enrolling.emulate_media(media="print")

    expect(enrolling.locator(".recovery-paper")).to_be_visible()
    expect(enrolling.locator(".recovery-codes")).to_be_visible()
    expect(enrolling.get_by_role("button", name="Finish")).to_be_hidden()


def test_a_wrong_code_is_told_beside_its_field_and_not_written_back(page, holder, browser_errors):
    browser_errors.expect(REFUSED)
    give_password(page, holder)
    page.get_by_label("One-time code").fill("000 001")
    press(page, "Continue")

    field = page.get_by_label("One-time code")
    expect(field).to_be_focused()
    expect(field).to_have_value("")
    expect(field).to_have_accessible_description(re.compile("not accepted"))
    assert page.title().startswith("Not done: Enter a code")


def test_on_a_touch_screen_the_app_is_one_touch_away(chromium, live_server, holder):
    context = chromium.new_context(base_url=live_server.url, has_touch=True, is_mobile=True)
    page = context.new_page()
    _, clear = factories.saved_codes(holder)
    give_password(page, holder)
    page.get_by_label("backup code").fill(clear[0])
    press(page, "Continue")
    press(page, "Start")

    to_the_app = page.get_by_role("link", name="The app is on this phone")
    expect(to_the_app).to_be_visible()
    assert key_on(page) in to_the_app.get_attribute("href")
    context.close()


def test_times_are_those_of_the_viewers_zone(chromium, live_server, holder):
    context = chromium.new_context(base_url=live_server.url, timezone_id="Asia/Kolkata")
    page = context.new_page()
    sign_in(page, holder)

    expect(page.get_by_text("Last used on")).to_contain_text("IST")
    context.close()


def test_it_all_works_without_a_script(chromium, live_server, holder):
    context = chromium.new_context(base_url=live_server.url, java_script_enabled=False)
    page = context.new_page()
    _, clear = factories.saved_codes(holder)
    give_password(page, holder)
    page.get_by_label("backup code").fill(clear[0])
    press(page, "Continue")
    codes = bind_from_the_page(page)
    page.get_by_label("Type one of your new backup codes").fill(codes[0])
    press(page, "Finish")

    heading(page, "My recovery")
    context.close()
