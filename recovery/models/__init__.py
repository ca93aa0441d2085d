"""What is stored: fields, constraints and querysets. The rules live in policy and actions."""

from recovery.models.accounts import Account, AccountText
from recovery.models.audit import AuditEvent, FailureTally
from recovery.models.authenticators import TotpAuthenticator
from recovery.models.chain import (
    ChainEntry,
    Checkpoint,
    Cursor,
    LedgerDay,
    PurgeRecord,
    SigningKey,
)
from recovery.models.codes import BackupCode, BackupCodeSet
from recovery.models.contacts import AddressConfirmation, ContactAddress
from recovery.models.figures import Figure, Restoration
from recovery.models.incidents import Incident
from recovery.models.jobs import Job, JobChunk, JobRow
from recovery.models.links import LinkRequest, RecoveryLink, RecoveryLinkToken
from recovery.models.notices import Notice
from recovery.models.reviews import ReviewItem
from recovery.models.throttles import Throttle, UsedForm

__all__ = [
    "Account",
    "AccountText",
    "AddressConfirmation",
    "AuditEvent",
    "BackupCode",
    "BackupCodeSet",
    "ChainEntry",
    "Checkpoint",
    "ContactAddress",
    "Cursor",
    "FailureTally",
    "Figure",
    "Incident",
    "Job",
    "JobChunk",
    "JobRow",
    "LedgerDay",
    "LinkRequest",
    "Notice",
    "PurgeRecord",
    "RecoveryLink",
    "RecoveryLinkToken",
    "Restoration",
    "ReviewItem",
    "SigningKey",
    "Throttle",
    "TotpAuthenticator",
    "UsedForm",
]
