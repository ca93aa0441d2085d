"""What is stored: fields, constraints and querysets. The rules live in policy and actions."""

from recovery.models.accounts import Account, AccountText
from recovery.models.audit import AuditEvent, FailureTally
from recovery.models.authenticators import TotpAuthenticator
from recovery.models.codes import BackupCode, BackupCodeSet
from recovery.models.contacts import ContactAddress
from recovery.models.links import RecoveryLink, RecoveryLinkToken
from recovery.models.notices import Notice
from recovery.models.throttles import Throttle, UsedForm

__all__ = [
    "Account",
    "AccountText",
    "AuditEvent",
    "BackupCode",
    "BackupCodeSet",
    "ContactAddress",
    "FailureTally",
    "Notice",
    "RecoveryLink",
    "RecoveryLinkToken",
    "Throttle",
    "TotpAuthenticator",
    "UsedForm",
]
