"""An agent at work over HTTP: signs in, looks people up, opens their pages, makes them codes."""

from __future__ import annotations

import http.client
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

from benchmarks.arranging import PASSWORD
from recovery import totp

HOST = "desk.example.org"
ACCOUNTS = "/console/recovery/account/"
SIGN_IN, CODE_PAGE = "/console/login/", "/console/login/code/"
OK, REDIRECT = 200, 302
STEP_UP_AFTER = 240
"""Seconds after which the form asks for a one-time code again, with some in hand."""
MOST_WAITED = 60
NAMES = ("lindqvist", "zoe", "kowalczyk", "seed-0000", "yusuf varga", "nguyen")
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
MARK = re.compile(r'name="form_mark" value="([^"]+)"')
MIX = {"look": 40, "search": 25, "open_account": 28, "regenerate": 7}
"""Of a hundred times, how often an agent does what."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One answer: which page, how long it took, and what was wrong with it."""

    page: str
    ms: float
    error: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    text: str
    visit: Visit


class Agent:
    """Somebody at the desk, with a browser's cookies and an authenticator app."""

    def __init__(self, name: str, app: Any, address: str, callers: list[int]) -> None:
        self.name, self._app, self._address, self._callers = name, app, address, callers
        self._cookies: dict[str, str] = {}
        self._chance = random.Random(name)  # noqa: S311 - what an agent does next
        self._port, self._proven_at = 0, 0.0
        self._visits: list[Visit] = []

    def sign_in(self, port: int) -> list[Visit]:
        """By password and one-time code."""
        self._port, self._visits = port, []
        page = self._get("sign-in page", SIGN_IN)
        filled = {"name": self.name, "password": PASSWORD}
        self._post("password", SIGN_IN, filled, page, wanted=REDIRECT)
        page = self._get("code page", CODE_PAGE)
        filled = {"one_time_code": totp.current_code(self._app).reveal()}
        self._post("one-time code", CODE_PAGE, filled, page, wanted=REDIRECT)
        self._proven_at = time.monotonic()
        return self._visits

    def can_reach(self, port: int) -> bool:
        """Whether the site answers by now."""
        self._port = port
        return self._get("sign-in page", SIGN_IN).status == OK

    def work(self, count: int, *, reading: float) -> list[Visit]:
        """Ask for so many pages, and look at each for a while."""
        self._visits = []
        doing: dict[str, Callable[[], None]] = {name: getattr(self, name) for name in MIX}
        while len(self._visits) < count:
            time.sleep(self._chance.expovariate(1 / reading) if reading else 0)
            doing[self._chance.choices(list(MIX), list(MIX.values()))[0]]()
        return self._visits

    def look(self) -> None:
        self._get("account list", ACCOUNTS)

    def search(self) -> None:
        self._get("search", f"{ACCOUNTS}?{urlencode({'q': self._chance.choice(NAMES)})}")

    def open_account(self) -> None:
        self._get("account page", self._page())

    def regenerate(self) -> None:
        """Open the dialog, fill it in, and be shown ten codes."""
        page = self._page()
        opened = self._get("dialog", f"{page}?dialog=regenerate_backup_codes")
        mark = MARK.search(opened.text)
        filled = {
            "form_mark": mark[1] if mark else "",
            "reason": "Lost the phone",
            "ticket": f"HD-{self._chance.randrange(10**6)}",
            "proofing": "call_back",
        }
        if time.monotonic() - self._proven_at > STEP_UP_AFTER:
            filled["one_time_code"] = totp.current_code(self._app).reveal()
            self._proven_at = time.monotonic()
        target = f"{page.removesuffix('change/')}operations/regenerate_backup_codes/"
        self._post("regenerate", target, filled, opened, wanted=OK)

    def _page(self) -> str:
        return f"{ACCOUNTS}{self._chance.choice(self._callers)}/change/"

    def _get(self, page: str, path: str) -> Answer:
        return self._ask(page, "GET", path, None, wanted=OK)

    def _post(
        self, page: str, path: str, filled: dict[str, str], form: Answer, *, wanted: int
    ) -> Answer:
        token = TOKEN.search(form.text)
        body = urlencode(filled | {"csrfmiddlewaretoken": token[1] if token else ""})
        return self._ask(page, "POST", path, body, wanted=wanted)

    def _ask(self, page: str, method: str, path: str, body: str | None, *, wanted: int) -> Answer:
        started, error, status, text = time.perf_counter(), "", 0, ""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=MOST_WAITED)
        try:
            connection.request(method, path, body, self._headers())
            response = connection.getresponse()
            status, text = response.status, response.read().decode()
            self._keep(response)
            error = "" if status == wanted else f"{page}: {status}"
        except OSError as problem:
            error = f"{page}: {type(problem).__name__}"
        finally:
            connection.close()
        visit = Visit(page, (time.perf_counter() - started) * 1000, error)
        self._visits.append(visit)
        return Answer(status, text, visit)

    def _headers(self) -> dict[str, str]:
        return {
            "Host": HOST,
            "Referer": f"https://{HOST}/",
            "X-Forwarded-Proto": "https",
            "X-Forwarded-For": self._address,
            "Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items()),
            "Content-Type": "application/x-www-form-urlencoded",
            "User-Agent": "benchmark",
        }

    def _keep(self, response: http.client.HTTPResponse) -> None:
        for line in response.headers.get_all("Set-Cookie") or ():
            for name, morsel in SimpleCookie(line).items():
                self._cookies[name] = morsel.value
