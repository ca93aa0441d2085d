"""``audited`` for many subjects: one batch of them, in one transaction and in sets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone

from recovery import notices, policy_of_many
from recovery.actors import Actor, Grounds
from recovery.audit.appending import Ending, append_many
from recovery.audit.ledger import Draft
from recovery.audit.operations import recorded, spend_form, tidied
from recovery.enums import Operation
from recovery.errors import AccountGone, RecoveryError
from recovery.insertion import next_ids
from recovery.locks import locked_many
from recovery.models import Account, AuditEvent
from recovery.policy import Attempt
from recovery.trace import new_trace


@dataclass(slots=True, kw_only=True)
class Result:
    """What became of each account that was named, by its id."""

    done: dict[int, int] = field(default_factory=dict)
    """The event of each that it was done to."""
    refused: dict[int, RecoveryError] = field(default_factory=dict)
    undone: bool = False
    """Whether nothing was done to anybody because some were refused."""

    def add(self, other: Result) -> None:
        """Take in what became of others."""
        self.done |= other.done
        self.refused |= other.refused


Also = Callable[[Result], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One operation, asked for many accounts on one authority and the same grounds."""

    operation: Operation
    actor: Actor
    grounds: Grounds

    def attempt(self) -> Attempt:
        """What the policy is asked."""
        return Attempt(
            operation=self.operation, actor=self.actor, subject=None, grounds=self.grounds
        )

    @property
    def reason(self) -> str:
        """Why, for the rows that say so."""
        return self.grounds.reason.strip()

    def draft(self, **known: Any) -> Draft:
        """What all of its events have in common."""
        grounds = tidied(self.grounds)
        return Draft(operation=self.operation, actor=self.actor, grounds=grounds, **known)


@dataclass(slots=True, kw_only=True)
class Batch:
    """Some of the accounts, locked and asked about: those that passed may be acted on."""

    order: Order
    accounts: dict[int, Account]
    """In the order in which they were named."""
    refused: dict[int, RecoveryError] = field(default_factory=dict)
    at: datetime = field(default_factory=timezone.now)
    details: dict[int, dict[str, Any]] = field(default_factory=dict)
    """Of each account that the operation is done to: see ``recovery.audit.detail``."""
    traces: dict[int, str] = field(default_factory=dict)
    """Each account's event and version belong together, and not to those of all others."""
    done: dict[int, int] = field(default_factory=dict)
    is_dry: bool = False
    """Whether nothing is locked, and nothing will be written."""

    @classmethod
    def of(cls, order: Order, subjects: Sequence[int], found: Iterable[Account]) -> Batch:
        """Those of ``subjects`` that were found, in the order of ``subjects``."""
        by_pk = {account.pk: account for account in found}
        accounts = {pk: by_pk[pk] for pk in subjects if pk in by_pk}
        traces = {pk: new_trace() for pk in accounts}
        return cls(order=order, accounts=accounts, traces=traces)

    @property
    def passed(self) -> list[Account]:
        """Those that nothing has refused so far."""
        return [one for one in self.accounts.values() if one.pk not in self.refused]

    @property
    def result(self) -> Result:
        """What became of them; ask for it after the batch has ended."""
        return Result(done=self.done, refused=self.refused)

    def refuse(self, account: Account, refusal: RecoveryError) -> None:
        """Leave out an account. The refusal is recorded beside what is done to the others."""
        self.refused[account.pk] = refusal.with_traceback(None)

    def judge(self, rule: Callable[[Account], dict[str, Any]]) -> None:
        """Ask ``rule`` about each account: it gives the event's detail, or refuses."""
        for account in self.passed:
            try:
                self.details[account.pk] = rule(account)
            except RecoveryError as refusal:
                self.refuse(account, refusal)


@contextmanager
def audited_many(
    order: Order, subjects: Sequence[int], *, also: Also | None = None
) -> Iterator[Batch]:
    """Run the body as one authorised, recorded and announced transaction on many accounts.

    What is refused about one account leaves that one out. What is refused about the actor, and
    whatever the body or ``also`` raises, undoes the whole batch and is recorded once.
    """
    with recorded(order.draft(in_any_case={"count": len(subjects)})):
        spend_form(order.grounds.form)
        with batch_of(order, subjects) as batch:
            yield batch
        if also is not None:
            also(batch.result)


@contextmanager
def batch_of(order: Order, subjects: Sequence[int]) -> Iterator[Batch]:
    """The same as a part of a transaction of the caller's, who records what is raised."""
    found = locked_many(subjects)
    attempt = order.attempt()
    policy_of_many.require_of_actor(attempt)
    batch = looked_at(order, attempt, subjects, found)
    yield batch
    record(batch)


def looked_at(
    order: Order, attempt: Attempt, subjects: Sequence[int], found: Sequence[Account]
) -> Batch:
    """What the policy says of each; who is not found any more is refused as well."""
    batch = Batch.of(order, subjects, found)
    batch.refused |= {pk: AccountGone() for pk in subjects if pk not in batch.accounts}
    batch.refused |= policy_of_many.refusals(attempt, list(batch.accounts.values()))
    return batch


def record(batch: Batch) -> None:
    """Write the event of each account that there is, and tell those that it was done to."""
    done = [account.pk for account in batch.passed]
    told = notices.addresses_of_many(batch.order.operation, done)
    ids = next_ids(AuditEvent, len(batch.accounts))
    ends = [
        _ending(batch, account, event_id, len(told.get(account.pk, ())))
        for event_id, account in zip(ids, batch.accounts.values(), strict=True)
    ]
    append_many(batch.order.draft(at=batch.at), ends)
    batch.done = {one.subject.pk: one.event_id for one in ends if not one.refusal}
    notices.queue_many(
        batch.order.operation,
        batch.at,
        (
            notices.Told(one.subject.pk, one.event_id, one.detail, told[one.subject.pk])
            for one in ends
            if one.subject.pk in told
        ),
    )


def _ending(batch: Batch, account: Account, event_id: int, told: int) -> Ending:
    refusal, trace = batch.refused.get(account.pk), batch.traces[account.pk]
    if refusal is not None:
        return Ending(event_id, account, refusal.code, {}, trace)
    return Ending(event_id, account, "", batch.details[account.pk] | {"notices": told}, trace)
