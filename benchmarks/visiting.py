"""A process that asks one site over one database for its pages, and says how long each took."""

from __future__ import annotations

import multiprocessing
import os
import re
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

OURS = "benchmarks.settings"
STOCK = "benchmarks.stock_settings"
ONWARD = re.compile(r'<a [^>]*rel="next" href="([^"]+)"|<a [^>]*href="([^"]+)"[^>]*rel="next"')
FAILED = "failed"


class Visitor:
    """Our side of the process: call it with the name of a question and what it asks about."""

    def __init__(self, database_url: str, settings: str = OURS, **environment: str) -> None:
        spawning = multiprocessing.get_context("spawn")
        self._pipe, theirs = spawning.Pipe()
        environment |= {"DATABASE_URL": database_url, "DJANGO_SETTINGS_MODULE": settings}
        self._process = spawning.Process(target=_serve, args=(theirs, environment), daemon=True)
        self._process.start()

    def __call__(self, question: str, *about: Any) -> Any:
        """Ask, and wait for the answer."""
        self._pipe.send((question, *about))
        answer = self._pipe.recv()
        if isinstance(answer, tuple) and answer[:1] == (FAILED,):
            raise SystemExit(f"{question} {about}:\n{answer[1]}")
        return answer

    def leave(self) -> None:
        """End the process."""
        self._pipe.send(None)
        self._process.join()


@contextmanager
def visitors(*some: Visitor) -> Iterator[tuple[Visitor, ...]]:
    """See to it that they end."""
    try:
        yield some
    finally:
        for one in some:
            one.leave()


def _serve(pipe: Any, environment: dict[str, str]) -> None:
    os.environ.update(environment)
    import django  # noqa: PLC0415 - the environment has to be set first

    django.setup()
    site = Stock() if environment["DJANGO_SETTINGS_MODULE"] == STOCK else Desk()
    while question := pipe.recv():
        name, *about = question
        try:
            pipe.send(getattr(site, name)(*about))
        except Exception:  # noqa: BLE001 - whoever asked is told
            pipe.send((FAILED, traceback.format_exc()))


class Site:
    """What can be asked of either site."""

    client: Any

    def get(self, address: str) -> tuple[float, int]:
        """The milliseconds that a page took, and how many rows are on it."""
        started = time.perf_counter()
        response = self.client.get(address)
        took = (time.perf_counter() - started) * 1000
        if response.status_code != 200:  # noqa: PLR2004 - the one that means a page
            raise RuntimeError(f"{address}: {response.status_code}")
        return took, self.rows(response)

    def rows(self, response: Any) -> int:
        return len(response.context_data["cl"].result_list)


class Stock(Site):
    """Django's admin, with a superuser signed in."""

    def __init__(self) -> None:
        from django.contrib.auth import get_user_model  # noqa: PLC0415 - needs loaded apps
        from django.test import Client  # noqa: PLC0415 - needs loaded apps

        from benchmarks.arranging import STOCK_ADMIN  # noqa: PLC0415 - beside the others

        self.client = Client()
        self.client.force_login(get_user_model().objects.get(username=STOCK_ADMIN))


class Desk(Site):
    """The console, with a lead signed in by password and one-time code."""

    def __init__(self) -> None:
        from benchmarks.arranging import LEAD, PASSWORD, member  # noqa: PLC0415 - needs loaded apps
        from tests.console import desk  # noqa: PLC0415 - needs loaded apps

        if desk.PASSWORD != PASSWORD:
            raise RuntimeError("The tests' password is another one now.")
        self.client = desk.signed_in(member(LEAD, "Lead"))

    def rows(self, response: Any) -> int:
        if "timeline" in response.context_data:
            return sum(len(day["rows"]) for day in response.context_data["timeline"]["days"])
        return super().rows(response)

    def page_size(self) -> int:
        """How many rows a full page has."""
        from console.admin.keyset import ROWS  # noqa: PLC0415 - needs loaded apps

        return ROWS

    def count_of_accounts(self) -> int:
        """How many accounts there are."""
        from recovery.models import Account  # noqa: PLC0415 - needs loaded apps

        return Account.objects.count()

    def columns(self) -> list[str]:
        """The columns of the account list, by the number that an address asks for them with."""
        from django.urls import reverse  # noqa: PLC0415 - needs loaded apps

        response = self.client.get(reverse("admin:recovery_account_changelist"))
        return list(response.context_data["cl"].list_display)

    def next_page(self, address: str) -> str:
        """Where the page's link to the next one leads."""
        response = self.client.get(address)
        if "timeline" in response.context_data:
            return response.context_data["timeline"]["older_url"]
        found = ONWARD.search(response.content.decode())
        if found is None:
            raise RuntimeError(f"{address} leads to no next page.")
        return f"{address.partition('?')[0]}{(found[1] or found[2]).replace('&amp;', '&')}"

    def half_deep(self, what: str) -> str:
        """Where a page begins that has half of the rows before it."""
        from benchmarks import places  # noqa: PLC0415 - needs loaded apps

        return getattr(places, what)()

    def somebody(self) -> dict[str, Any]:
        """Values that some rows have, for narrower views."""
        from benchmarks import places  # noqa: PLC0415 - needs loaded apps

        return places.somebody()

    def statements(self, address: str) -> list[tuple[str, float]]:
        """Each statement of a page, and the milliseconds that the database took for it."""
        from benchmarks.places import statements  # noqa: PLC0415 - needs loaded apps

        return statements(lambda: self.get(address))

    def raw_rows(self) -> float:
        """The milliseconds that the rows of the list's first page take by hand-written SQL."""
        from benchmarks.places import raw_rows  # noqa: PLC0415 - needs loaded apps

        return raw_rows()
