"""Looking is on the ledger too: who opened, searched and read what (PCI DSS 10.2.1.3)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.utils import timezone

from recovery.audit.ledger import Draft, append
from recovery.audit.tallies import append_failure
from recovery.enums import Operation, Outcome
from recovery.errors import PermissionMissing
from recovery.models import AuditEvent

if TYPE_CHECKING:
    from recovery.actors import Actor
    from recovery.models import Account

NOTED_FOR: Final = timedelta(minutes=1)
"""How long the same view in the same session stays one event: turning a page, a dialog, Reload."""
LOOKED_BACK: Final = 50


def note_read(
    operation: Operation, *, actor: Actor, subject: Account | None = None, **detail: Any
) -> None:
    """Put on the ledger that ``actor`` saw something. The same view is one event a minute.

    Called before anything is shown: what can't be written down is not shown (ASVS 16.5.3).
    """
    draft = Draft(operation=operation, actor=actor, subject=subject, detail=detail)
    if not _is_noted(draft):
        append(draft, Outcome.COMPLETED)


def note_refused(operation: Operation, *, actor: Actor, subject: Account | None = None) -> None:
    """Record that somebody asked for a page that their role does not open."""
    append_failure(Draft(operation=operation, actor=actor, subject=subject), PermissionMissing)


def _is_noted(draft: Draft) -> bool:
    same = AuditEvent.objects.filter(
        actor_id=draft.actor.key,
        at__gt=timezone.now() - NOTED_FOR,
        operation=draft.operation,
        outcome=Outcome.COMPLETED,
        subject_id=str(draft.subject.user_id) if draft.subject is not None else "",
        session_digest=draft.actor.session_digest,
    )
    last = same.order_by("-at", "-id").values_list("detail", flat=True)
    return draft.detail in list(last[:LOOKED_BACK])
