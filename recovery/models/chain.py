"""The chain over the ledger, and what is signed about it. All of it is written once."""

from __future__ import annotations

from django.db import models
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recovery.enums import DayState
from recovery.models.audit import AuditEvent


class ChainEntry(models.Model):
    """One event's place in the chain. The database writes it, as its transaction ends."""

    sequence = models.BigIntegerField(_("sequence"), primary_key=True)
    event = models.OneToOneField(
        AuditEvent, on_delete=models.DO_NOTHING, related_name="entry", db_constraint=False
    )
    hash = models.CharField(_("hash"), max_length=64)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.sequence}: {self.hash}"


class SigningKey(models.Model):
    """The public half of a key that checkpoints are signed with, and who vouches for it."""

    fingerprint = models.CharField(_("fingerprint"), max_length=64, primary_key=True)
    """SHA-256 of the raw public key, in hex: what an auditor is told by another way."""
    public_key = models.CharField(_("public key"), max_length=64)
    introduced_at = models.DateTimeField(_("introduced"), default=timezone.now)
    statement = models.TextField(blank=True)
    """What the key before it signed about this one; empty for the first."""
    signature = models.CharField(max_length=128, blank=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.fingerprint


class Checkpoint(models.Model):
    """What the head of the chain was at one time, signed (Ed25519)."""

    sequence = models.BigIntegerField(_("sequence"))
    head = models.CharField(_("head"), max_length=64)
    count = models.BigIntegerField(_("events"))
    at = models.DateTimeField(_("time"), default=timezone.now)
    key = models.ForeignKey(
        SigningKey, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False
    )
    statement = models.TextField()
    """What was signed, in its canonical form."""
    signature = models.CharField(max_length=128)

    class Meta:
        default_permissions = ()
        indexes = [models.Index(F("sequence").desc(), name="checkpoint_by_sequence")]

    def __str__(self) -> str:
        return f"{self.sequence}: {self.head}"


class PurgeRecord(models.Model):
    """Which events left the ledger, and how the chain goes on without them, signed."""

    first_sequence = models.BigIntegerField(_("first"))
    last_sequence = models.BigIntegerField(_("last"))
    last_hash = models.CharField(_("hash of the last"), max_length=64)
    newest_at = models.DateTimeField(_("newest event"))
    export_sha256 = models.CharField(_("SHA-256 of the export"), max_length=64)
    at = models.DateTimeField(_("time"), default=timezone.now)
    key = models.ForeignKey(
        SigningKey, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False
    )
    statement = models.TextField()
    signature = models.CharField(max_length=128)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.first_sequence}–{self.last_sequence}"


class LedgerDay(models.Model):
    """What the last check found of one day (UTC). It can be made anew at any time."""

    day = models.DateField(_("day"), primary_key=True)
    first_sequence = models.BigIntegerField()
    last_sequence = models.BigIntegerField()
    state = models.CharField(_("state"), max_length=12, choices=DayState)
    finding = models.CharField(_("finding"), max_length=16, blank=True)
    found_at_sequence = models.BigIntegerField(null=True)
    checked_at = models.DateTimeField(_("checked"), default=timezone.now)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.day}: {DayState(self.state).label}"


class Cursor(models.Model):
    """How far one of the worker's readers of the chain has come."""

    name = models.CharField(max_length=32, primary_key=True)
    sequence = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, blank=True)
    moved_at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.name}: {self.sequence}"
