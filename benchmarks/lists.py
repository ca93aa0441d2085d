"""The lists at a million beside the same lists at ten thousand, and beside Django's own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from benchmarks.pairs import Bar, Fact, Row, of_pairs
from benchmarks.visiting import STOCK, Visitor, visitors

RUNS = int(os.environ.get("BENCH_RUNS", "11"))
ACCOUNTS = "/console/recovery/account/"
EVENTS = "/console/recovery/auditevent/"
USERS = "/stock/auth/user/"
Sent = list[tuple[str, float]]
SAME = Bar(at_most=1.2)
QUERIES = 8
FILTERS = {
    "codes": ("none", "low", "fine"),
    "enrolment__exact": ("not_enrolled", "enrolled", "reenrolment_required"),
    "flag": ("flagged", "overdue", "none"),
    "recovered": ("day", "week", "month", "never"),
    "tier": ("privileged", "standard"),
    "mail": ("link_open", "undeliverable"),
}
SORTED_BY = {
    "address",
    "codes_left",
    "enrolled",
    "flag",
    "last_recovered_at",
}
SEARCHES = {
    "a first name that many have": "zoe",
    "two words": "zoe lindqvist",
    "one login name": "seed-00004321",
    "nobody": "qqqxyz",
}


@dataclass(frozen=True, slots=True)
class Page:
    """One page that both databases have, at its address in each."""

    what: str
    small: str
    large: str

    @classmethod
    def at(cls, what: str, address: str) -> Page:
        return cls(what, address, address)


def measure_lists() -> Iterator[Row | Fact]:
    """Each page of both lists at both sizes; some beside the stock admin; what the SQL costs."""
    small, large = (Visitor(os.environ[name]) for name in ("BENCH_SMALL_URL", "BENCH_LARGE_URL"))
    stock = Visitor(os.environ["BENCH_LARGE_URL"], STOCK, BENCH_PAGE=str(large("page_size")))
    with visitors(small, large, stock):
        for page in (*_account_pages(small, large), *_event_pages(small, large)):
            yield _at_both_sizes(page, small, large)
        yield from _beside_stock(large, stock)
        yield from _in_the_database(large)


def _account_pages(small: Visitor, large: Visitor) -> Iterator[Page]:
    yield Page.at("accounts: first page", ACCOUNTS)
    yield Page("accounts: next page", *(one("next_page", ACCOUNTS) for one in (small, large)))
    deep = [one("half_deep", "accounts") for one in (small, large)]
    yield Page("accounts: half the table deep", *deep)
    for number, column in enumerate(large("columns")):
        if column in SORTED_BY:
            yield Page.at(f"accounts by {column}", f"{ACCOUNTS}?o={number}")
            yield Page.at(f"accounts by {column}, downwards", f"{ACCOUNTS}?o=-{number}")
    for name, values in FILTERS.items():
        for value in values:
            yield Page.at(f"accounts with {name}={value}", f"{ACCOUNTS}?{name}={value}")
    for what, typed in SEARCHES.items():
        yield Page.at(f"accounts, search for {what}", f"{ACCOUNTS}?{urlencode({'q': typed})}")


def _event_pages(small: Visitor, large: Visitor) -> Iterator[Page]:
    yield Page.at("events: first page", EVENTS)
    yield Page("events: next page", *(one("next_page", EVENTS) for one in (small, large)))
    deep = [one("half_deep", "events") for one in (small, large)]
    yield Page("events: half the table deep", *deep)
    everywhere = {
        "operation": "issue_phone_code",
        "outcome": "refused",
        "tier": "privileged",
    }
    for name, value in everywhere.items():
        yield Page.at(f"events with {name}={value}", f"{EVENTS}?{name}={value}")
    known = [one("somebody") for one in (small, large)]
    for name in ("ticket", "subject", "subject_name", "actor", "actor_name", "source", "trace"):
        addresses = (f"{EVENTS}?{urlencode({name: some[name]})}" for some in known)
        yield Page(f"events by {name}", *addresses)
    days = [
        f"{some['half_time'][:4]}-{some['half_time'][4:6]}-{some['half_time'][6:8]}"
        for some in known
    ]
    yield Page("events until a day", *(f"{EVENTS}?until={day}" for day in days))


def _at_both_sizes(page: Page, small: Visitor, large: Visitor) -> Row:
    small("get", page.small), large("get", page.large)
    seen = [(large("get", page.large), small("get", page.small)) for _ in range(RUNS)]
    (_, many), (_, few) = seen[-1]
    note = f"{many} rows" if many == few else f"NOT equal: {many} rows ÷ {few} rows"
    pairs = [(large_ms, small_ms) for (large_ms, _), (small_ms, _) in seen]
    return of_pairs(f"{page.what}: large ÷ small", pairs, bar=SAME, note=note)


def _beside_stock(large: Visitor, stock: Visitor) -> Iterator[Row]:
    users = large("count_of_accounts")
    size = large("page_size")
    pairs = [
        ("first page", ACCOUNTS, USERS, 0.6),
        ("next page", large("next_page", ACCOUNTS), f"{USERS}?p=2", 0.6),
        (
            "half the table deep",
            large("half_deep", "accounts"),
            f"{USERS}?p={users // size // 2}",
            0.1,
        ),
    ]
    for what, typed in SEARCHES.items():
        asked = urlencode({"q": typed})
        # Django's own list knows no folded text: what is searched for is spelt as it is stored.
        theirs = urlencode({"q": typed.replace("zoe", "Zoë").replace("lindqvist", "Lindqvist")})
        pairs.append((f"search for {what}", f"{ACCOUNTS}?{asked}", f"{USERS}?{theirs}", 0.1))
    for what, ours, theirs, bar in pairs:
        large("get", ours), stock("get", theirs)
        seen = [(large("get", ours), stock("get", theirs)) for _ in range(max(RUNS // 2, 1))]
        note = f"{seen[-1][0][1]} rows ÷ {seen[-1][1][1]} rows"
        yield of_pairs(
            f"accounts ÷ stock auth.User list, {what}",
            [(one, other) for (one, _), (other, _) in seen],
            bar=Bar(at_most=bar),
            note=note,
        )


def _in_the_database(large: Visitor) -> Iterator[Row]:
    pages = {
        "first page": ACCOUNTS,
        "half the table deep": large("half_deep", "accounts"),
        "with codes=none": f"{ACCOUNTS}?codes=none",
        "search": f"{ACCOUNTS}?q=zoe",
    }
    for what, address in pages.items():
        seen = [(large("statements", address), large("raw_rows")) for _ in range(RUNS + 1)][1:]
        name, bar = f"database time of the account list, {what}", Bar(at_most=3)
        yield of_pairs(
            f"{name}: all statements ÷ raw SQL of the rows",
            [(_sum(sent), raw) for sent, raw in seen],
            bar=bar,
            note=_shares(seen[-1][0]),
        )
        yield of_pairs(
            f"{name}: those of the list ÷ raw SQL of the rows",
            [(_sum(sent, "list"), raw) for sent, raw in seen],
            bar=bar,
        )
        yield Row(
            f"statements of the account list, {what} ÷ the eight allowed",
            len(seen[-1][0]),
            QUERIES,
            1,
            unit="",
            bar=Bar(at_most=1),
        )


def _sum(sent: Sent, kind: str = "") -> float:
    return sum(ms for sql, ms in sent if kind in ("", _kind(sql)))


def _shares(sent: Sent) -> str:
    """How much of it is the list's, the ledger's with its commit, and who asks and may."""
    kinds = ("list", "ledger", "rest")
    return ", ".join(f"{kind} {_sum(sent, kind):.1f} ms" for kind in kinds)


def _kind(sql: str) -> str:
    if sql.startswith("INSERT") and "recovery_auditevent" in sql:
        return "ledger"
    is_list = "recovery_accounttext" in sql or 'FROM "recovery_account" ' in sql
    return "list" if is_list else "rest"
