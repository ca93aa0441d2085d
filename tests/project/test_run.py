"""The summary counts what happened, and no run is green by having had no tests."""

import subprocess
import sys
from collections import Counter

import pytest
from django.conf import settings

from tests.run import Tally, tally

TESTS = """
    import pytest

    def test_good(): ...

    def test_bad():
        assert False

    @pytest.fixture
    def broken():
        raise RuntimeError

    def test_ugly(broken): ...

    @pytest.mark.skip("no browser here")
    @pytest.mark.parametrize("n", [1, 2])
    def test_later(n): ...
"""


def test_a_report_is_counted_with_the_reasons_for_each_skip(pytester):
    pytester.makepyfile(TESTS)
    report = pytester.path / "report.xml"

    pytester.inline_run("-p", "no:django", f"--junitxml={report}")

    assert tally(report) == Tally(passed=1, failed=2, skipped=Counter({"no browser here": 2}))


def test_runs_add_up():
    total = Tally(passed=1, failed=0, skipped=Counter(slow=1))

    total.add(Tally(passed=2, failed=3, skipped=Counter(slow=1, late=1)))

    assert str(total) == "3 passed, 3 failed, 3 skipped"


@pytest.mark.parametrize(
    ("arguments", "last_line"),
    [
        (["tests/project/test_local.py", "-k", "nothing_but_the_file"], "1 passed, 0 failed"),
        (["--no-such-option"], "0 passed, 1 failed"),
        (["tests/project/test_local.py", "-k", "no_test_has_this_name"], "0 passed"),
    ],
)
def test_the_last_line_says_how_it_went(arguments, last_line):
    ran = subprocess.run(
        [sys.executable, "-m", "tests.run", "sqlite", "--", "-n", "0", *arguments],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.stdout.splitlines()[-1].startswith(last_line)
    assert ran.returncode == (not last_line.startswith("1 passed, 0 failed"))
