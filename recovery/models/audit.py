"""The ledger: written once, by ``recovery.audit``, and never changed."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any, NoReturn

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recovery.canonical import content_of
from recovery.enums import GRANTED_OPERATIONS, AuthenticatorKind, Operation, Outcome, Proofing, Tier
from recovery.trace import LENGTH, current_trace

NAME_LENGTH = 320
TICKET_LENGTH = 64


class LedgerIsWrittenOnce(TypeError):
    """Somebody tried to change or remove an event through the ORM."""


def _row_salt() -> str:
    return secrets.token_hex(16)


class AuditEventQuerySet(models.QuerySet["AuditEvent"]):
    """Reads only. The database's triggers refuse what goes around it."""

    def update(self, **_: Any) -> NoReturn:
        raise LedgerIsWrittenOnce

    def delete(self) -> NoReturn:
        raise LedgerIsWrittenOnce

    def _raw_delete(self, _: str | None) -> NoReturn:
        raise LedgerIsWrittenOnce

    def bulk_update(self, *_: Any, **__: Any) -> NoReturn:
        raise LedgerIsWrittenOnce

    def update_or_create(self, *_: Any, **__: Any) -> NoReturn:
        raise LedgerIsWrittenOnce

    def bulk_create(
        self, objs: Iterable[AuditEvent], *args: Any, **kwargs: Any
    ) -> list[AuditEvent]:
        """Append many. Never over existing ones."""
        if kwargs.keys() & {"update_conflicts", "ignore_conflicts"}:
            raise LedgerIsWrittenOnce
        events = list(objs)
        for event in events:
            event.content = content_of(vars(event))
        return super().bulk_create(events, *args, **kwargs)


class AuditEvent(models.Model):
    """Who did or tried what to whom, when, from where, on whose proof, and how it ended.

    People are kept as text, as they were: a foreign key would let a deleted user block or blank
    a line. Its place in the chain is a row of its own, ``entry``.
    """

    at = models.DateTimeField(_("time"), default=timezone.now, editable=False)
    operation = models.CharField(_("operation"), max_length=40, choices=Operation)
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome)
    refusal = models.CharField(_("refusal"), max_length=40, blank=True)
    actor_id = models.CharField(_("actor id"), max_length=64, blank=True)
    actor_name = models.CharField(_("actor"), max_length=NAME_LENGTH, blank=True)
    subject_id = models.CharField(_("subject id"), max_length=64, blank=True)
    subject_name = models.CharField(_("subject"), max_length=NAME_LENGTH, blank=True)
    reason = models.TextField(_("reason"), blank=True)
    ticket = models.CharField(_("ticket"), max_length=TICKET_LENGTH, blank=True)
    subject_tier = models.CharField(_("tier of the subject"), max_length=12, blank=True)
    proofing = models.CharField(_("identity proofing"), max_length=24, choices=Proofing, blank=True)
    source_address = models.CharField(_("source address"), max_length=45, blank=True)
    user_agent = models.CharField(_("user agent"), max_length=300, blank=True)
    session_digest = models.CharField(_("session"), max_length=64, blank=True)
    verified_by = models.CharField(
        _("verified by"), max_length=16, choices=AuthenticatorKind, blank=True
    )
    authenticator = models.CharField(_("authenticator"), max_length=80, blank=True)
    detail = models.JSONField(_("detail"), default=dict)
    trace = models.CharField(max_length=LENGTH, default=current_trace, blank=True, editable=False)
    """Shared by all that one request or operation left behind, history included."""
    salt = models.CharField(max_length=32, default=_row_salt, editable=False)
    content = models.TextField(editable=False)
    """The event as it is hashed, but for its place in the chain: see ``recovery.canonical``."""

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("audit event")
        verbose_name_plural = _("ledger")
        default_permissions = ("view",)
        permissions = [
            *((operation.value, operation.label) for operation in GRANTED_OPERATIONS),
            ("view_event_people", _("See names, reasons and details in the ledger")),
            ("view_event_sources", _("See source addresses in the ledger")),
        ]
        constraints = [
            models.CheckConstraint(
                condition=(Q(outcome=Outcome.REFUSED) & ~Q(refusal=""))
                | (~Q(outcome=Outcome.REFUSED) & Q(refusal="")),
                name="refusal_names_its_cause",
            ),
        ]
        indexes = [
            models.Index(F("at").desc(), F("id").desc(), name="event_by_time"),
            models.Index("actor_id", F("at").desc(), F("id").desc(), name="event_by_actor"),
            models.Index("subject_id", F("at").desc(), F("id").desc(), name="event_by_subject"),
            models.Index("operation", F("at").desc(), F("id").desc(), name="event_by_operation"),
            models.Index("trace", name="event_by_trace"),
            models.Index(
                "ticket",
                F("at").desc(),
                F("id").desc(),
                condition=~Q(ticket=""),
                name="event_by_ticket",
            ),
            models.Index(
                "source_address",
                F("at").desc(),
                F("id").desc(),
                condition=~Q(source_address=""),
                name="event_by_source",
            ),
            models.Index(
                "refusal",
                F("at").desc(),
                F("id").desc(),
                condition=~Q(refusal=""),
                name="event_by_refusal",
            ),
            # Found by their beginnings too, which PostgreSQL's own order of texts can't do.
            models.Index(
                fields=["actor_name", "-at", "-id"],
                opclasses=["varchar_pattern_ops", "timestamptz_ops", "int8_ops"],
                name="event_by_actor_name",
            ),
            models.Index(
                fields=["subject_name", "-at", "-id"],
                opclasses=["varchar_pattern_ops", "timestamptz_ops", "int8_ops"],
                name="event_by_subject_name",
            ),
            models.Index(
                F("at").desc(),
                F("id").desc(),
                condition=Q(subject_tier=Tier.PRIVILEGED),
                name="event_privileged",
            ),
            models.Index(
                F("at").desc(),
                F("id").desc(),
                condition=~Q(outcome=Outcome.COMPLETED),
                name="event_not_completed",
            ),
        ]

    def __str__(self) -> str:
        return f"{Operation(self.operation).label}: {Outcome(self.outcome).label}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Append this event. An event that is there already is never written again."""
        if not self._state.adding:
            raise LedgerIsWrittenOnce
        self.content = content_of(vars(self))
        super().save(*args, **kwargs | {"force_insert": True})

    def delete(self, *_: Any, **__: Any) -> NoReturn:
        raise LedgerIsWrittenOnce


class FailureTally(models.Model):
    """Failures of one kind from one source in one minute, beyond what is recorded singly.

    The worker turns each into one event, so that a stranger cannot flood the ledger.
    """

    key = models.CharField(max_length=64, primary_key=True)
    minute = models.DateTimeField()
    operation = models.CharField(max_length=40, choices=Operation)
    refusal = models.CharField(max_length=40)
    source_address = models.CharField(max_length=45, blank=True)
    count = models.PositiveIntegerField(default=0)

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["minute"], name="tally_by_minute")]

    def __str__(self) -> str:
        return f"{self.count} × {self.operation}"
