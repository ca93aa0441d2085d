"""A first day at the desk: what the demo's agent did, and what they were refused."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.utils import timezone

from project.demo.cast import CODES_ASKED_FOR, FLAGS, Flag
from recovery import actions
from recovery.actors import Actor, Grounds, Source
from recovery.enums import AuthenticatorKind, Proofing
from recovery.errors import RecoveryError
from recovery.models import Account, AuditEvent, TotpAuthenticator

if TYPE_CHECKING:
    from collections.abc import Mapping

Users: Any = get_user_model()


def do(accounts: Mapping[str, Account]) -> None:
    """Flag whom the desk flagged, help one person, and try one thing that is not allowed.

    A ticket that the ledger knows is done, also where its flag has been lifted since.
    """
    at_work = agent("maya.lindqvist")
    for login, flag in FLAGS.items():
        if login in accounts and not _is_done(flag.ticket):
            _flag(at_work, accounts[login], flag)
    for login, ticket in CODES_ASKED_FOR.items():
        if login in accounts and not _is_done(ticket):
            _regenerate(at_work, accounts[login], ticket)


def _is_done(ticket: str) -> bool:
    return AuditEvent.objects.filter(ticket=ticket).exists()


def agent(login: str) -> Actor:
    """The demo's member of staff of that name, at the desk."""
    user = Users.objects.get(username=login)
    bound = TotpAuthenticator.objects.filter(user_id=user.pk, confirmed=True).first()
    return Actor(
        user=user,
        name=login,
        verified_by=AuthenticatorKind.TOTP,
        authenticator=bound.persistent_id if bound else "",
        verified_at=timezone.now(),
        source=Source(address="192.0.2.17", user_agent="Made for the demo"),
    )


def _flag(agent: Actor, account: Account, flag: Flag) -> None:
    now = timezone.now()
    due_at = now + timedelta(days=abs(flag.due)) if flag.due is not None else None
    grounds = Grounds(reason=flag.reason, ticket=flag.ticket, proofing=Proofing.CALL_BACK)
    actions.require_reenrolment(actor=agent, subject=account, grounds=grounds, due_at=due_at)
    if flag.due is not None and flag.due < 0:
        overdue = Account.objects.filter(pk=account.pk)
        overdue.update(
            reenrolment_required_at=now + timedelta(days=flag.due - 7),
            reenrolment_due_at=now + timedelta(days=flag.due),
        )


def _regenerate(agent: Actor, account: Account, ticket: str) -> None:
    grounds = Grounds(reason="Codes lost in a move", ticket=ticket, proofing=Proofing.IN_PERSON)
    # An agent has no power over a lead: the refusal is what the ledger is to show.
    with contextlib.suppress(RecoveryError):
        actions.regenerate_backup_codes(actor=agent, subject=account, grounds=grounds)
