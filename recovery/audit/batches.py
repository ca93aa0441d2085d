"""Carrying out one order on any number of accounts, batch by batch."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from itertools import batched
from typing import Final, Protocol

from django.db import transaction

from recovery import locks, policy_of_many
from recovery.audit.many import (
    Also,
    Batch,
    Order,
    Result,
    audited_many,
    batch_of,
    looked_at,
    record,
)
from recovery.audit.operations import recorded, spend_form
from recovery.errors import RecoveryError
from recovery.policy import Rule

AT_ONCE: Final = 2_000
"""Accounts that one transaction locks: few enough that nobody waits long for one of them."""


class Change(Protocol):
    """What an operation does to those accounts that the policy let pass."""

    def judge(self, batch: Batch) -> None:
        """Refuse those that it can't be done to, and give a detail to all others. Only read."""

    def write(self, batch: Batch) -> None:
        """Do it to those that passed."""


def carry_out(
    order: Order, subjects: Iterable[int], change: Change, *, also: Also | None = None
) -> Result:
    """Do it to whoever passes, each batch in a transaction of its own."""
    total = Result()
    for pks in _batches(subjects, total):
        with audited_many(order, pks, also=also) as batch:
            change.judge(batch)
            change.write(batch)
        total.add(batch.result)
        # A form is spent once, by the first batch.
        order = replace(order, grounds=replace(order.grounds, form=""))
    return total


def carry_out_or_nothing(
    order: Order, subjects: Iterable[int], change: Change, *, also: Also | None = None
) -> Result:
    """Do it to all in one transaction, or to nobody; then every refusal is recorded and told."""
    pks = list(dict.fromkeys(subjects))
    with recorded(order.draft(in_any_case={"count": len(pks)})):
        spend_form(order.grounds.form)
        result = _try_all(order, pks, change, also)
        if result.refused:
            result = Result(refused=result.refused, undone=True)
            transaction.set_rollback(True)
    if result.undone:
        _record_refusals(order, result, also)
    return result


def outlook(
    order: Order, subjects: Iterable[int], change: Change, *, but: Collection[Rule] = ()
) -> dict[int, RecoveryError]:
    """Who would be refused now, and why. Nothing is locked, written or recorded."""
    attempt, total = order.attempt(), Result()
    policy_of_many.require_of_actor(attempt, but=but)
    for pks in _batches(subjects, total):
        batch = looked_at(order, attempt, pks, list(locks.standings(pks)))
        batch.is_dry = True
        change.judge(batch)
        total.done |= dict.fromkeys(pks, 0)
        total.refused |= batch.refused
    return total.refused


def _batches(subjects: Iterable[int], known: Result) -> Iterator[list[int]]:
    """Each account once, however often it is named."""
    for pks in batched(subjects, AT_ONCE):
        named = dict.fromkeys(pks)
        fresh = [pk for pk in named if pk not in known.done and pk not in known.refused]
        if fresh:
            yield fresh


def _try_all(order: Order, pks: list[int], change: Change, also: Also | None) -> Result:
    """Do it until somebody is refused, and only look at the others from then on."""
    total = Result()
    for some in batched(sorted(pks), AT_ONCE):
        locks.lock_many(some)
    for some in batched(pks, AT_ONCE):
        if total.refused:
            total.refused |= outlook(order, some, change)
            continue
        with batch_of(order, some) as batch:
            change.judge(batch)
            change.write(batch)
        if also is not None:
            also(batch.result)
        total.add(batch.result)
    return total


def _record_refusals(order: Order, result: Result, also: Also | None) -> None:
    with recorded(order.draft(in_any_case={"count": len(result.refused)})):
        for pks in batched(result.refused, AT_ONCE):
            batch = Batch.of(order, pks, locks.standings(pks))
            batch.refused = {pk: result.refused[pk] for pk in pks}
            record(batch)
            if also is not None:
                also(replace(batch.result, undone=True))
