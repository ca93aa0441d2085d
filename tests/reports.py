"""The page about the reports, made of the reports themselves."""

from collections.abc import Callable

from recovery.canonical import PEOPLE, SOURCES
from recovery.reports import REPORTS, Kind, Report
from recovery.reports.accounts import RISKS

HEAD = """# Reports: what each file holds

{made_by}

Each report takes the filters of its list and a span of time, as CSV, XLSX or JSON. The columns
are closed. Times are in UTC, in ISO 8601 with their offset. A text that a spreadsheet would run
(one that begins with `=`, `+`, `-`, `@`, a tab or a line break, their full-width kin included,
after spaces or not) has one apostrophe in front, and so has one that already looks like that;
whoever reads the file takes one off. Characters that nothing prints are replaced by `\ufffd`.

CSV and JSON leave as the database gives them and have no limit. The ledger has each export before
its first byte (`begun`) and after its last (`left`, with rows and SHA-256); one that broke off is
`broken_off`, and its file is cut.

Whoever may not see names or source addresses in the ledger gets the columns marked so in no
file: people stand there by their numbers.
"""
RISKS_HEAD = """## What puts an account at risk

`why` names each of these that applies: {names}. An account that none applies to is not in the
report. Authenticators are apps that were bound here; those of a host project are not counted.
"""
ACCESS = """## Time to restored access

From a completed help (backup codes, a phone code, a link) to the next thing that only a working
authenticator does: one is bound, or somebody signs in with it. Whoever comes back after more than
seven days was not brought back by that help. Whole minutes; the median is the smallest time that
half of all do not exceed.
"""
HOLDS = {Kind.TEXT: "text", Kind.WORDS: "words", Kind.MOMENT: "time", Kind.NUMBER: "number"}


def reports(made_by: str, table: Callable[..., str]) -> str:
    """Return the page."""
    names = ", ".join(f"`{name}`" for name in RISKS)
    sections = (_section(report, table) for report in REPORTS.values())
    return "\n".join(
        [HEAD.format(made_by=made_by), *sections, RISKS_HEAD.format(names=names), ACCESS]
    )


def _section(report: Report, table: Callable[..., str]) -> str:
    rows = (
        (
            f"`{column.name}`",
            str(column.label),
            HOLDS.get(column.kind, "JSON") + _withheld(column.field),
        )
        for column in report.columns
    )
    permission = report.operation.permission.partition(".")[2]
    sees = report.sees.partition(".")[2]
    return (
        f"## {report.title} (`{report.name}`)\n\n{report.description} It needs `{permission}` and "
        f"`{sees}`. A span of time is about: {str(report.span_label).lower()}.\n\n"
        + table(("column", "what it is", "holds"), rows)
    )


def _withheld(field: str) -> str:
    if field in PEOPLE:
        return ", *names*"
    return ", *sources*" if field in SOURCES else ""
