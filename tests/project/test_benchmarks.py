"""The table of the benchmarks: what a line says, how it is kept, and that each section runs."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from django.conf import settings

from benchmarks import results
from benchmarks.pairs import Bar, Fact, Row, of_pairs, side_by_side
from benchmarks.section import SECTIONS, restored, stored

LINES = [
    Row("a ÷ b", 30.0, 20.0, 3, bar=Bar(at_most=1.2), note="50 rows"),
    Row("memory", 110.0, 100.0, 1, unit="MB", bar=Bar(apart_at_most=20)),
    Fact("errors", "0 of 10", "none"),
]
SMALL = {
    "BENCH_USERS": "400",
    "BENCH_EVENTS": "400",
    "BENCH_FEW_USERS": "200",
    "BENCH_FEW_EVENTS": "200",
    "BENCH_RUNS": "1",
    "BENCH_AGENTS": "2",
    "BENCH_REQUESTS": "10",
    "BENCH_READING": "0",
    "BENCH_EXPORT_RUNS": "1",
    "SPAREKEY_BENCH_EVENTS": "10000",
    "SPAREKEY_BENCH_FLAGS": "1000",
}


@pytest.mark.parametrize(
    ("bar", "told"),
    [
        (Bar(at_most=1.5), "≤ 1.5: held"),
        (Bar(at_most=1.4), "≤ 1.4: MISSED"),
        (Bar(at_least=1.5), "≥ 1.5: held"),
        (Bar(at_least=2), "≥ 2: MISSED"),
        (Bar(apart_at_most=10), "± 10 apart: held"),
        (Bar(apart_at_most=9), "± 9 apart: MISSED"),
        (Bar(), ""),
    ],
)
def test_a_line_says_whether_its_bar_is_held(bar, told):
    assert Row("what", 30.0, 20.0, 1, bar=bar).verdict == told


def test_a_line_is_of_medians():
    row = of_pairs("what", [(1.0, 10.0), (3.0, 30.0), (100.0, 20.0)])

    assert (row.first, row.second, row.runs) == (3.0, 20.0, 3)


def test_what_is_compared_runs_in_turn_and_what_goes_before_is_not_timed():
    ran = []
    side_by_side(
        "what",
        lambda: ran.append("first"),
        lambda: ran.append("second"),
        runs=2,
        before=lambda: ran.append("before"),
    )

    assert ran == ["before", "first", "second"] * 3


def test_lines_are_kept_and_read_again():
    assert restored(json.loads(json.dumps(stored(LINES)))) == LINES


def test_the_table_names_machine_bar_ratio_and_notes_of_what_was_measured(tmp_path):
    (tmp_path / "lists.json").write_text(
        json.dumps({"at": "2026-11-28 12:00", "lines": stored(LINES)})
    )

    results.write(tmp_path / "RESULTS.md", tmp_path, {"machine": "2 cores"})

    written = (tmp_path / "RESULTS.md").read_text()
    assert "| machine | 2 cores |" in written
    assert "Measured 2026-11-28 12:00 UTC." in written
    assert "| a ÷ b | 30.00 ms | 20.00 ms | 1.50 | ≤ 1.2: MISSED | 50 rows; 3 pairs |" in written
    assert "| memory | 110.00 MB | 100.00 MB | 1.10 | ± 20 apart: held | 1 pair |" in written
    assert "| errors | 0 of 10 | none |" in written
    assert SECTIONS["load"].title not in written


@pytest.fixture(scope="module")
def data():
    """A place that also the user can get to as whom the server runs."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.mark.skipif(
    "BENCH_SMOKE" not in os.environ, reason="set BENCH_SMOKE to run every benchmark, small"
)
@pytest.mark.parametrize("name", SECTIONS)
def test_each_section_runs(name, data):
    environment = {
        "BENCH_DATA": str(data),
        "BENCH_RESULTS": str(data / "RESULTS.md"),
        "PATH": os.environ["PATH"],
    }
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks", name],
        env=SMALL | environment,
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert json.loads((data / "rows" / f"{name}.json").read_text())["lines"]
