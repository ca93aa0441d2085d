"""Counts of failures that belong to a source, and the marks of forms that were used."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class Throttle(models.Model):
    """Failures under one key: at a door, a name with its source, or a source alone."""

    key = models.CharField(max_length=64, primary_key=True)
    failures = models.PositiveIntegerField(default=0)
    retry_at = models.DateTimeField(default=timezone.now)
    last_failed_at = models.DateTimeField(default=timezone.now, db_index=True)
    """For a source alone: up to when its failures have been halved, hour by hour."""

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.failures} failures"


class UsedForm(models.Model):
    """The mark of a form that was submitted: its unique key is what stops a second time."""

    digest = models.CharField(max_length=64, primary_key=True)
    used_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"used {self.used_at:%Y-%m-%d %H:%M}Z"
