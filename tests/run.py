"""Run the whole suite: on SQLite, on a real PostgreSQL, and with another user model.

`python -m tests.run [sqlite|postgresql|other-user …] [-- pytest arguments]`. Where DATABASE_URL is
set, the suite runs once, on that database. Every run tells what it skipped and why; the last line
adds them up.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

from tests.plumbing.postgresql import postgresql

WORKERS = ("-n", "2", "--dist", "loadgroup")
NOTHING_COLLECTED = 5


@dataclass
class Tally:
    """What became of the tests of one run."""

    passed: int = 0
    failed: int = 0
    skipped: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        skipped = self.skipped.total()
        return f"{self.passed} passed, {self.failed} failed, {skipped} skipped"

    def add(self, other: "Tally") -> None:
        """Count another run's tests too."""
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped


@dataclass(frozen=True)
class Run:
    """One pass over the suite."""

    title: str
    arguments: tuple[str, ...] = WORKERS
    environment: dict[str, str] = field(default_factory=dict)
    on_postgresql: bool = False


RUNS = {
    "sqlite": Run("SQLite"),
    # What a browser shows does not depend on the database.
    "postgresql": Run("PostgreSQL", arguments=(*WORKERS, "-m", "not browser"), on_postgresql=True),
    "other-user": Run(
        "SQLite, another user model",
        # The pages ask nothing more of a user model than the domain under them.
        arguments=(
            *WORKERS,
            "-m",
            "not (stock_user_model or browser or concurrency)",
            "tests/commands",
            "tests/recovery/actions",
            *(
                f"tests/recovery/test_{name}.py"
                for name in ("accounts", "policy", "redemption", "tiers")
            ),
            *(f"tests/holder/test_{name}.py" for name in ("sign_in", "enrolment", "gate")),
        ),
        environment={"DJANGO_SETTINGS_MODULE": "tests.settings_other_user"},
    ),
}


def main() -> int:
    """Make the runs that were asked for, and say how they went."""
    names, pytest_arguments = _arguments()
    results = {}
    for run in _chosen(names):
        print(f"\n=== {run.title}", flush=True)
        results[run.title] = _executed(run, pytest_arguments)
    return _summary(results)


def tally(report: Path) -> Tally:
    """Read what happened from a JUnit report."""
    counted = Tally()
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - pytest has just written it
        if case.find("failure") is not None or case.find("error") is not None:
            counted.failed += 1
        elif (skip := case.find("skipped")) is not None:
            counted.skipped[skip.get("message", "")] += 1
        else:
            counted.passed += 1
    return counted


def _arguments() -> tuple[list[str], list[str]]:
    ours, dashes, theirs = sys.argv[1:], "--", []
    if dashes in ours:
        at = ours.index(dashes)
        ours, theirs = ours[:at], ours[at + 1 :]
    parser = argparse.ArgumentParser(prog="python -m tests.run", description=__doc__)
    parser.add_argument("runs", nargs="*", choices=[*RUNS, []], help="which runs; all by default")
    return parser.parse_args(ours).runs, theirs


def _chosen(names: list[str]) -> list[Run]:
    if "DATABASE_URL" in os.environ and not names:
        return [Run("the database of DATABASE_URL")]
    return [RUNS[name] for name in names or RUNS]


def _executed(run: Run, pytest_arguments: list[str]) -> Tally:
    with tempfile.TemporaryDirectory() as directory, _environment(run) as environment:
        report = Path(directory) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", *run.arguments, f"--junitxml={report}"]
        code = subprocess.run(
            [*command, *pytest_arguments], env=environment, check=False
        ).returncode
        counted = tally(report) if report.exists() else Tally()
    if code and not counted.failed and not (code == NOTHING_COLLECTED and pytest_arguments):
        counted.failed = 1  # pytest itself broke: no run is green by having had no tests
    return counted


@contextmanager
def _environment(run: Run) -> Iterator[dict[str, str]]:
    with postgresql() if run.on_postgresql else nullcontext() as url:
        yield os.environ | run.environment | ({"DATABASE_URL": url} if url else {})


def _summary(results: dict[str, Tally]) -> int:
    total = Tally()
    print("\n=== Summary")
    for title, counted in results.items():
        print(f"{title}: {counted}")
        for reason, times in counted.skipped.most_common():
            print(f"  skipped {times}: {reason}")
        total.add(counted)
    print(total, flush=True)
    return 1 if total.failed or not total.passed else 0


if __name__ == "__main__":
    sys.exit(main())
