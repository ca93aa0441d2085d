"""Finds what is wrong with a page in a real browser, beyond what the browser itself complains of.

`problems(page)` looks at the page as it stands: landmarks, names, focus, axe's rules, and whether
it scrolls sideways, here and on a small screen. Errors on the console and violations of the policy
are kept by the `browser_errors` fixture; outside pytest, `watch(page)` keeps them for `problems`.
"""

from functools import cache
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from playwright.sync_api import ConsoleMessage, Page, Response

HERE = Path(__file__).parent
NARROW = {"width": 360, "height": 740}
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
CLIENT_ERRORS = range(400, 500)

_heard: WeakKeyDictionary[Page, list[str]] = WeakKeyDictionary()


def problems(page: Page) -> list[str]:
    """Return everything that is wrong with the page, one line for each, and nothing twice."""
    heard = [*_heard.get(page, [])]
    _heard.get(page, []).clear()
    return heard + page.evaluate(_script("structure.js")) + axe_violations(page) + too_wide(page)


def watch(page: Page) -> Page:
    """Keep what ``page`` complains of, from before its first navigation."""
    heard = _heard.setdefault(page, [])
    refused: set[str] = set()

    def on_response(response: Response) -> None:
        if response.request.is_navigation_request() and response.status in CLIENT_ERRORS:
            refused.add(response.url)

    def on_console(message: ConsoleMessage) -> None:
        # A refusal is a page with a status of 4xx, which Chromium reports as a failed resource.
        is_refusal = message.location["url"] in refused and "Failed to load" in message.text
        if message.type in {"error", "warning"} and not is_refusal:
            heard.append(f"console {message.type}: {message.text}")

    page.on("response", on_response)
    page.on("console", on_console)
    page.on("pageerror", lambda error: heard.append(f"script error: {error}"))
    return page


def axe_violations(page: Page) -> list[str]:
    """Return what axe-core finds, one line for each element."""
    page.evaluate(_script("vendor/axe.min.js"))
    options = {"runOnly": AXE_TAGS, "resultTypes": ["violations"]}
    result: dict[str, Any] = page.evaluate("options => axe.run(document, options)", options)
    return [
        f"axe {violation['id']}: {node['target']} {_reason(node)}"
        for violation in result["violations"]
        for node in violation["nodes"]
    ]


def too_wide(page: Page) -> list[str]:
    """Return what makes the page wider than its screen, as it is and at 360 pixels."""
    wide: list[str] = page.evaluate(_script("sideways.js"))
    before = page.viewport_size
    page.set_viewport_size(NARROW)
    page.wait_for_timeout(50)
    wide += page.evaluate(_script("sideways.js"))
    if before is not None:
        page.set_viewport_size(before)
    return wide


def _reason(node: dict[str, Any]) -> str:
    checks = [*node["any"], *node["all"], *node["none"]]
    return checks[0]["message"] if checks else ""


@cache
def _script(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")
