"""Files that people bring in: read as they are, or refused with the line and what to do."""

import io
import zipfile
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from recovery import errors
from recovery.cells import harmless, plain
from recovery.importing import sniffing, tables, xlsx_tables

UTF16 = "login name;staff number\nanna;7\n".encode("utf-16")


def read(data, *, needs_address=False):
    table = tables.read(io.BytesIO(data), needs_address=needs_address)
    return table, list(table.lines)


def cells(data, **options):
    return [(line.number, line.cells) for line in read(data, **options)[1]]


def workbook(*rows, sheets=1):
    book = Workbook()
    for row in rows:
        book.active.append(row)
    for _ in range(sheets - 1):
        book.create_sheet()
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def with_part(data, name, content):
    """Put another part into a workbook, in the place of its own."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for part in old.infolist():
            if part.filename != name:
                new.writestr(part, old.read(part))
        new.writestr(name, content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"login name,staff number\nanna,7\n",
        b"\xef\xbb\xbflogin name,staff number\r\nanna,7\r\n",
        b"Login_Name;STAFF NUMBER\nanna;7",
        b"login name\tstaff number\ranna\t7\r",
        b'sep=;\n"Login name";staff number\nanna;7\n',
        b"Benutzername;Personalnummer;Abteilung\nanna;7;\n",
        UTF16,
        workbook(("login name", "staff number"), ("anna", 7)),
        workbook(("Staff No.", "User name"), (7.0, "anna"), sheets=3),
    ],
)
def test_one_table_in_many_shapes(data):
    ((_, found),) = cells(data)

    assert found == {"login_name": "anna", "staff_number": "7"}


def test_lines_are_counted_as_an_editor_counts_them():
    data = b'\n\nlogin name,note\n"anna","two\nlines"\n\n\nberta,x\n'

    assert cells(data) == [(4, {"login_name": "anna"}), (8, {"login_name": "berta"})]
    assert [number for number, _ in cells(workbook((), ("login",), ("anna",), (), ("b",)))] == [
        3,
        5,
    ]


def test_what_is_not_asked_for_is_left_out_and_named():
    table, _ = read(b"staff number,E-mail,name\n7,a@example.org,Anna\n")

    assert table.columns.titles == {"staff_number": "staff number", "address": "E-mail"}
    assert table.columns.ignored == ("name",)


@pytest.mark.parametrize(
    ("data", "refusal", "said"),
    [
        (b"", errors.FileEmpty, "empty"),
        (b" \n\n \n", errors.FileEmpty, "empty"),
        (b"login name\nZo\xeb\n", errors.NotInItsEncoding, "Line 2 is no UTF-8 (byte 14 of"),
        (b"\xef\xbb\xbflogin\nb\nZo\xeb\n", errors.NotInItsEncoding, "Line 3 is no UTF-8 (byte 14"),
        (b"login name\n" + b"x\n" * 40_000 + b"\xff", errors.NotInItsEncoding, "Line 40002"),
        (b"login\r\n" + b"xy\r\n" * 40_000 + b"\xff", errors.NotInItsEncoding, "Line 40002"),
        (UTF16[:-1], errors.NotInItsEncoding, "Line 2 is no UTF-16"),
        ("login name\nanna\n".encode("utf-16-le"), errors.NotATable, "neither CSV nor XLSX"),
        (b"\xff\xfe\0\0l\0\0\0", errors.NotATable, "neither CSV nor XLSX"),
        (b"\xd0\xcf\x11\xe0 old", errors.NotATable, "neither CSV nor XLSX"),
        (b"%PDF-1.7", errors.NotATable, "neither CSV nor XLSX"),
        (b'login name\nanna\n"berta\nc\n', errors.QuotesDontPair, "begins on line 3"),
        (b'login name\n"anna"b\n', errors.QuotesDontPair, "begins on line 2"),
        (b'login name\n"' + b"x" * 200_000, errors.QuotesDontPair, "begins on line 2"),
        (b'"login name\nanna\n', errors.QuotesDontPair, "begins on line 1"),
        (b"name|team\nanna|it\n", errors.NoColumnSaysWho, "Found: name|team"),
        (b"\nname,team\nanna,it\n", errors.NoColumnSaysWho, "heading on line 2"),
        (b"login,user name\na,b\n", errors.ColumnTwice, "“user name” says the same"),
        (b"PK\x03\x04 no zip", errors.WorkbookBroken, "can’t be read"),
        (workbook(), errors.FileEmpty, "empty"),
        (workbook(("name",), ("anna",)), errors.NoColumnSaysWho, "heading on line 1"),
        (
            with_part(workbook(("login",)), "xl/workbook.xml", "<workbook/>"),
            errors.WorkbookBroken,
            "can’t be read",
        ),
        (
            with_part(workbook(("login",)), "xl/styles.xml", "<!DOCTYPE x [<!ENTITY a 'b'>]><x/>"),
            errors.WorkbookBroken,
            "can’t be read",
        ),
        (
            with_part(workbook(("login",)), "xl/styles.xml", "<x/>".encode("utf-16")),
            errors.WorkbookBroken,
            "can’t be read",
        ),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_what_to_do(data, refusal, said):
    with pytest.raises(refusal) as raised:
        read(data)

    assert said in str(raised.value)


def test_a_workbook_that_unpacks_to_too_much_is_not_unpacked(settings):
    settings.RECOVERY_IMPORT_SIZE_LIMIT = 10_000
    bomb = with_part(workbook(("login",)), "xl/media/picture.xml", b"\0" * 60_000)
    many = workbook(("login",))
    for number in range(3):
        many = with_part(many, f"xl/{number}.bin", b"0" * 17_000)

    for data in (bomb, many):
        with pytest.raises(errors.UnpacksTooLarge):
            read(data)


def test_a_sheet_that_lies_about_its_size_costs_nothing(monkeypatch):
    monkeypatch.setattr(xlsx_tables, "MOST_LINES", 1_000)
    rows = '<row r="1"><c r="A1" t="inlineStr"><is><t>login</t></is></c></row><row r="999999999"/>'
    sheet = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f'<dimension ref="A1:XFD1048576"/><sheetData>{rows}</sheetData></worksheet>'
    )
    data = with_part(workbook(("login",)), "xl/worksheets/sheet1.xml", sheet)

    with pytest.raises(errors.TooManyLines):
        read(data)


def test_addresses_need_a_column_of_their_own():
    with pytest.raises(errors.NoColumnOfAddresses) as raised:
        read(b"staff number,e-mail\n7,a@example.org\n", needs_address=True)
    assert "Found: staff number, e-mail" in str(raised.value)

    data = b"staff number,new address\n7,a@example.org\n"
    assert cells(data, needs_address=True)[0][1]["new_address"] == "a@example.org"


@pytest.mark.parametrize(
    ("row", "refusal"),
    [
        (b"anna,7,it", errors.CellsDontFit),
        (b"x" * 321, errors.CellTooLong),
        (b'"an\nna"', errors.CellUnprintable),
        (b"an\x1bna", errors.CellUnprintable),
    ],
)
def test_a_bad_line_stops_no_other_line(row, refusal):
    bad, good = read(b"login name,staff number\n" + row + b"\nberta,8\n")[1]

    assert (bad.number, type(bad.problem)) == (2, refusal)
    assert good.cells == {"login_name": "berta", "staff_number": "8"}


@pytest.mark.parametrize(
    ("cell", "refusal"),
    [
        ('=HYPERLINK("https://example.org")', errors.CellIsFormula),
        (date(2026, 5, 1), errors.CellNotText),
        (True, errors.CellNotText),
        (1.5, errors.CellNotText),
    ],
)
def test_a_cell_that_is_no_value_is_refused_by_its_heading(cell, refusal):
    bad, good = read(workbook(("login name",), (cell,), ("berta",)))[1]

    assert type(bad.problem) is refusal
    assert "“login name”" in str(bad.problem)
    assert good.cells == {"login_name": "berta"}


def test_lines_are_read_one_by_one_however_many_there_are(monkeypatch):
    read_so_far = []
    data = b"login name\n" + b"anna\n" * 100_000
    file = io.BytesIO(data)
    monkeypatch.setattr(sniffing, "require_text", lambda *_: None)
    table = tables.read(file, needs_address=False)
    for line in table.lines:
        read_so_far.append(file.tell())
        if line.number == 11:
            break

    assert max(read_so_far) < len(data) / 10


@given(st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=30))
def test_what_was_taken_out_comes_in_as_it_was(text):
    assert plain(harmless(text)) == text or text.startswith("'")
