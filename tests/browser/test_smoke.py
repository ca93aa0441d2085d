"""The sign-in page, in a real browser, under the strict policy, with nothing to complain of."""


def test_the_sign_in_page_loads_without_a_complaint(browser_page):
    browser_page.goto("/console/")

    assert browser_page.locator("input[type=password]").is_visible()


def test_a_violated_policy_is_seen(browser_page, browser_errors):
    browser_page.goto("/console/")
    browser_page.evaluate("document.body.setAttribute('onclick', 'alert(1)')")
    browser_page.locator("body").dispatch_event("click")

    assert any("Content Security Policy" in error for error in browser_errors)
    browser_errors.expect("Content Security Policy")
