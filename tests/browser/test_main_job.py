"""The main job, as it is done all day: a call comes in, codes are read out, an auditor looks."""

import re
from types import SimpleNamespace

import pytest
from django.contrib.sessions.backends.db import SessionStore
from playwright.sync_api import expect

from recovery.enums import CodeKind, Operation, Role
from recovery.models import AccountText, BackupCodeSet
from recovery.people import fold
from tests import factories
from tests.browser.conftest import lend_session, type_code, type_password
from tests.browser.crawl import problems, watch
from tests.console import desk

NAME = "Zoë Ørsted"


@pytest.fixture
def subject():
    """The caller, with an old set of codes and an app that is lost."""
    account = factories.account(addresses=("zoe.orsted@example.org",))
    factories.saved_codes(account)
    factories.app(account)
    AccountText.objects.filter(account=account).update(display_name=NAME, folded=fold(NAME))
    return account


@pytest.fixture
def agent():
    return desk.member(Role.AGENT)


def sign_in(page, person):
    page.goto("/console/")
    type_password(page, person)
    type_code(page, person)


def find_the_caller(page):
    page.get_by_label("Who is calling?").fill("zoe orst")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name=NAME).first.click()
    page.get_by_role("heading", name=NAME).first.wait_for()


def ask_for(page, operation):
    """Open a dialog by its button and say why."""
    page.get_by_role("link", name=operation).click()
    dialog = page.locator("#dialog:modal")
    dialog.get_by_label("Called back").check()
    dialog.get_by_label("Ticket").fill("HD-4711")
    dialog.get_by_label("Reason").fill("Phone fell into the lake")
    return dialog


def send(dialog):
    dialog.locator("[type=submit]").click()


def read_out(page, count):
    """Show the code and step through the set; return what was there to be read."""
    page.locator(".relay-live").wait_for()
    clear = [re.sub(r"\W", "", text) for text in page.locator(".relay-clear").all_text_contents()]
    assert len(clear) == count
    page.keyboard.press("Space")
    for code in clear:
        shown = re.sub(r"\s", "", page.locator(".relay-groups").inner_text())
        assert all(character in shown for character in code)
        page.keyboard.press("ArrowRight")
    return clear


def is_to_be_found(codes, page):
    held = re.sub(r"<[^>]*>|[\s-]", "", page.content())
    stored = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    return [code for code in codes if code in held or code in stored]


def let_the_step_up_go_stale(page):
    [key] = [one["value"] for one in page.context.cookies() if one["name"] == "sessionid"]
    desk.let_the_step_up_go_stale(SimpleNamespace(session=SessionStore(session_key=key)))


def test_an_agent_gives_a_caller_new_codes_and_an_auditor_finds_it(
    browser_page, browser_context, agent, subject
):
    watch(browser_page)
    sign_in(browser_page, agent)
    find_the_caller(browser_page)

    send(ask_for(browser_page, "Regenerate backup codes"))
    codes = read_out(browser_page, 10)
    assert problems(browser_page) == []
    browser_page.get_by_role("link", name="Done").click()
    browser_page.wait_for_url("**/change/")
    assert not is_to_be_found(codes, browser_page)

    browser_page.go_back()
    browser_page.wait_for_load_state()
    assert not is_to_be_found(codes, browser_page)
    browser_page.reload()
    assert not is_to_be_found(codes, browser_page)
    assert factories.live_set(subject).verify_token(codes[6])

    browser_context.clear_cookies()
    sign_in(browser_page, desk.member(Role.AUDITOR))
    browser_page.goto(f"{desk.LEDGER}?operation=regenerate_backup_codes")
    assert not is_to_be_found(codes, browser_page)
    browser_page.get_by_role("rowheader").get_by_role("link").first.click()
    browser_page.wait_for_url("**/change/**")
    event = browser_page.get_by_role("main")
    told = (agent.get_username(), subject.user.get_username(), "HD-4711", "into the lake")
    for text in told:
        expect(event).to_contain_text(text)


def test_reloading_the_page_of_codes_makes_no_second_set(browser_page, agent, subject):
    sign_in(browser_page, agent)
    find_the_caller(browser_page)
    send(ask_for(browser_page, "Regenerate backup codes"))
    codes = read_out(browser_page, 10)
    browser_page.on("dialog", lambda question: question.accept())

    browser_page.reload()

    assert not is_to_be_found(codes, browser_page)
    assert BackupCodeSet.objects.filter(user=subject.user, kind=CodeKind.SAVED).count() == 2


