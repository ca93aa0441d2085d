"""Giving a subject new codes: a saved set, or one to be read aloud."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.utils import timezone

from recovery import code_sets
from recovery.audit import audited
from recovery.code_sets import Prepared
from recovery.conf import conf
from recovery.enums import CodeKind, Operation

if TYPE_CHECKING:
    from datetime import datetime

    from recovery.actors import Actor, Grounds
    from recovery.models import Account, AuditEvent
    from recovery.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedCodes:
    """Fresh codes in the clear: shown once, in the response to the request that made them."""

    kind: CodeKind
    codes: tuple[Secret, ...] = field(repr=False)
    expires_at: datetime | None
    event: AuditEvent


def regenerate_backup_codes(*, actor: Actor, subject: Account, grounds: Grounds) -> IssuedCodes:
    """Give ``subject`` a new set of backup codes; the old set stops working at once."""
    prepared = Prepared.saved()
    operation = Operation.REGENERATE_BACKUP_CODES
    with audited(operation, actor=actor, subject=subject, grounds=grounds) as draft:
        ended = code_sets.replace(draft.account, prepared)
        draft.detail = {"issued": len(prepared.clear), "ended": ended}
    return IssuedCodes(
        kind=CodeKind.SAVED, codes=prepared.clear, expires_at=None, event=draft.written
    )


def issue_phone_code(*, actor: Actor, subject: Account, grounds: Grounds) -> IssuedCodes:
    """Give ``subject`` one code to be read aloud, in place of any earlier phone code.

    It can be redeemed once and lives ten minutes at the most (NIST SP 800-63B-4 4.2.1.2).
    """
    prepared = Prepared.phone()
    operation = Operation.ISSUE_PHONE_CODE
    with audited(operation, actor=actor, subject=subject, grounds=grounds) as draft:
        ended = code_sets.replace(draft.account, prepared)
        expires_at = timezone.now() + conf.PHONE_CODE_LIFETIME
        draft.detail = {"expires_at": expires_at.isoformat(timespec="seconds"), "ended": ended}
    return IssuedCodes(
        kind=CodeKind.PHONE, codes=prepared.clear, expires_at=expires_at, event=draft.written
    )
