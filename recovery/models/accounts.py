"""One narrow row of state per user, and the searched text apart from it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.db.models.lookups import Exact, GreaterThanOrEqual, LessThan, LessThanOrEqual
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from recovery.enums import Enrolment, FlagOrigin, Tier
from recovery.models.orders import LONG_AGO, NEVER_DUE, DueOrder, RecoveryOrder
from recovery.trace import LENGTH, current_trace

COUNTERS = (
    "backup_codes_left",
    "backup_codes_total",
    "backup_codes_issued_at",
    "failures",
    "retry_at",
    "session_generation",
    "trusted_password",
    "seen_password",
    "password_changed_at",
)
"""Columns that change by expressions, in the transaction of the rows they count: no history."""


class Traced(models.Model):
    """A version of a row that says which events were recorded with it."""

    trace = models.CharField(
        max_length=LENGTH, default=current_trace, blank=True, editable=False, db_index=True
    )

    class Meta:
        abstract = True


class AccountQuerySet(models.QuerySet["Account"]):
    """What lists and filters ask for, each from the narrow row alone."""

    def without_codes(self) -> AccountQuerySet:
        return self.filter(backup_codes_left=0)

    def low_on_codes(self, *, limit: int) -> AccountQuerySet:
        return self.filter(backup_codes_left__gt=0, backup_codes_left__lte=limit)

    def flagged(self) -> AccountQuerySet:
        """Said as an index holds it: nobody else has a date or a flag to date it from."""
        return self.filter(LessThan(DueOrder(), NEVER_DUE))

    def not_flagged(self) -> AccountQuerySet:
        return self.filter(Exact(DueOrder(), NEVER_DUE))

    def overdue(self) -> AccountQuerySet:
        now = timezone.now()
        return self.filter(LessThanOrEqual(DueOrder(), now), reenrolment_due_at__lte=now)

    def recovered_since(self, moment: datetime) -> AccountQuerySet:
        return self.filter(GreaterThanOrEqual(RecoveryOrder(), moment))

    def never_recovered(self) -> AccountQuerySet:
        return self.filter(Exact(RecoveryOrder(), LONG_AGO))

    def ever_enrolled(self) -> AccountQuerySet:
        return self.exclude(enrolment=Enrolment.NOT_ENROLLED)


class Account(models.Model):
    """Where a user stands with recovery: what the desk's lists and filters need, and no more.

    Narrow on purpose: a bulk flag rewrites these rows, and wide ones with a text index would
    make it ten times slower.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="recovery_account"
    )
    enrolment = models.CharField(
        _("enrolment"), max_length=24, choices=Enrolment, default=Enrolment.NOT_ENROLLED
    )
    enrolled_at = models.DateTimeField(_("first enrolled"), null=True, blank=True)
    reenrolment_required_at = models.DateTimeField(_("flagged"), null=True, blank=True)
    reenrolment_due_at = models.DateTimeField(_("due"), null=True, blank=True)
    reenrolment_origin = models.CharField(
        _("flag raised by"), max_length=16, choices=FlagOrigin, blank=True
    )
    reenrolment_reason = models.TextField(_("reason of the flag"), blank=True)
    last_recovered_at = models.DateTimeField(_("last recovery"), null=True, blank=True)
    tier = models.CharField(_("tier"), max_length=12, choices=Tier, default=Tier.STANDARD)
    frozen_at = models.DateTimeField(_("frozen"), null=True, blank=True)
    power_suspended_at = models.DateTimeField(_("console power suspended"), null=True, blank=True)
    """A recovered member of staff has no power in the console until a lead confirms it."""
    told_only_at_link_address_at = models.DateTimeField(
        _("told only where the link went"), null=True, blank=True
    )
    """Nobody else heard of the last recovery (NIST SP 800-63B-4 4.6): staff should ask."""

    backup_codes_left = models.PositiveSmallIntegerField(_("codes left"), default=0)
    backup_codes_total = models.PositiveSmallIntegerField(_("codes issued"), default=0)
    backup_codes_issued_at = models.DateTimeField(_("codes issued at"), null=True, blank=True)
    failures = models.PositiveIntegerField(_("wrong codes in a row"), default=0)
    retry_at = models.DateTimeField(_("next attempt from"), null=True, blank=True)
    session_generation = models.PositiveIntegerField(_("session generation"), default=0)
    trusted_password = models.CharField(max_length=64, blank=True, editable=False)
    """Digest of the password hash last used in a two-factor sign-in."""
    seen_password = models.CharField(max_length=64, blank=True, editable=False)
    """Digest of the password hash last seen on the user, by which a change is noticed."""
    password_changed_at = models.DateTimeField(null=True, blank=True, editable=False)

    history = HistoricalRecords(
        bases=[Traced],
        excluded_fields=list(COUNTERS),
        history_change_reason_field=models.TextField(null=True),
    )
    objects = AccountQuerySet.as_manager()

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                condition=Q(backup_codes_left__lte=F("backup_codes_total")),
                name="codes_left_within_issued",
            ),
            models.CheckConstraint(
                condition=Q(enrolled_at__isnull=True) | ~Q(enrolment=Enrolment.NOT_ENROLLED),
                name="once_enrolled_never_not_enrolled",
            ),
            models.CheckConstraint(
                condition=(
                    Q(enrolment=Enrolment.REENROLMENT_REQUIRED)
                    & Q(reenrolment_required_at__isnull=False)
                    & ~Q(reenrolment_origin="")
                )
                | (
                    ~Q(enrolment=Enrolment.REENROLMENT_REQUIRED)
                    & Q(reenrolment_required_at__isnull=True)
                    & Q(reenrolment_due_at__isnull=True)
                    & Q(reenrolment_origin="")
                ),
                name="flag_is_whole_or_absent",
            ),
        ]
        indexes = [
            # Each is an order of the list, with the id for a tie, and is read from either end.
            models.Index("backup_codes_left", "id", name="account_by_codes"),
            models.Index("enrolment", "id", name="account_by_enrolment"),
            models.Index(DueOrder(), "id", name="account_by_due"),
            models.Index(RecoveryOrder(), "id", name="account_by_recovery"),
            models.Index("id", condition=Q(tier=Tier.PRIVILEGED), name="account_privileged"),
        ]

    def __str__(self) -> str:
        return self.user.get_username()

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert, or write the named columns only.

        A stale copy that is saved whole would bring back a spent counter.
        """
        if self.pk is not None and kwargs.get("update_fields") is None:
            raise TypeError("Name the update_fields when you save an account.")
        super().save(*args, **kwargs)

    @property
    def is_flagged(self) -> bool:
        return self.enrolment == Enrolment.REENROLMENT_REQUIRED

    @property
    def must_enrol_now(self) -> bool:
        """Whether the gate is shut: flagged, without a date or with one that has passed.

        Not while recovery is frozen: nobody can enrol then, and whoever still has what was
        bound before must not be shut out by what somebody else did.
        """
        is_due = self.reenrolment_due_at is None or self.is_overdue
        return self.is_flagged and is_due and self.frozen_at is None

    @property
    def is_overdue(self) -> bool:
        """Whether the flag's due date, if it has one, has passed."""
        return self.reenrolment_due_at is not None and self.reenrolment_due_at <= timezone.now()


class AccountText(models.Model):
    """The words to find an account by: kept up with the user, repaired by ``sync_accounts``."""

    account = models.OneToOneField(
        Account, on_delete=models.CASCADE, primary_key=True, related_name="text"
    )
    display_name = models.CharField(_("name"), max_length=320)
    login_name = models.CharField(_("login name"), max_length=320)
    address = models.CharField(_("address"), max_length=320, blank=True)
    staff_number = models.CharField(_("staff number"), max_length=64, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True, editable=False)
    """As their browser last named it: for the times in their mails."""
    folded = models.TextField(editable=False)

    class Meta:
        verbose_name = _("account text")
        default_permissions = ()
        indexes = [
            models.Index("display_name", "account", name="account_text_by_name"),
            models.Index("address", "account", name="account_text_by_address"),
            models.Index(Lower("login_name"), name="text_by_login_any_case"),
            models.Index(Lower("staff_number"), name="text_by_number_any_case"),
            models.Index(Lower("address"), name="text_by_address_any_case"),
        ]

    def __str__(self) -> str:
        return self.display_name
