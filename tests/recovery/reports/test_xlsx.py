"""XLSX files as a reader finds them: flat in memory, true to each value, and nothing that runs."""

import io
import tempfile
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from tablib import Dataset

from recovery.cells import harmless
from recovery.reports import xlsx
from recovery.reports.xlsx import write_xlsx

NASTY = [
    "=1+1",
    '=HYPERLINK("https://evil.example","x")',
    "@SUM(A1)",
    "\t=1+1",
    "-Robert",
    "_x003D_1+1",
    "a\x00b\x1b[31mc\x08d",
    "\x1b]0;title\x07",
    "\ud800",
    "\ufffe\uffff",
    "<row>&amp;]]></row>",
    " space ",
    "line\nline",
    "\U0001f511" * 20_000,
]


def written(rows, columns=("a", "b"), title="Table"):
    file = io.BytesIO()
    count = write_xlsx(file, title=title, columns=columns, rows=iter(rows))
    return file, count


def sheets(file):
    """Return what openpyxl reads of each sheet."""
    book = load_workbook(file)
    return {sheet.title: [list(row) for row in sheet.values] for sheet in book}


def test_rows_are_read_as_they_were_written():
    file, count = written([["x", 1], ["", None], [True, -2.5], ["0012", 0]])

    assert count == 4
    assert sheets(file) == {
        "Table": [["a", "b"], ["x", 1], [None, None], [True, -2.5], ["0012", 0]]
    }


def test_the_head_is_bold_and_stays_in_view_and_columns_are_as_wide_as_they_need():
    file, _ = written([["x" * 30, "y"], ["x", "y" * 300]])
    sheet = load_workbook(file).active

    assert (sheet["A1"].font.bold, sheet["A2"].font.bold) == (True, False)
    assert sheet.freeze_panes == "A2"
    assert [int(sheet.column_dimensions[name].width) for name in "AB"] == [32, 60]


def test_a_table_without_rows_has_its_head():
    file, count = written([])

    assert count == 0
    assert sheets(file) == {"Table": [["a", "b"]]}


@pytest.mark.requirement("A32")
def test_no_text_runs_or_breaks_the_file():
    file, _ = written([[text, 0] for text in NASTY])

    for row in list(load_workbook(file).active.rows)[1:]:
        assert row[0].data_type in {"s", "inlineStr"}
    xml = zipfile.ZipFile(file).read("xl/worksheets/sheet1.xml")
    assert b"<f" not in xml
    assert not [code for code in (0, 7, 8, 27) if bytes([code]) in xml]


@pytest.mark.requirement("A32")
def test_what_a_spreadsheet_would_decode_into_a_formula_is_kept_as_it_is_spelt():
    file, _ = written([["_x003D_1+1", "_xenon_"]])

    xml = zipfile.ZipFile(file).read("xl/worksheets/sheet1.xml")
    assert b"_x005F_x003D_1+1" in xml
    assert b">_xenon_<" in xml


def test_a_text_is_cut_where_a_cell_is_full():
    file, _ = written([["x" * 40_000, "\U0001f511" * 20_000]])

    ((long, keys),) = sheets(file)["Table"][1:]
    assert long == "x" * xlsx.LONGEST_TEXT
    assert len(keys.encode("utf-16-le")) <= 2 * xlsx.LONGEST_TEXT
    assert set(keys) == {"\U0001f511"}


def test_a_number_that_a_spreadsheet_would_round_is_a_text():
    file, _ = written([[2**53 + 1, float("inf")], [2**53, -(2**53)]])

    assert sheets(file)["Table"][1:] == [[str(2**53 + 1), "inf"], [2**53, -(2**53)]]


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\ufffe\uffff"))
values = st.one_of(texts, st.integers(-(2**53), 2**53), st.booleans())


@given(st.lists(st.tuples(values, values), max_size=5))
def test_it_reads_like_what_import_export_writes(rows):
    rows = [[harmless(value) for value in row] for row in rows]
    theirs = Dataset(*rows, headers=["a", "b"]).export("xlsx")
    file, _ = written(rows)

    assert said(file) == said(io.BytesIO(theirs))


def said(file):
    """Return what is in the one sheet: without rows at its end that are empty.

    Our file spells ``_x003D_`` so that it stays that, and openpyxl does not read it back.
    """
    (sheet,) = sheets(file).values()
    rows = [[repr(value).replace("_x005F_", "_") for value in row] for row in sheet]
    while set(rows[-1]) == {"None"}:
        rows.pop()
    return rows


def test_what_is_too_long_for_a_sheet_goes_on_on_the_next(monkeypatch):
    monkeypatch.setattr(xlsx, "ROWS_A_SHEET", 4)
    file, count = written([[number, "x"] for number in range(7)])

    assert count == 7
    head = ["a", "b"]
    assert sheets(file) == {
        "Table": [head, [0, "x"], [1, "x"], [2, "x"]],
        "Table 2": [head, [3, "x"], [4, "x"], [5, "x"]],
        "Table 3": [head, [6, "x"]],
    }


def test_a_sheet_that_is_just_full_is_the_last(monkeypatch):
    monkeypatch.setattr(xlsx, "ROWS_A_SHEET", 4)
    file, _ = written([[number, "x"] for number in range(3)])

    assert list(sheets(file)) == ["Table"]


def test_no_more_rows_are_held_than_a_batch():
    held, most = set(), 0

    class Row(list):
        def __init__(self, number):
            super().__init__([number, "x"])
            held.add(id(self))

        def __del__(self):
            held.discard(id(self))

    def rows():
        nonlocal most
        for number in range(20_000):
            yield Row(number)
            most = max(most, len(held))

    written(rows())

    assert most <= 2 * xlsx.LOOKED_AT


def test_nothing_is_left_behind_when_it_breaks_off(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def rows():
        yield from [["x", 1]] * 2 * xlsx.LOOKED_AT
        assert list(tmp_path.iterdir())
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_xlsx(io.BytesIO(), title="Table", columns=["a", "b"], rows=rows())

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("title", ["Ledger: a/b [c]*?", "x" * 60, "'quoted'", "", "  "])
def test_any_title_makes_a_name_that_a_sheet_may_have(title):
    file, _ = written([], title=title)

    (name,) = sheets(file)
    assert 0 < len(name) <= 31
    assert not set(name) & set("[]:*?/\\'")
