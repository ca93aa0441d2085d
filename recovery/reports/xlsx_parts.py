"""The parts of an XLSX file besides its rows, as ECMA-376 has them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final
from xml.sax.saxutils import escape, quoteattr

NARROWEST, WIDEST = 10, 60
LONGEST_TITLE: Final = 28
"""A sheet's name has 31 characters; the rest is for its number."""
NOT_IN_A_TITLE: Final = re.compile(r"[\[\]:*?/\\\x00-\x1f']")

XML: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"

SHEET_TAIL: Final = b"</sheetData></worksheet>"
STYLES: Final = f"""{XML}<styleSheet xmlns="{MAIN}">\
<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>\
<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>\
<fills count="2"><fill><patternFill patternType="none"/></fill>\
<fill><patternFill patternType="gray125"/></fill></fills>\
<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>\
<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>\
<cellXfs count="2"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>\
<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/></cellXfs>\
<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>\
</styleSheet>"""
"""Style 0 for all cells but those of the head, which are bold."""


def sheet(number: int) -> str:
    """Where the sheet of that number is in the archive."""
    return f"xl/worksheets/sheet{number}.xml"


def sheet_head(columns: Sequence[str], widths: Sequence[int]) -> str:
    """What stands before the rows: the names of the columns, which stay in view."""
    cols = "".join(_col(number, width) for number, width in enumerate(widths, 1))
    names = "".join(map(_name, columns))
    return (
        f'{XML}<worksheet xmlns="{MAIN}"><sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
        f'</sheetView></sheetViews><cols>{cols}</cols><sheetData><row r="1">{names}</row>'
    )


def _col(number: int, width: int) -> str:
    shown = min(max(width + 2, NARROWEST), WIDEST)
    return f'<col min="{number}" max="{number}" width="{shown}" customWidth="1"/>'


def _name(name: str) -> str:
    return f'<c s="1" t="inlineStr"><is><t>{escape(name)}</t></is></c>'


def around(title: str, sheets: int) -> Iterator[tuple[str, str]]:
    """Yield the parts that hold the sheets together, by where they are."""
    numbers = range(1, sheets + 1)
    yield "[Content_Types].xml", _content_types(numbers)
    yield "_rels/.rels", _relations({"r1": ("officeDocument", "xl/workbook.xml")})
    yield "xl/workbook.xml", _workbook(title, numbers)
    related = {f"r{number}": ("worksheet", sheet(number)[3:]) for number in numbers}
    yield "xl/_rels/workbook.xml.rels", _relations(related | {"styles": ("styles", "styles.xml")})
    yield "xl/styles.xml", STYLES


def _content_types(numbers: Sequence[int]) -> str:
    named = {"/xl/workbook.xml": "sheet.main", "/xl/styles.xml": "styles"}
    named |= {f"/{sheet(number)}": "worksheet" for number in numbers}
    overrides = "".join(
        f'<Override PartName="{name}" ContentType="{TYPE}.{kind}+xml"/>'
        for name, kind in named.items()
    )
    return (
        f'{XML}<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{overrides}</Types>'
    )


def _workbook(title: str, numbers: Sequence[int]) -> str:
    named = "".join(
        f'<sheet name={quoteattr(_sheet_name(title, number))} sheetId="{number}" r:id="r{number}"/>'
        for number in numbers
    )
    return f'{XML}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{named}</sheets></workbook>'


def _sheet_name(title: str, number: int) -> str:
    fit = NOT_IN_A_TITLE.sub(" ", title).strip()[:LONGEST_TITLE].strip() or "Table"
    return fit if number == 1 else f"{fit} {number}"


def _relations(related: dict[str, tuple[str, str]]) -> str:
    lines = "".join(
        f'<Relationship Id="{name}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for name, (kind, target) in related.items()
    )
    return f'{XML}<Relationships xmlns="{PACKAGE}/relationships">{lines}</Relationships>'
