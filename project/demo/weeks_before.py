"""The weeks before the first day: an invented past on the ledger, for the worker to count.

It is about people who have left since, so no account, notice or code says anything else.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final, NamedTuple

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from project.demo import desk_work
from recovery import errors
from recovery.actors import Actor, Grounds
from recovery.audit import Draft, append
from recovery.enums import AuthenticatorKind, Operation, Outcome, Proofing
from recovery.models import Account, AuditEvent

WEEKS: Final = 11
TICKET: Final = "HD-1{:04}"
A_DAY: Final = (9, 6, 5, 5, 4, 1, 0)
"""How many call on a Monday, a Tuesday and so on."""
HOURS: Final = (8, 8, 9, 9, 9, 10, 10, 11, 13, 13, 14, 14, 15, 16, 17)
DONE: Final = (
    *(Operation.SEND_RECOVERY_LINK,) * 6,
    *(Operation.ISSUE_PHONE_CODE,) * 5,
    *(Operation.REGENERATE_BACKUP_CODES,) * 4,
    *(Operation.REQUIRE_REENROLMENT,) * 2,
    Operation.REPORT_AUTHENTICATOR_LOST,
)
REFUSED: Final = (
    errors.ActorIsSubject,
    errors.AccountFrozen,
    errors.SubjectOutranksActor,
    errors.AccountFrozen,
    errors.NoSuitableAddress,
    errors.StepUpRequired,
    errors.AccountFrozen,
)
MINUTES_AWAY: Final = (4, 6, 7, 8, 9, 11, 12, 14, 19, 26, 48, 190, 1500)
LEFT_SINCE: Final = "has.left.{}"
BEYOND: Final = 900_000
"""No id of a user who is there."""


class Call(NamedTuple):
    """Somebody called on some day, and what came of it."""

    number: int
    at: datetime

    def pick(self, choices: Any, stride: int) -> Any:
        """One of a few, as if by chance and always the same."""
        return choices[self.number * stride // 7 % len(choices)]


def tell() -> None:
    """Put them on the ledger, once, in the order of time."""
    if AuditEvent.objects.filter(ticket=TICKET.format(0)).exists():
        return
    agent = desk_work.agent("maya.lindqvist")
    drafts = [draft for call in _calls() for draft in _drafts(call, agent)]
    with transaction.atomic():
        for draft, refusal in sorted(drafts, key=lambda pair: pair[0].at):
            outcome = Outcome.REFUSED if refusal else Outcome.COMPLETED
            append(draft, outcome, refusal=refusal)


def _calls() -> Iterator[Call]:
    today = timezone.now().astimezone(UTC).date()
    number = 0
    for back in range(WEEKS * 7, 1, -1):
        day = today - timedelta(days=back)
        for _ in range(A_DAY[day.weekday()] + back % 3 - 1):
            minute = number * 37 % 60
            hour = HOURS[number * 11 // 3 % len(HOURS)]
            yield Call(number, datetime.combine(day, time(hour, minute), UTC))
            number += 1


def _drafts(call: Call, agent: Actor) -> Iterator[tuple[Draft, str]]:
    user = get_user_model()(
        pk=BEYOND + call.number, username=LEFT_SINCE.format(call.number), is_active=False
    )
    subject, operation = Account(user=user), call.pick(DONE, 23)
    grounds = Grounds(
        reason="Invented for the demo",
        ticket=TICKET.format(call.number),
        proofing=call.pick(list(Proofing)[:4], 13),
    )
    refusal = call.pick(REFUSED, 5).code if call.number % 9 == 0 and call.number else ""
    yield _draft(operation, agent, subject, call.at, grounds), refusal
    if not refusal and operation in DONE[:15] and call.number % 8:
        away = timedelta(minutes=call.pick(MINUTES_AWAY, 31), seconds=call.number % 50)
        holder = Actor.holder(user, verified_by=AuthenticatorKind.TOTP)
        yield _draft(Operation.HOLDER_SIGN_IN, holder, subject, call.at + away), ""


def _draft(
    operation: Operation, actor: Actor, subject: Account, at: datetime, grounds: Any = None
) -> Draft:
    grounds = grounds or Grounds(reason="")
    return Draft(operation=operation, actor=actor, subject=subject, at=at, grounds=grounds)
