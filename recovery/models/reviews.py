"""The review queue: which events somebody has to look at, and what they said."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recovery.enums import ReviewCause, ReviewVerdict
from recovery.models.audit import NAME_LENGTH, AuditEvent


class ReviewItem(models.Model):
    """One event in the queue. What is said of it is an event of its own as well."""

    event = models.OneToOneField(
        AuditEvent, on_delete=models.DO_NOTHING, related_name="review", db_constraint=False
    )
    sequence = models.BigIntegerField(_("sequence"), unique=True)
    cause = models.CharField(_("why"), max_length=12, choices=ReviewCause)
    queued_at = models.DateTimeField(_("queued"), default=timezone.now)
    verdict = models.CharField(_("verdict"), max_length=12, choices=ReviewVerdict, blank=True)
    reviewer_id = models.CharField(max_length=64, blank=True)
    reviewer_name = models.CharField(_("reviewer"), max_length=NAME_LENGTH, blank=True)
    comment = models.TextField(_("comment"), blank=True)
    reviewed_at = models.DateTimeField(_("reviewed"), null=True, blank=True)

    class Meta:
        verbose_name = _("event to review")
        verbose_name_plural = _("review")
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                condition=Q(verdict="", reviewed_at__isnull=True)
                | (~Q(verdict="") & Q(reviewed_at__isnull=False)),
                name="verdict_is_whole_or_absent",
            ),
        ]
        indexes = [
            models.Index(F("sequence"), condition=Q(verdict=""), name="review_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.sequence}: {ReviewCause(self.cause).label}"
