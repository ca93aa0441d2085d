"""What happens at an invented desk: each kind of event, as the domain itself would write it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Any, Final

from recovery.enums import Operation, Outcome, Proofing

REASONS: Final = (
    "Lost the phone on the way to work.",
    "New phone, the old one was wiped before the move.",
    "Phone in repair until the end of the week.",
    "Codes were on a paper that was thrown away.",
    "Dropped the phone into the lake.",
    "Forgot the token at home, leaves for a flight today.",
)
BROWSERS: Final = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 15_6) AppleWebKit/605.1.15 Version/18.6 Safari/605.1",
)
CALLED: Final = (Proofing.CALL_BACK, Proofing.CALL_BACK, Proofing.IN_PERSON, Proofing.READ_BACK)
LONGEST_DESK: Final = 200
"""From so many on, a number is an account holder's and not an agent's."""
NOBODY: Final = ("", "", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One kind of event."""

    operation: Operation
    weight: int
    by_agent: bool = True
    has_subject: bool = True
    has_grounds: bool = False
    refusal: str = ""
    detail: dict[str, Any] = field(default_factory=dict)
    due_in: timedelta | None = None


STORIES: Final = (
    Story(
        operation=Operation.REGENERATE_BACKUP_CODES,
        weight=14,
        has_grounds=True,
        detail={"issued": 10, "ended": 1, "notices": 1},
    ),
    Story(
        operation=Operation.ISSUE_PHONE_CODE,
        weight=12,
        has_grounds=True,
        detail={"ended": 0, "notices": 1},
    ),
    Story(
        operation=Operation.REQUIRE_REENROLMENT,
        weight=5,
        has_grounds=True,
        detail={"was": "enrolled", "notices": 1},
        due_in=timedelta(days=7),
    ),
    Story(
        operation=Operation.LIFT_REENROLMENT,
        weight=2,
        has_grounds=True,
        detail={"now": "enrolled", "notices": 1},
    ),
    Story(
        operation=Operation.REGENERATE_BACKUP_CODES,
        weight=1,
        has_grounds=True,
        refusal="step_up_required",
    ),
    Story(
        operation=Operation.ISSUE_PHONE_CODE,
        weight=1,
        has_grounds=True,
        refusal="subject_outranks_actor",
    ),
    Story(operation=Operation.OPEN_ACCOUNT, weight=22, detail={"page": "account"}),
    Story(
        operation=Operation.SEARCH_ACCOUNTS,
        weight=8,
        has_subject=False,
        detail={"query": "lindqvist", "filters": {}, "found": 3},
    ),
    Story(operation=Operation.SIGN_IN, weight=4, has_subject=False),
    Story(
        operation=Operation.HOLDER_SIGN_IN,
        weight=16,
        by_agent=False,
        detail={"way": "authenticator"},
    ),
    Story(operation=Operation.REDEEM_BACKUP_CODE, weight=9, by_agent=False, detail={"left": 7}),
    Story(operation=Operation.REDEEM_PHONE_CODE, weight=4, by_agent=False, detail={"left": 0}),
    Story(
        operation=Operation.REDEEM_BACKUP_CODE,
        weight=2,
        by_agent=False,
        refusal="wrong_code",
    ),
)
WEIGHTS: Final = tuple(accumulate(story.weight for story in STORIES))
Person = tuple[str, str, str]
"""Key, login name and tier, as an event keeps them."""


def told(
    number: int, at: datetime, subject: Person, agents: list[Person], chance: Random
) -> dict[str, Any]:
    """One event of that time, about ``subject`` where it is about somebody."""
    story = chance.choices(STORIES, cum_weights=WEIGHTS)[0]
    agent = chance.randrange(len(agents))
    by = agents[agent] if story.by_agent else subject
    about = subject if story.has_subject else NOBODY
    due = {"due_at": (at + story.due_in).isoformat()} if story.due_in else {}
    return {
        "at": at,
        "operation": story.operation.value,
        "outcome": (Outcome.REFUSED if story.refusal else Outcome.COMPLETED).value,
        "refusal": story.refusal,
        "actor_id": by[0],
        "actor_name": by[1],
        "subject_id": about[0],
        "subject_name": about[1],
        "subject_tier": about[2],
        "reason": chance.choice(REASONS) if story.has_grounds else "",
        "ticket": f"HD-{number}" if story.has_grounds else "",
        "proofing": chance.choice(CALLED).value if story.has_grounds else "",
        "source_address": _address(agent) if story.by_agent else _address(number),
        "user_agent": BROWSERS[agent % len(BROWSERS)],
        "session_digest": f"{chance.getrandbits(256):064x}",
        "verified_by": "totp" if story.by_agent else "",
        "authenticator": f"recovery.totpauthenticator/{by[0]}" if story.by_agent else "",
        "detail": {} if story.refusal else story.detail | due,
        "trace": f"{chance.getrandbits(64):016x}",
        "salt": f"{chance.getrandbits(128):032x}",
    }


def _address(number: int) -> str:
    """One of the addresses that are kept for examples (RFC 5737, RFC 3849)."""
    if number < LONGEST_DESK:
        return f"192.0.2.{number + 1}"
    return f"2001:db8::{number % 65_536:x}"
