"""Finds what is wrong with a page in a real browser: errors, policy violations, closed doors."""

import os
import shutil
from functools import cache
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, Request, Response

LAUNCH_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NARROW = {"width": 360, "height": 740}
VENDOR = Path(__file__).parent / "vendor"
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

_heard: WeakKeyDictionary[Page, list[str]] = WeakKeyDictionary()


def chromium_path() -> str | None:
    """Return where this machine keeps Chromium, or None."""
    names = (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if name and (found := shutil.which(name))), None)


def launch(playwright: Playwright) -> Browser:
    """Start the machine's own Chromium; a test that cannot find one should skip and say so."""
    return playwright.chromium.launch(executable_path=chromium_path(), args=LAUNCH_ARGUMENTS)


def watch(page: Page) -> Page:
    """Listen to ``page`` from before its first navigation, so that ``problems`` misses nothing."""
    heard = _heard.setdefault(page, [])

    pages: set[str] = set()

    def on_console(message: ConsoleMessage) -> None:
        # A refusal is a page with a status of 4xx, which Chromium reports as a failed resource.
        refused = message.location["url"] in pages and "Failed to load resource" in message.text
        if message.type in {"error", "warning"} and not refused:
            heard.append(f"console {message.type}: {message.text}")

    def on_response(response: Response) -> None:
        if response.request.is_navigation_request() and 400 <= response.status < 500:
            pages.add(response.url)

    page.on("response", on_response)
    page.on("console", on_console)
    page.on("pageerror", lambda error: heard.append(f"script error: {error}"))
    page.on("requestfailed", lambda request: _note_failure(heard, request))
    return page


def problems(page: Page, *, axe: bool = True) -> list[str]:
    """Return everything that is wrong with the page as it stands; ``watch`` it first.

    What the page said is handed out once: a second call tells what came after the first.
    """
    heard, _heard[page] = [*_heard[page]], _heard[page]
    _heard[page].clear()
    found = heard + page.evaluate(_script("structure.js"))
    if axe:
        found += axe_violations(page)
    return found + sideways_scroll(page)


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


def sideways_scroll(page: Page) -> list[str]:
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


def _note_failure(heard: list[str], request: Request) -> None:
    if "ERR_ABORTED" not in (request.failure or ""):
        heard.append(f"request failed: {request.url} {request.failure}")


@cache
def _script(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
