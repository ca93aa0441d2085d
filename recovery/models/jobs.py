"""Jobs: what the worker does for somebody who looks in again later, row by row."""

from __future__ import annotations

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recovery.enums import JOBS_UNDER_WAY, JobKind, JobState, Operation, RowState
from recovery.models.audit import NAME_LENGTH, TICKET_LENGTH
from recovery.trace import LENGTH, current_trace


class JobQuerySet(models.QuerySet["Job"]):
    """Whose jobs they are."""

    def seen_by(self, user: Any) -> Self:
        """Those that ``user`` asked for; of whoever may act on many accounts, all."""
        if user is None or not user.is_active:
            return self.none()
        if user.has_perm(Operation.ACT_ON_MANY.permission):
            return self
        return self.filter(owner=user.pk)

    def under_way(self) -> Self:
        """Those that a worker has, or will have."""
        return self.filter(state__in=JOBS_UNDER_WAY)


class Job(models.Model):
    """What was asked for, on whose authority, and how far it is."""

    kind = models.CharField(_("kind"), max_length=12, choices=JobKind)
    operation = models.CharField(_("operation"), max_length=40, choices=Operation)
    """What is done: to each row, or the export that is made."""
    state = models.CharField(_("state"), max_length=12, choices=JobState, default=JobState.WAITING)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    owner_name = models.CharField(_("asked by"), max_length=NAME_LENGTH)
    authority = models.JSONField(default=dict, editable=False)
    """How their session was verified as they asked: see ``recovery.jobs.authority``."""
    reason = models.TextField(_("reason"), blank=True)
    ticket = models.CharField(_("ticket"), max_length=TICKET_LENGTH, blank=True)
    parameters = models.JSONField(default=dict, editable=False)
    trace = models.CharField(max_length=LENGTH, default=current_trace, editable=False)

    asked_at = models.DateTimeField(_("asked"), default=timezone.now)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    cancel_asked_at = models.DateTimeField(null=True, blank=True, editable=False)
    lease = models.CharField(max_length=32, blank=True, editable=False)
    """Which worker has it: one that was taken for dead can't go on with it."""
    leased_until = models.DateTimeField(null=True, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    failure = models.CharField(_("why not"), max_length=40, blank=True)
    """The code of a refusal, or ``broken``."""

    rows_total = models.PositiveIntegerField(_("rows"), default=0)
    rows_seen = models.PositiveIntegerField(_("rows seen"), default=0)
    rows_done = models.PositiveIntegerField(_("done"), default=0)
    rows_unchanged = models.PositiveIntegerField(_("already so"), default=0)
    rows_refused = models.PositiveIntegerField(_("refused"), default=0)

    file_name = models.CharField(_("file"), max_length=200, blank=True)
    file_size = models.PositiveBigIntegerField(default=0)
    file_digest = models.CharField(_("SHA-256"), max_length=64, blank=True)
    file_kept_until = models.DateTimeField(_("kept until"), null=True, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        default_permissions = ()
        indexes = [
            models.Index("owner", F("id").desc(), name="jobs_by_owner"),
            models.Index(
                "asked_at", "id", condition=Q(state__in=JOBS_UNDER_WAY), name="jobs_under_way"
            ),
            models.Index(
                "file_kept_until",
                condition=Q(file_kept_until__isnull=False),
                name="jobs_with_a_file",
            ),
        ]

    def __str__(self) -> str:
        return f"{Operation(self.operation).label}: {JobState(self.state).label}"

    @property
    def is_under_way(self) -> bool:
        """Whether the worker has it, or will have."""
        return self.state in JOBS_UNDER_WAY

    @property
    def has_file(self) -> bool:
        """Whether there is a file to fetch, and its day is not over."""
        return self.file_kept_until is not None and self.file_kept_until > timezone.now()


class JobRow(models.Model):
    """One account of a job: a line of a table, or one that was selected."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField(_("line"))
    """The line of the file, as a person counts; of a selection, its place."""
    given = models.CharField(_("as it was given"), max_length=NAME_LENGTH, blank=True)
    account_id = models.BigIntegerField(null=True)
    value = models.CharField(max_length=NAME_LENGTH, blank=True)
    """What else the line says: an address."""
    state = models.CharField(_("state"), max_length=12, choices=RowState, default=RowState.WAITING)
    refusal = models.CharField(_("why not"), max_length=40, blank=True)
    event_id = models.BigIntegerField(_("event"), null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["job", "number"], name="one_row_a_line"),
        ]
        indexes = [
            models.Index("job", "state", "number", name="job_rows_by_state"),
            models.Index("job", "account_id", "number", name="job_rows_by_account"),
        ]

    def __str__(self) -> str:
        return f"{self.number}: {self.given}"


class JobChunk(models.Model):
    """A piece of a file that waits for its owner, where every web host can read it."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="chunks")
    number = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["job", "number"], name="one_chunk_a_number"),
        ]

    def __str__(self) -> str:
        return f"{self.job_id}: {self.number}"
