"""Fifty agents at once against gunicorn, as it runs in production, over the large database."""

from __future__ import annotations

import os
import random
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from django.conf import settings
from django.db import connections

from benchmarks.agents import HOST, Agent, Visit
from benchmarks.arranging import member
from benchmarks.pairs import Fact, Row
from recovery.enums import Tier
from recovery.models import Account, TotpAuthenticator
from recovery.seeding.people import LOGIN

AGENTS = int(os.environ.get("BENCH_AGENTS", "50"))
REQUESTS = int(os.environ.get("BENCH_REQUESTS", "3600"))
"""What one worker of a desk answers in an hour of a page a second."""
READING = float(os.environ.get("BENCH_READING", "3.5"))
"""So many seconds, on average, an agent looks at a page before asking for the next."""
WORKERS = 2
WARM = 0.1
"""The share of the requests after which a worker's memory is taken for the first time."""
PERCENTILES = (50, 95, 99)


def measure_load() -> Iterator[Row | Fact]:
    """How long each page takes while all of them ask, what goes wrong, and what memory is kept."""
    agents = _agents()
    with _gunicorn() as (port, master):
        with ThreadPoolExecutor(AGENTS) as threads:
            signed_in = list(threads.map(lambda agent: agent.sign_in(port), agents))
            began = time.monotonic()
            warm = _visits(threads, agents, int(REQUESTS * WARM))
            before = _memory(master)
            rest = _visits(threads, agents, REQUESTS - len(warm))
            took = time.monotonic() - began
        after = _memory(master)
    visits = [*(visit for some in signed_in for visit in some), *warm, *rest]
    yield from _latencies(visits)
    wrong = [visit for visit in visits if visit.error]
    note = "; ".join(sorted({visit.error for visit in wrong})[:3])
    pace = f"{len(warm) + len(rest):,} requests in {took:.0f} s by {AGENTS} agents"
    yield Fact("errors", f"{len(wrong)} of {len(visits):,}", note)
    yield Fact("pace", pace, f"{WORKERS} workers; each agent reads {READING:g} s between two pages")
    yield Row(
        f"memory of a worker, after {REQUESTS:,} requests ÷ warm", after, before, 1, unit="MB"
    )


def _visits(threads: ThreadPoolExecutor, agents: list[Agent], count: int) -> list[Visit]:
    share = -(-count // len(agents))
    done = threads.map(lambda agent: agent.work(share, reading=READING), agents)
    return [visit for some in done for visit in some]


def _latencies(visits: list[Visit]) -> Iterator[Fact]:
    for page in sorted({visit.page for visit in visits}):
        taken = [visit.ms for visit in visits if visit.page == page and not visit.error]
        if len(taken) > 1:
            cuts = statistics.quantiles(taken, n=100, method="inclusive")
            told = ", ".join(f"p{cut} {cuts[cut - 1]:.0f} ms" for cut in PERCENTILES)
            yield Fact(f"{page}, under load", told, f"{len(taken):,} requests")


def _agents() -> list[Agent]:
    """Each with an app, an address of their own, and accounts that call them."""
    callers = Account.objects.filter(tier=Tier.STANDARD, user__username__startswith=LOGIN)
    ends = callers.order_by("pk").values_list("pk", flat=True)
    first, last = ends.first(), ends.last()
    chance = random.Random(7)  # noqa: S311 - whom an agent looks at
    made = []
    for number in range(AGENTS):
        person = member(f"bench-agent-{number:02}", "Help-desk agent")
        TotpAuthenticator.objects.filter(user=person).update(last_step=-1)
        some = {chance.randint(first, last) for _ in range(REQUESTS // AGENTS + 20)}
        known = list(callers.filter(pk__in=some).values_list("pk", flat=True))
        app = TotpAuthenticator.objects.get(user=person)
        made.append(Agent(person.get_username(), app, f"198.51.100.{number + 1}", known))
    connections.close_all()
    return made


@contextmanager
def _gunicorn() -> Iterator[tuple[int, int]]:
    """Run it as the operations handbook says, on a free port of this machine."""
    with tempfile.TemporaryDirectory(prefix="sparekey-static-") as folder, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        environment = os.environ | _production(folder)
        manage = [sys.executable, "manage.py", "collectstatic", "--noinput", "-v0"]
        subprocess.run(manage, env=environment, check=True)
        options = ["--workers", str(WORKERS), "--bind", f"127.0.0.1:{port}", "--log-level=warning"]
        command = [sys.executable, "-m", "gunicorn", *options, "project.wsgi"]
        server = subprocess.Popen(command, env=environment)
        try:
            _wait_for(port, server)
            yield port, server.pid
        finally:
            server.terminate()
            server.wait()


def _production(folder: str) -> dict[str, str]:
    """The environment of production, with the keys that the database was filled under."""
    return {
        "DJANGO_SETTINGS_MODULE": "project.settings",
        "DEBUG": "False",
        "SECRET_KEY": secrets.token_urlsafe(64),
        "RECOVERY_ENCRYPTION_KEYS": ",".join(settings.RECOVERY_ENCRYPTION_KEYS),
        "RECOVERY_SIGNING_KEYS": ",".join(settings.RECOVERY_SIGNING_KEYS),
        "BASE_URL": f"https://{HOST}",
        "ALLOWED_HOSTS": HOST,
        "TRUSTED_PROXIES": "127.0.0.1",
        "EMAIL_URL": "smtp+tls://desk:word@mail.example.org:587",
        "STATIC_ROOT": folder,
    }


def _wait_for(port: int, server: subprocess.Popen) -> None:
    visitor, until = Agent("nobody", None, "198.51.100.250", []), time.monotonic() + 120
    while time.monotonic() < until and server.poll() is None:
        if visitor.can_reach(port):
            return
        time.sleep(0.5)
    raise SystemExit("gunicorn did not start: what it says stands above.")


def _memory(master: int) -> float:
    """The mean memory of the workers, in MB."""
    asked = ["ps", "-o", "rss=", "--ppid", str(master)]
    told = subprocess.run(asked, capture_output=True, text=True, check=True)
    return statistics.mean(int(kilobytes) / 1024 for kilobytes in told.stdout.split())
