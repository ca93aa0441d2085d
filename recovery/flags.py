"""The state of enrolment: changed here alone, each time with a line of history."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from recovery.enums import Enrolment, FlagOrigin

if TYPE_CHECKING:
    from recovery.actors import Actor
    from recovery.models import Account

NO_FLAG: dict[str, Any] = {
    "reenrolment_required_at": None,
    "reenrolment_due_at": None,
    "reenrolment_origin": "",
    "reenrolment_reason": "",
}


def raise_flag(
    account: Account,
    *,
    origin: FlagOrigin,
    actor: Actor,
    reason: str,
    due_at: datetime | None = None,
    recovered: bool = False,
) -> None:
    """Make the account re-enrol, at once or by ``due_at``. Takes no authenticator away.

    A flag that is there keeps its first date. A stronger origin stays: what a redeemed code
    raised does not become a desk's to lift.
    """
    now = timezone.now()
    changed = raised(account, origin=origin, reason=reason, due_at=due_at, at=now)
    if recovered:
        changed["last_recovered_at"] = now
    change(account, actor=actor, reason=reason or str(origin.label), **changed)


def raised(
    account: Account, *, origin: FlagOrigin, reason: str, due_at: datetime | None, at: datetime
) -> dict[str, Any]:
    """The columns of an account as its flag is raised."""
    keeps_origin = account.is_flagged and account.reenrolment_origin != FlagOrigin.DESK
    return {
        "enrolment": Enrolment.REENROLMENT_REQUIRED,
        "reenrolment_required_at": account.reenrolment_required_at or at,
        "reenrolment_due_at": due_at,
        "reenrolment_origin": account.reenrolment_origin if keeps_origin else origin,
        "reenrolment_reason": reason or account.reenrolment_reason,
    }


def lower_flag(account: Account, *, actor: Actor, reason: str) -> Enrolment:
    """Take the flag away; back to enrolled if the account ever was, and never the other way."""
    changed = lowered(account)
    change(account, actor=actor, reason=reason, **changed)
    return Enrolment(changed["enrolment"])


def lowered(account: Account) -> dict[str, Any]:
    """The columns of an account as its flag is taken away."""
    back_to = Enrolment.ENROLLED if account.enrolled_at else Enrolment.NOT_ENROLLED
    return {"enrolment": back_to, **NO_FLAG}


def mark_enrolled(account: Account, *, actor: Actor, reason: str, **marks: Any) -> None:
    """Note that an authenticator is bound, lift whatever flag there was, and add ``marks``."""
    first = account.enrolled_at or timezone.now()
    change(
        account,
        actor=actor,
        reason=reason,
        enrolment=Enrolment.ENROLLED,
        enrolled_at=first,
        **NO_FLAG,
        **marks,
    )


def change(account: Account, *, actor: Actor, reason: str, **fields: Any) -> None:
    """Write the named columns of a locked account, with who and why in its history."""
    for name, value in fields.items():
        setattr(account, name, value)
    account._history_user = actor.user  # type: ignore[attr-defined]  # simple-history reads it
    account._change_reason = reason or None  # type: ignore[attr-defined]  # simple-history
    account.save(update_fields=list(fields))
