"""Sets of backup codes: a django-otp device each, digests only."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_otp.models import Device

from recovery.enums import CodeKind, EndReason
from recovery.hashers import Recipe
from recovery.models.devices import DevicesInOrder, note_generation


class BackupCodeSet(Device):  # type: ignore[misc]  # django-otp has no types
    """A set of look-up secrets that every django-otp login accepts as a device.

    ``confirmed`` is django-otp's word for alive. A dead set stays, with when and why it died.
    One that is neither was shown to its owner, who has not typed a code of it back yet.
    """

    kind = models.CharField(_("kind"), max_length=8, choices=CodeKind, default=CodeKind.SAVED)
    recipe = models.JSONField(_("recipe"))
    issued_at = models.DateTimeField(_("issued"), default=timezone.now)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    adopted_from = models.CharField(_("adopted from"), max_length=32, blank=True)
    """The system that made these codes; empty for our own, which alone have our printed form."""
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    ended_because = models.CharField(
        _("ended because"), max_length=24, choices=EndReason, blank=True
    )

    objects = DevicesInOrder()

    class Meta:
        verbose_name = _("set of backup codes")
        verbose_name_plural = _("sets of backup codes")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["user", "kind"], condition=Q(confirmed=True), name="one_live_set_per_kind"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_because="")
                | (Q(confirmed=False, ended_at__isnull=False) & ~Q(ended_because="")),
                name="ended_set_is_dead",
            ),
            models.CheckConstraint(
                condition=Q(kind=CodeKind.SAVED) | Q(expires_at__isnull=False),
                name="phone_code_expires",
            ),
        ]

    def __str__(self) -> str:
        return str(CodeKind(self.kind).label)

    @property
    def stored_recipe(self) -> Recipe:
        return Recipe.from_stored(self.recipe)

    @property
    def is_live(self) -> bool:
        expired = self.expires_at is not None and self.expires_at <= timezone.now()
        return self.confirmed and not expired

    def verify_is_allowed(self) -> tuple[bool, dict[str, Any] | None]:
        """Say to django-otp's forms whether an attempt would be looked at now."""
        from recovery.redemption import refusal_to_look  # noqa: PLC0415 - reads this model

        reason = refusal_to_look(self)
        return (True, None) if reason is None else (False, {"error_message": reason})

    def verify_token(self, token: str) -> bool:
        """Redeem a code inside django-otp's transaction. Returns False, never raises."""
        from recovery.redemption import redeem_in_set  # noqa: PLC0415 - reads this model

        note_generation(self)
        return redeem_in_set(self, typed=token)


class BackupCode(models.Model):
    """One code: its digest until it is redeemed, and then only the mark that it was there.

    The digest is blanked on use because it has no further purpose and the row still has: it
    says when, and it keeps the counters provable.
    """

    set = models.ForeignKey(BackupCodeSet, on_delete=models.CASCADE, related_name="codes")
    digest = models.CharField(max_length=64, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["set", "digest"], condition=~Q(digest=""), name="digest_once_in_a_set"
            ),
            models.CheckConstraint(
                condition=Q(used_at__isnull=True) | Q(digest=""), name="used_code_is_blank"
            ),
        ]

    def __str__(self) -> str:
        return f"code {self.pk}"
