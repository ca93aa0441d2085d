"""What the worker has counted: small tables that pages read instead of the large ones."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from recovery.enums import Measure


class Figure(models.Model):
    """One number of a measure on one day (UTC). All of them can be counted anew at any time."""

    measure = models.CharField(_("measure"), max_length=16, choices=Measure)
    day = models.DateField(_("day"))
    quarter = models.PositiveSmallIntegerField(_("quarter of an hour"), default=0)
    """Of the day, in UTC: an hour of every time zone is made of four whole ones."""
    key = models.CharField(_("of what"), max_length=64, blank=True)
    value = models.PositiveBigIntegerField(_("value"))

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["measure", "day", "quarter", "key"], name="one_figure_for_each_key"
            )
        ]

    def __str__(self) -> str:
        return f"{self.measure} {self.day} {self.key}: {self.value}"


class Restoration(models.Model):
    """The desk helped somebody; when they were back, if they are.

    One for each time that somebody needs the desk, however often it tried until they were back.
    """

    sequence = models.BigIntegerField(primary_key=True)
    """The place in the chain of the first help."""
    event_id = models.BigIntegerField(unique=True)
    subject_id = models.CharField(max_length=64)
    helped_at = models.DateTimeField(_("helped"))
    restored_at = models.DateTimeField(_("back"), null=True)

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(
                fields=["subject_id"],
                condition=Q(restored_at__isnull=True),
                name="restoration_waiting",
            ),
            models.Index(fields=["helped_at"], name="restoration_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.event_id}: {self.helped_at} – {self.restored_at or ''}"