def test_an_agent_reads_a_phone_code_out(browser_page, agent, subject):
    sign_in(browser_page, agent)
    find_the_caller(browser_page)

    send(ask_for(browser_page, "Issue a phone code"))
    [code] = read_out(browser_page, 1)

    assert len(code) == 8
    assert factories.live_set(subject, CodeKind.PHONE).verify_token(code)


def test_a_stale_step_up_is_asked_for_in_the_dialog(browser_page, browser_errors, agent, subject):
    browser_errors.expect("409")
    sign_in(browser_page, agent)
    find_the_caller(browser_page)
    let_the_step_up_go_stale(browser_page)

    dialog = ask_for(browser_page, "Issue a phone code")
    dialog.locator("[name=one_time_code]").fill("000000")
    send(dialog)
    again = browser_page.locator("#dialog:modal")
    expect(again).to_contain_text("not accepted")
    expect(again.get_by_label("Reason")).to_have_value("Phone fell into the lake")
    expect(again.locator("[name=one_time_code]")).to_have_value("")

    factories.Throttle.objects.all().delete()
    again.locator("[name=one_time_code]").fill(desk.one_time_code(agent))
    send(again)
    read_out(browser_page, 1)


def test_the_main_job_needs_no_mouse(browser_page, agent, subject):
    keys = browser_page.keyboard
    browser_page.goto("/console/")
    keys.type(agent.get_username())
    keys.press("Tab")
    keys.type(desk.PASSWORD)
    keys.press("Enter")
    browser_page.wait_for_url("**/login/code/**")
    keys.type(desk.one_time_code(agent))
    keys.press("Enter")

    browser_page.get_by_label("Who is calling?").wait_for()
    keys.type("zoe orst")
    keys.press("Enter")
    browser_page.wait_for_url("**/account/?q=*")
    tab_to(browser_page, browser_page.get_by_role("link", name=NAME).first)
    keys.press("Enter")
    browser_page.wait_for_url("**/change/**")

    keys.press("p")
    dialog = browser_page.locator("#dialog:modal")
    dialog.wait_for()
    tab_to(browser_page, dialog.get_by_label("Called back"))
    keys.press("Space")
    tab_to(browser_page, dialog.get_by_label("Reason"))
    keys.type("Phone fell into the lake")
    tab_to(browser_page, dialog.locator("[type=submit]"))
    keys.press("Enter")

    read_out(browser_page, 1)
    tab_to(browser_page, browser_page.get_by_role("link", name="Done"))
    keys.press("Enter")
    browser_page.wait_for_url("**/change/")
    assert factories.last_event(operation=Operation.ISSUE_PHONE_CODE).outcome == "completed"


def tab_to(page, wanted, *, most=80):
    """Go to an element as a keyboard does, or fail where no Tab leads to it."""
    for _ in range(most):
        if wanted.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"No Tab leads to {wanted}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_main_job_fits_a_small_screen(browser_page, live_server, agent, subject, scheme):
    watch(browser_page)
    browser_page.set_viewport_size({"width": 360, "height": 740})
    browser_page.emulate_media(color_scheme=scheme)
    lend_session(browser_page, desk.signed_in(agent), live_server.url)
    browser_page.goto("/console/")
    assert problems(browser_page) == []

    find_the_caller(browser_page)
    assert problems(browser_page) == []
    dialog = ask_for(browser_page, "Regenerate backup codes")
    assert problems(browser_page) == []
    send(dialog)
    read_out(browser_page, 10)
    assert problems(browser_page) == []


@pytest.mark.parametrize("role", Role, ids=lambda role: role.name.lower())
def test_no_page_of_any_role_complains(browser_page, live_server, subject, role):
    """Follow every link of the console that the role is shown, one page of each kind."""
    watch(browser_page)
    lend_session(browser_page, desk.as_role(role), live_server.url)
    seen, waiting = set(), ["/console/"]

    while waiting:
        address = waiting.pop()
        browser_page.goto(address)
        complaints = problems(browser_page)
        assert complaints == [], address
        links = browser_page.locator("a[href]:not([download])").evaluate_all(OWN_LINKS)
        for link in links:
            if kind(link) not in seen:
                seen.add(kind(link))
                waiting.append(link)

    assert "/console/recovery/account/N/change/" in seen


OWN_LINKS = """links => links.map(link => new URL(link.href))
    .filter(url => url.pathname.startsWith('/console/') && url.origin === location.origin)
    .map(url => url.pathname + url.search)"""


def kind(link):
    """Reduce an address to its kind of page: whose and which does not matter."""
    path, _, query = link.partition("?")
    names = sorted(part.partition("=")[0] for part in query.split("&") if part)
    names = ["dialog" if name == "dialog" else "filter" for name in names][:1]
    return re.sub(r"\d+", "N", path) + "".join(f"?{name}" for name in names)
