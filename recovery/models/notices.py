"""Notices: the outbox, and the evidence that somebody was told."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recovery.enums import NoticeState, Operation
from recovery.models.accounts import Account
from recovery.models.links import RecoveryLink

UNDELIVERED_FOR: Final = timedelta(days=30)
"""For how long a dead letter is news. The ledger keeps it for good."""


class NoticeQuerySet(models.QuerySet["Notice"]):
    """Which mails somebody has to hear of."""

    def undelivered(self) -> NoticeQuerySet:
        """Dead letters of the last while, if no later mail has left for the same address."""
        later = Notice.objects.filter(
            state=NoticeState.SENT,
            account=OuterRef("account"),
            address=OuterRef("address"),
            pk__gt=OuterRef("pk"),
        )
        lately = Q(state=NoticeState.DEAD, ended_at__gt=timezone.now() - UNDELIVERED_FOR)
        return self.filter(lately, ~Exists(later))


class Notice(models.Model):
    """One mail to one address. It holds no secret: a link's token is made as the mail leaves."""

    operation = models.CharField(_("about"), max_length=40, choices=Operation)
    account = models.ForeignKey(
        Account, on_delete=models.SET_NULL, null=True, related_name="notices"
    )
    event_id = models.BigIntegerField(_("event"), null=True)
    link = models.ForeignKey(
        RecoveryLink, on_delete=models.CASCADE, null=True, blank=True, related_name="notices"
    )
    address = models.EmailField(_("address"))
    context = models.JSONField(default=dict)
    dedupe_key = models.CharField(max_length=120, unique=True)
    message_id = models.CharField(max_length=120)
    state = models.CharField(
        _("state"), max_length=12, choices=NoticeState, default=NoticeState.QUEUED
    )
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    queued_at = models.DateTimeField(_("queued"), default=timezone.now)
    next_attempt_at = models.DateTimeField(_("next attempt"), default=timezone.now)
    leased_until = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    last_error = models.CharField(_("last error"), max_length=200, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        default_permissions = ()
        indexes = [
            models.Index(
                F("next_attempt_at"),
                F("id"),
                condition=Q(state=NoticeState.QUEUED),
                name="notices_due",
            ),
            models.Index(F("id").desc(), condition=Q(state=NoticeState.DEAD), name="notices_dead"),
            models.Index("event_id", condition=Q(event_id__isnull=False), name="notices_by_event"),
        ]

    def __str__(self) -> str:
        return f"{Operation(self.operation).label}: {NoticeState(self.state).label}"
