"""What a lead has to look into, open until one says what came of it."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recovery.enums import IncidentKind
from recovery.models.accounts import Account


class Incident(models.Model):
    """Something is wrong with an account, or with the ledger: about what, and what it froze."""

    account = models.ForeignKey(
        Account, on_delete=models.CASCADE, null=True, related_name="incidents"
    )
    """None where it is about the ledger."""
    kind = models.CharField(_("kind"), max_length=16, choices=IncidentKind)
    event_id = models.BigIntegerField(_("about event"), null=True, unique=True)
    """The event that was vetoed. Unique: an old mail can't freeze an account again."""
    raised_at = models.DateTimeField(_("raised"), default=timezone.now)
    froze = models.JSONField(_("what it froze"), default=dict)
    finding = models.CharField(_("finding"), max_length=200, blank=True)
    """What does not fit, where it is about the ledger; or what a reviewer said."""
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    closed_by = models.CharField(_("closed by"), max_length=320, blank=True)
    note = models.TextField(_("note"), blank=True)

    class Meta:
        verbose_name = _("incident")
        verbose_name_plural = _("incidents")
        default_permissions = ()
        indexes = [
            models.Index(
                F("raised_at").desc(), condition=Q(closed_at__isnull=True), name="incidents_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{IncidentKind(self.kind).label}, {self.raised_at:%Y-%m-%d %H:%M}Z"
