"""Recovery links: the row is made with the operation, the token only as the mail leaves."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recovery.enums import (
    OPEN_LINK_STATES,
    LinkOrigin,
    LinkPurpose,
    LinkState,
    RequestState,
)
from recovery.models.accounts import Account
from recovery.models.contacts import ContactAddress


class RecoveryLink(models.Model):
    """One permission to open recovery from a confirmed address, used at most once."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="links")
    address = models.ForeignKey(ContactAddress, on_delete=models.CASCADE, related_name="links")
    purpose = models.CharField(max_length=12, choices=LinkPurpose, default=LinkPurpose.RECOVERY)
    state = models.CharField(_("state"), max_length=12, choices=LinkState, default=LinkState.QUEUED)
    origin = models.CharField(max_length=8, choices=LinkOrigin, default=LinkOrigin.DESK)
    password_failures = models.PositiveSmallIntegerField(default=0)
    requested_at = models.DateTimeField(_("requested"), default=timezone.now)
    handed_over_at = models.DateTimeField(_("handed over"), null=True, blank=True)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("recovery link")
        verbose_name_plural = _("recovery links")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["account"],
                condition=Q(state__in=OPEN_LINK_STATES),
                name="one_open_link_per_account",
            ),
            models.CheckConstraint(
                condition=Q(state__in=OPEN_LINK_STATES, ended_at__isnull=True)
                | (~Q(state__in=OPEN_LINK_STATES) & Q(ended_at__isnull=False)),
                name="link_is_open_or_ended",
            ),
            models.CheckConstraint(
                condition=~Q(state=LinkState.LIVE)
                | Q(handed_over_at__isnull=False, expires_at__isnull=False),
                name="live_link_expires",
            ),
        ]
        indexes = [
            models.Index(
                fields=["state", "requested_at"],
                condition=Q(state__in=OPEN_LINK_STATES),
                name="links_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{LinkState(self.state).label}, {self.requested_at:%Y-%m-%d %H:%M}Z"

    @property
    def is_open_now(self) -> bool:
        """Usable, and the account's recovery is not frozen."""
        return self.is_usable and self.account.frozen_at is None

    @property
    def is_usable(self) -> bool:
        return (
            self.state == LinkState.LIVE
            and self.expires_at is not None
            and self.expires_at > timezone.now()
        )


class RecoveryLinkToken(models.Model):
    """The digest of one mailed token. A retried mail has its own; together they open once."""

    link = models.ForeignKey(RecoveryLink, on_delete=models.CASCADE, related_name="tokens")
    digest = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"token of link {self.link_id}"


class LinkRequest(models.Model):
    """A holder's wish for a link, written whatever will come of it; the worker decides."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="link_requests")
    requested_at = models.DateTimeField(default=timezone.now)
    source_address = models.CharField(max_length=45, blank=True)
    state = models.CharField(max_length=8, choices=RequestState, default=RequestState.WAITING)
    refusal = models.CharField(max_length=40, blank=True)

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(
                fields=["id"], condition=Q(state=RequestState.WAITING), name="link_requests_waiting"
            ),
            models.Index(fields=["account", "requested_at"], name="link_requests_of_account"),
        ]

    def __str__(self) -> str:
        return f"{self.state}, {self.requested_at:%Y-%m-%d %H:%M}Z"
