"""Hold `docs/requirements.md` against the tests: `python -m tests.conformance`.

Prints each requirement with the tests that carry its mark. Fails where one of this round or of an
earlier one has none, or where a test names a requirement that is not in the table.
"""

import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest

ROUND = 4
"""The round under way: its rows, and those of the rounds before it, have to be carried."""

TABLE = Path(__file__).resolve().parent.parent / "docs" / "requirements.md"
ROW = re.compile(
    r"^\| (?P<id>[A-Z]\d+) \| (?P<clause>.+?) \| (?P<round>\d+|later) \| (?P<shows>.+) \|$"
)

Marks = Mapping[str, Iterable[str]]
"""Requirement id → names of the tests that carry it."""


@dataclass(frozen=True)
class Requirement:
    """One row of the table."""

    id: str
    clause: str
    round: str
    shows: str

    def is_due(self, current: int) -> bool:
        """Say whether a test has to carry it by now."""
        return self.round != "later" and int(self.round) <= current


class Collected:
    """A pytest plugin that notes which test carries which requirement."""

    def __init__(self) -> None:
        self.marks: dict[str, dict[str, None]] = defaultdict(dict)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Note the marks of every test; the variants of one test are one."""
        for item in items:
            for mark in item.iter_markers("requirement"):
                for name in mark.args:
                    self.marks[name][item.nodeid.partition("[")[0]] = None


def read(table: str) -> list[Requirement]:
    """Return the rows of the table."""
    return [
        Requirement(**row.groupdict()) for line in table.splitlines() if (row := ROW.match(line))
    ]


def faults(requirements: list[Requirement], marks: Marks, *, current: int) -> list[str]:
    """Return what does not fit: rows without a test, and marks without a row."""
    known = {requirement.id for requirement in requirements}
    bare = [
        f"{one.id} (round {one.round}) is carried by no test: {one.shows}"
        for one in requirements
        if one.is_due(current) and not marks.get(one.id)
    ]
    unknown = [
        f"{test} names {name}, which is no row of the table"
        for name in sorted(set(marks) - known)
        for test in marks[name]
    ]
    return bare + unknown


def main() -> int:
    """Print the table with its tests; return the exit code."""
    requirements, marks, complaint = read(TABLE.read_text(encoding="utf-8")), *_collect()
    _print(requirements, marks)
    found = faults(requirements, marks, current=ROUND)
    print(*found, complaint, sep="\n")
    return 1 if found or complaint or not requirements else 0


def _collect() -> tuple[Marks, str]:
    """Return the marks of all tests, and what pytest said if it could not read them."""
    collected, said = Collected(), StringIO()
    with redirect_stdout(said):
        code = pytest.main(["--collect-only", "-q"], [collected])
    return collected.marks, "" if code == pytest.ExitCode.OK else said.getvalue()


def _print(requirements: list[Requirement], marks: Marks) -> None:
    for one in requirements:
        tests = list(marks.get(one.id, ()))
        print(f"{one.id:4} {one.round:6} {one.clause}\n     {one.shows}")
        print(*(f"       {test}" for test in tests or ["(no test)"]), sep="\n")
    due = [one for one in requirements if one.is_due(ROUND)]
    carried = sum(bool(marks.get(one.id)) for one in due)
    print(f"\nRound {ROUND}: {carried} of {len(due)} requirements that are due are carried.")


if __name__ == "__main__":
    sys.exit(main())
