"""The page `docs/inventory.md`, made of what the code says (ASVS 16.1.1)."""

import json
from pathlib import Path

from recovery.announcements import WHAT_HAPPENED
from recovery.audit.detail import ALWAYS, KEYS
from recovery.audit.inventory import INVENTORY
from recovery.audit.tallies import SINGLY_A_MINUTE
from recovery.canonical import PEOPLE, SOURCES

ROLES = Path(__file__).resolve().parent.parent / "fixtures" / "roles.json"
HEAD = """# The inventory: what is logged, where, who reads it, how long it stays

%(made_by)s

Each of these operations is a line of the ledger. How a line reads is in
[for auditors](for-auditors.md).

- **Where:** the table `recovery_auditevent`, chained in `recovery_chainentry`. It is written once,
  in the transaction of what it records; triggers of the database refuse to change it.
- **Who reads it:** whoever holds `view_auditevent`: %(readers)s.
  The fields %(people)s are for holders of `view_event_people`: %(people_readers)s.
  The fields %(sources)s are for holders of `view_event_sources`: %(sources_readers)s.
  Whoever lacks one of them is shown the rest of the line, on pages and in files. The page of an
  account shows its last eight events, without who looked and without mails, to whoever may see
  accounts: %(account_readers)s. What is marked *holder* stands in the account holder's own words on
  their own page.
- **How long:** twelve months at least (`RECOVERY_RETENTION_MONTHS`). Older lines leave by the
  recorded purge of an operator and by nothing else; without one they stay.
- **How much:** %(singly)s like failures of one source in a minute stand there one by one. The rest
  are counted, and the worker writes one line with their number. The same view of the same session
  is one line a minute.
- **Never:** a code, a link's token, a key, a password, an address in full.

Any line may hold %(always)s in its `detail` besides.
"""
COLUMNS = ("operation", "what happened", "who", "outcomes", "`detail`", "holder", "written by")
ELSEWHERE = (
    (
        "versions of an account's row: enrolment, flag, reason, dates, tier, by whom and why",
        "`recovery_historicalaccount`, tied to the ledger by the trace",
        "holders of `view_historicalaccount`",
        "as long as the account",
    ),
    (
        "mails: kind, address, state, attempts, last error; no text and no link",
        "`recovery_notice`",
        "whoever may see accounts: the last five, addresses masked",
        "as long as the account",
    ),
    (
        "counts of failures beyond those that stand one by one",
        "`recovery_failuretally`",
        "nobody: the worker makes lines of them",
        "a minute",
    ),
    (
        "what the server says of requests and the worker of failed tasks; tokens are masked",
        "standard error",
        "whoever runs the machine",
        "as your service manager is told",
    ),
    (
        "each event again, as a SIEM reads it",
        "the handler that you name",
        "whoever reads your SIEM",
        "as your SIEM is told",
    ),
    (
        "the head of the chain, signed",
        "`recovery_checkpoint`, and the sinks that you name",
        "auditors, with the public key",
        "in the database as long as the ledger; outside it as you decide",
    ),
)


def inventory(made_by, table) -> str:
    """Every operation of the ledger: who, what, how it can end, what it says, who writes it."""
    head = HEAD % {
        "made_by": made_by,
        "readers": _holders("view_auditevent"),
        "people": _names(PEOPLE),
        "people_readers": _holders("view_event_people"),
        "sources": _names(SOURCES),
        "sources_readers": _holders("view_event_sources"),
        "account_readers": _holders("view_account"),
        "singly": SINGLY_A_MINUTE,
        "always": _names(sorted(ALWAYS)),
    }
    events = table(COLUMNS, (_row(operation, entry) for operation, entry in INVENTORY.items()))
    others = table(("what", "where", "who reads it", "how long"), ELSEWHERE)
    return f"{head}\n{events}\n## What else is written down\n\n{others}"


def _row(operation, entry):
    return (
        f"`{operation}`",
        entry.what,
        entry.who,
        ", ".join(entry.outcomes),
        _names(sorted(KEYS.get(operation, ()))),
        "yes" if operation in WHAT_HAPPENED else "",
        f"`{entry.where}`",
    )


def _names(names):
    return ", ".join(f"`{name}`" for name in names)


def _holders(codename):
    """The roles that hold a permission, as the fixture gives it to them."""
    groups = [role["fields"] for role in json.loads(ROLES.read_text(encoding="utf-8"))]
    return ", ".join(
        group["name"]
        for group in groups
        if any(codename == permission[0] for permission in group["permissions"])
    )
