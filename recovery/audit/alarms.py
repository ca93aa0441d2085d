"""Telling the leads, once, that the ledger is not what was signed about it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from recovery import notices
from recovery.actors import Actor
from recovery.audit.ledger import Draft, append
from recovery.audit.verifier import Finding
from recovery.enums import IncidentKind, Operation, Outcome
from recovery.models import Cursor, Incident

if TYPE_CHECKING:
    from django.utils.functional import Promise

logger = logging.getLogger(__name__)

CURSOR: Final = "alarm"
WORDS: Final[dict[str, str | Promise]] = {
    Finding.CHANGED: _("An event was changed."),
    Finding.MISSING: _("An event is missing."),
    Finding.ADDED: _("An event was added past the chain."),
    Finding.MOVED: _("Events stand in another order."),
    Finding.CUT_OFF: _("The last events were cut off."),
    Finding.WRONG_KEY: _("Something was signed with a key that nobody vouches for."),
}


def raise_alarm(finding: str, sequence: int | None) -> Incident | None:
    """Open an incident about the ledger and tell every lead; None if it is known already.

    Known is what is open still, wherever it was found, and what was found at the same place
    before: the one that a lead has closed is not raised again.
    """
    said = f"{finding}:{'' if sequence is None else sequence}"
    with transaction.atomic():
        Cursor.objects.select_for_update().get_or_create(name=CURSOR)
        if _is_known(finding, said):
            return None
        incident = Incident.objects.create(kind=IncidentKind.LEDGER, finding=said)
        draft = Draft(operation=Operation.RAISE_ALARM, actor=Actor.worker())
        draft.detail = {"finding": finding, "sequence": sequence, "incident": incident.pk}
        notices.queue_for_leads(append(draft, Outcome.COMPLETED), None)
    # Whoever owns the database can take the incident out of it, and the log is elsewhere.
    logger.critical("The ledger is broken: %s", said)
    return incident


def finding_of(incident: Incident) -> tuple[str, str]:
    """What an incident about the ledger found, in words, and the number of the event; or none."""
    finding, _separator, sequence = incident.finding.partition(":")
    return str(WORDS.get(finding, incident.finding)), sequence


def _is_known(finding: str, said: str) -> bool:
    raised = Incident.objects.filter(kind=IncidentKind.LEDGER)
    same = raised.filter(closed_at__isnull=True, finding__startswith=f"{finding}:")
    return same.exists() or raised.filter(finding=said).exists()
