"""The addresses that a person can be told things at, and, once old enough, sent a link."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recovery.conf import conf
from recovery.models.accounts import Account


class ContactAddressQuerySet(models.QuerySet["ContactAddress"]):
    """Which addresses may be told things, and which may receive a link."""

    def kept(self) -> ContactAddressQuerySet:
        return self.filter(removed_at__isnull=True)

    def confirmed(self) -> ContactAddressQuerySet:
        return self.kept().filter(confirmed_at__isnull=False)

    def old_enough_for_links(self) -> ContactAddressQuerySet:
        """Confirmed, and confirmed long enough ago that a thief would have been noticed."""
        return self.confirmed().filter(confirmed_at__lte=timezone.now() - conf.ADDRESS_MIN_AGE)


class ContactAddress(models.Model):
    """An e-mail address of an account holder. Staff and imports add unconfirmed ones only."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="addresses")
    address = models.EmailField(_("address"))
    added_at = models.DateTimeField(_("added"), default=timezone.now)
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, blank=True)
    confirmed_from = models.CharField(_("confirmed from"), max_length=64, blank=True)
    removed_at = models.DateTimeField(_("removed"), null=True, blank=True)

    objects = ContactAddressQuerySet.as_manager()

    class Meta:
        verbose_name = _("confirmed address")
        verbose_name_plural = _("confirmed addresses")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["account", "address"],
                condition=Q(removed_at__isnull=True),
                name="address_once_per_account",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_at__isnull=True, confirmed_from="")
                | (Q(confirmed_at__isnull=False) & ~Q(confirmed_from="")),
                name="confirmation_names_its_source",
            ),
        ]
        indexes = [models.Index(Lower("address"), name="contact_by_address_any_case")]

    def __str__(self) -> str:
        return self.address


class AddressConfirmation(models.Model):
    """The code that was mailed to an unconfirmed address: its digest, made as the mail left."""

    address = models.OneToOneField(
        ContactAddress, on_delete=models.CASCADE, related_name="confirmation"
    )
    recipe = models.JSONField()
    digest = models.CharField(max_length=64)
    failures = models.PositiveSmallIntegerField(default=0)
    expires_at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"confirmation of address {self.address_id}"
