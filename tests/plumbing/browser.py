"""A real Chromium for `tests/browser/`: strict about whatever a page complains of."""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TIMEOUT_MS = 15_000
CLOSES_WITHIN = 20.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything under `tests/browser/`; one worker takes all of it."""
    for item in items:
        if "browser" in item.path.relative_to(item.config.rootpath).parts:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))
            if not CHROMIUM.exists():
                item.add_marker(pytest.mark.skip(f"no browser at {CHROMIUM} (set CHROMIUM)"))


class BrowserErrors(list[str]):
    """What pages have complained of: script errors, broken resources, a violated policy."""

    def __init__(self) -> None:
        super().__init__()
        self.expected: list[str] = []

    def expect(self, part: str) -> None:
        """Let complaints pass that hold ``part``: a page that has to answer 403, for example."""
        self.expected.append(part)

    def unexpected(self) -> list[str]:
        """Return the complaints that no test has announced."""
        return [error for error in self if not any(part in error for part in self.expected)]


class Chromium:
    """A browser that is started anew for the next profile if the last one had to be ended."""

    def __init__(self, playwright) -> None:
        self.launch = playwright.chromium.launch
        self.process = self._started()

    def new_context(self, **options):
        """Open a fresh profile."""
        if not self.process.is_connected():
            self.process = self._started()
        return self.process.new_context(**options)

    def _started(self):
        return self.launch(executable_path=CHROMIUM, args=ARGUMENTS)


def closed_in_time(target) -> None:
    """Close a profile or a browser; a Chromium that does not answer is ended.

    Playwright's close knows no timeout, and was seen to wait for ever.
    """
    from playwright.sync_api import Error  # noqa: PLC0415 - only browser tests pay for it

    watchdog = threading.Timer(CLOSES_WITHIN, _end_chromium)
    watchdog.start()
    with contextlib.suppress(Error):
        target.close()
    watchdog.cancel()


def _end_chromium() -> None:
    """Kill every Chromium below this process."""
    parents = {int(path.parent.name): _parent(path) for path in Path("/proc").glob("[0-9]*/stat")}
    for pid in parents:
        ancestors, at = [], pid
        while at in parents and at not in ancestors:
            ancestors.append(at)
            at = parents[at]
        if os.getpid() in ancestors and "chrom" in _command(pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _parent(stat: Path) -> int:
    try:
        return int(stat.read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError):  # it ended meanwhile
        return 0


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text()
    except OSError:  # it ended meanwhile
        return ""


@pytest.fixture(scope="module")
def chromium() -> Iterator:
    """One browser for a module of tests.

    Playwright's event loop makes Django believe that the whole thread is asynchronous, and refuse
    its ORM: for as long as the loop runs, and no longer, Django is told otherwise.
    """
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only browser tests pay for it

    with pytest.MonkeyPatch.context() as environment, sync_playwright() as playwright:
        environment.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = Chromium(playwright)
        yield browser
        closed_in_time(browser.process)


@pytest.fixture
def browser_errors() -> Iterator[BrowserErrors]:
    """Collect complaints; any that the test did not announce fail it."""
    errors = BrowserErrors()
    yield errors
    assert errors.unexpected() == []


@pytest.fixture
def browser_context(chromium, live_server, browser_errors) -> Iterator:
    """A fresh profile on the live server: no cookie, no cache, no history."""
    context = chromium.new_context(base_url=live_server.url, locale="en-GB", timezone_id="UTC")
    context.set_default_timeout(TIMEOUT_MS)
    context.on("console", lambda message: _note(message, browser_errors))
    context.on("weberror", lambda error: browser_errors.append(str(error.error)))
    yield context
    closed_in_time(context)


@pytest.fixture
def browser_page(browser_context):
    """One page of that profile."""
    return browser_context.new_page()


def _note(message, errors: BrowserErrors) -> None:
    if message.type == "error":
        errors.append(f"{message.text} ({message.location.get('url', '')})")
