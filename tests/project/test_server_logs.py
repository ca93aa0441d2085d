"""A recovery link that was really opened, on real servers: its token is in nothing they write."""

import re
import subprocess
import sys
import time
from http.client import HTTPConnection

import pytest
from django.conf import settings

from tests.project.production import environment

TOKEN = "gV0pW3bq-t5kR8_yXa1Zc7Ls9Nd2Mf4Hj6Ke0Qu3Tw"
SECONDS = 20
ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)")

SERVERS = {
    "gunicorn": (
        ["gunicorn", "project.wsgi", "--bind=127.0.0.1:0", "--access-logfile=-"],
        {"LOG_LEVEL": "DEBUG"},
    ),
    "runserver": (
        ["django", "runserver", "--noreload", "127.0.0.1:0"],
        {"LOG_LEVEL": "DEBUG", "DEBUG": "True"},
    ),
}


@pytest.mark.requirement("N7")
@pytest.mark.requirement("A28")
@pytest.mark.parametrize("server", SERVERS)
def test_an_opened_link_leaves_no_token_in_the_logs(server, tmp_path):
    command, changes = SERVERS[server]
    log = tmp_path / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", *command],
            env=environment(**changes, VAR_DIR=str(tmp_path)),
            cwd=settings.BASE_DIR,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        open_link(port_in(log))
        wait_for(lambda: "/account/link/" in log.read_text())
    finally:
        process.terminate()
        process.wait(SECONDS)

    assert "/account/link/********" in log.read_text()
    assert TOKEN not in log.read_text()


def open_link(port: int) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    headers = {
        "Host": "desk.example.org",
        "Referer": f"https://desk.example.org/account/link/{TOKEN}/",
    }
    connection.request("GET", f"/account/link/{TOKEN}/", headers=headers)
    connection.getresponse().read()
    connection.close()


def port_in(log) -> int:
    wait_for(lambda: ADDRESS.search(log.read_text()))
    return int(ADDRESS.search(log.read_text())[1])


def wait_for(condition) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, "the server said nothing"
        time.sleep(0.05)
