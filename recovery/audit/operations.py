"""What must never be forgotten about an operation, written once."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from typing import TYPE_CHECKING

from django.db import DatabaseError, IntegrityError, transaction

from recovery import notices, policy
from recovery.actors import Grounds
from recovery.audit.ledger import Draft, append
from recovery.enums import Operation, Outcome
from recovery.errors import FormAlreadyUsed, RecoveryError
from recovery.locks import locked
from recovery.models import UsedForm
from recovery.trace import traced

if TYPE_CHECKING:
    from recovery.actors import Actor
    from recovery.models import Account

NO_GROUNDS = Grounds(reason="")
under_way: ContextVar[Operation | None] = ContextVar("under_way", default=None)
"""The operation whose body is running: what it changes is said by its own event."""


@contextmanager
def audited(
    operation: Operation,
    *,
    actor: Actor,
    subject: Account | None = None,
    grounds: Grounds = NO_GROUNDS,
) -> Iterator[Draft]:
    """Run the body as one authorised, recorded and announced transaction.

    The body gets a draft whose ``subject`` is the locked, fresh account, and adds its detail.
    A refusal undoes the body and is itself recorded. That is why the transaction has to be the
    outermost one: inside another, the record of the refusal would be rolled back with it. If
    the event cannot be written, the body did not happen (ASVS 16.5.3).
    """
    draft = Draft(operation=operation, actor=actor, subject=subject, grounds=tidied(grounds))
    with recorded(draft):
        _begin(draft)
        yield draft
        _complete(draft)


def tidied(grounds: Grounds) -> Grounds:
    """What was typed, without the blanks around it."""
    return replace(grounds, reason=grounds.reason.strip(), ticket=grounds.ticket.strip())


@contextmanager
def recorded(draft: Draft) -> Iterator[None]:
    """Run the body as one transaction; record its refusal or its failure, which undo it."""
    token = under_way.set(draft.operation)
    try:
        with traced(), _told_on_the_ledger(draft), transaction.atomic(durable=True):
            yield
    finally:
        under_way.reset(token)


@contextmanager
def _told_on_the_ledger(draft: Draft) -> Iterator[None]:
    try:
        yield
    except RecoveryError as refusal:
        draft.detail = dict(draft.in_any_case)
        append(draft, Outcome.REFUSED, refusal=refusal.code)
        raise
    except Exception as bug:
        draft.detail = draft.in_any_case | {"error": type(bug).__name__}
        # The bug is what has to be heard of, also when the database is what is broken.
        with contextlib.suppress(DatabaseError):
            append(draft, Outcome.FAILED)
        raise


def require_beforehand(draft: Draft) -> None:
    """Refuse, recorded, what the rules refuse: before a long work that no transaction spans."""
    try:
        policy.require(_attempt(draft))
    except RecoveryError as refusal:
        append(draft, Outcome.REFUSED, refusal=refusal.code)
        raise


def require_permission(
    operation: Operation, *, actor: Actor, subject: Account | None, grounds: Grounds = NO_GROUNDS
) -> None:
    """Refuse, recorded, whoever's role does not include ``operation``, before it is looked at."""
    draft = Draft(operation=operation, actor=actor, subject=subject, grounds=grounds)
    try:
        policy.holds_permission(_attempt(draft))
    except RecoveryError as refusal:
        append(draft, Outcome.REFUSED, refusal=refusal.code)
        raise


def _begin(draft: Draft) -> None:
    if draft.subject is not None:
        draft.subject = locked(draft.subject)
    policy.require(_attempt(draft))
    spend_form(draft.grounds.form)


def _complete(draft: Draft) -> None:
    draft.detail["notices"] = notices.count_for(draft.operation, draft.subject)
    event = append(draft, Outcome.COMPLETED)
    notices.queue(event, draft.subject, also_tell=draft.also_tell)
    if draft.tells_leads:
        notices.queue_for_leads(event, draft.subject)


def _attempt(draft: Draft) -> policy.Attempt:
    return policy.Attempt(
        operation=draft.operation,
        actor=draft.actor,
        subject=draft.subject,
        grounds=draft.grounds,
    )


def spend_form(form: str) -> None:
    """Refuse the second submission of one form, on whichever host it arrives."""
    if not form:
        return
    try:
        with transaction.atomic():
            UsedForm.objects.create(digest=hashlib.sha256(form.encode()).hexdigest())
    except IntegrityError as error:
        raise FormAlreadyUsed from error
