"""Everything that can be done to a subject. Callers import from here, never from a submodule."""

from recovery.actions.authenticators import report_authenticator_lost
from recovery.actions.backup_codes import IssuedCodes, issue_phone_code, regenerate_backup_codes
from recovery.actions.opening import open_recovery_link
from recovery.actions.recovery_links import send_recovery_link, withdraw_recovery_link
from recovery.actions.reenrolment import lift_reenrolment, require_reenrolment
from recovery.actions.staff import change_role, enrol_staff, invite_staff, remove_staff

__all__ = [
    "IssuedCodes",
    "change_role",
    "enrol_staff",
    "invite_staff",
    "issue_phone_code",
    "lift_reenrolment",
    "open_recovery_link",
    "regenerate_backup_codes",
    "remove_staff",
    "report_authenticator_lost",
    "require_reenrolment",
    "send_recovery_link",
    "withdraw_recovery_link",
]
