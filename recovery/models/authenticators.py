"""TOTP authenticators: a django-otp device whose key is encrypted at rest."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_otp.models import Device

from recovery.enums import EndReason
from recovery.models.devices import DevicesInOrder, note_generation


class TotpAuthenticator(Device):  # type: ignore[misc]  # django-otp has no types
    """An authenticator app (RFC 6238). ``confirmed`` is django-otp's word for bound and alive.

    One that is neither confirmed nor revoked is being enrolled and works nowhere yet.
    """

    encrypted_key = models.TextField(editable=False)
    digits = models.PositiveSmallIntegerField(_("digits"), default=6)
    step_seconds = models.PositiveSmallIntegerField(_("step in seconds"), default=30)
    tolerance = models.PositiveSmallIntegerField(_("steps of clock drift"), default=1)
    last_step = models.BigIntegerField(default=-1, editable=False)
    failures = models.PositiveIntegerField(default=0, editable=False)
    retry_at = models.DateTimeField(null=True, blank=True, editable=False)
    proven_at = models.DateTimeField(_("proven"), null=True, blank=True, editable=False)
    """When a code of it was first typed, while its owner was still enrolling."""
    bound_at = models.DateTimeField(_("bound"), default=timezone.now)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    revoked_because = models.CharField(
        _("revoked because"), max_length=24, choices=EndReason, blank=True
    )

    objects = DevicesInOrder()

    class Meta:
        verbose_name = _("authenticator")
        verbose_name_plural = _("authenticators")
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True, revoked_because="")
                | (Q(confirmed=False, revoked_at__isnull=False) & ~Q(revoked_because="")),
                name="authenticator_revoked_is_dead",
            ),
        ]

    def __str__(self) -> str:
        return str(self.name)

    @property
    def is_blocked(self) -> bool:
        """Whether so many wrong codes in a row were typed that no right one is taken any more."""
        return bool(self.revoked_because == EndReason.TOO_MANY_FAILURES)

    def verify_is_allowed(self) -> tuple[bool, dict[str, Any] | None]:
        """Say to django-otp's forms whether an attempt would be looked at now."""
        if self.confirmed and (self.retry_at is None or self.retry_at <= timezone.now()):
            return True, None
        return False, {"error_message": _("Wait a little, then try the next code.")}

    def verify_token(self, token: str) -> bool:
        """Accept a one-time code once, inside django-otp's transaction. Never raises."""
        from recovery.totp import verify  # noqa: PLC0415 - reads this model

        note_generation(self)
        return verify(self, typed=token)
