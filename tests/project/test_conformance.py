"""The table of requirements is read whole, and every way it can be out of step is noticed."""

from tests.conformance import ROUND, TABLE, Collected, faults, read

HEAD = "| id | clause | round | what the test shows |\n|---|---|---|---|\n"
ROWS = (
    HEAD
    + "| N1 | 63B 4.1 | 1 | one |\n| N2 | 63B 4.2 | 2 | two |\n| A1 | ASVS 1 | later | three |\n"
)


def test_every_line_of_the_published_table_is_a_row():
    table = TABLE.read_text(encoding="utf-8")
    lines = [line for line in table.splitlines() if line.startswith("| ")]

    rows = read(table)

    assert len(rows) == len(lines) - 1  # all but the heading
    assert len({row.id for row in rows}) == len(rows)
    assert any(row.is_due(ROUND) for row in rows)


def test_a_row_that_is_due_needs_a_test():
    [fault] = faults(read(ROWS), {}, current=1)

    assert fault.startswith("N1 (round 1) is carried by no test")


def test_a_row_of_an_earlier_round_stays_due():
    found = faults(read(ROWS), {"N2": ["test_two"]}, current=2)

    assert [fault[:2] for fault in found] == ["N1"]


def test_a_row_for_later_is_never_due():
    assert faults(read(ROWS), {"N1": ["a"], "N2": ["b"]}, current=99) == []


def test_a_mark_without_a_row_is_noticed():
    found = faults(read(ROWS), {"N1": ["test_one"], "N99": ["test_of_nothing"]}, current=1)

    assert found == ["test_of_nothing names N99, which is no row of the table"]


def test_marks_are_read_from_tests_and_variants_count_once(pytester):
    pytester.makeini("[pytest]\nmarkers = requirement(id)\n")
    pytester.makepyfile(
        test_it="""
        import pytest

        @pytest.mark.requirement("N1")
        @pytest.mark.requirement("N2")
        @pytest.mark.parametrize("n", [1, 2])
        def test_one(n): ...
        """
    )
    collected = Collected()

    pytester.inline_run("--collect-only", "-p", "no:django", plugins=[collected])

    assert {name: list(tests) for name, tests in collected.marks.items()} == {
        "N1": ["test_it.py::test_one"],
        "N2": ["test_it.py::test_one"],
    }
