"""Everything that can be done to a subject. Callers import from here, never from a submodule."""

from recovery.actions.addresses import add_address, confirm_address, remove_address
from recovery.actions.authenticators import report_authenticator_lost, revoke_authenticator
from recovery.actions.backup_codes import IssuedCodes, issue_phone_code, regenerate_backup_codes
from recovery.actions.enrolment import bind_authenticator, take_backup_codes
from recovery.actions.exporting import export_events
from recovery.actions.freezing import close_incident, freeze_recovery, look_at_veto, veto
from recovery.actions.jobs import act_on_many, cancel_job
from recovery.actions.many import (
    lift_reenrolment_of_many,
    outlook_of_many,
    require_reenrolment_of_many,
    send_recovery_links_to_many,
    withdraw_recovery_links_of_many,
)
from recovery.actions.opening import look_at_link, open_recovery_link
from recovery.actions.recovery_links import send_recovery_link, withdraw_recovery_link
from recovery.actions.reenrolment import lift_reenrolment, require_reenrolment
from recovery.actions.report_jobs import export_workbook, fetch_export
from recovery.actions.reports import export_report
from recovery.actions.reviewing import escalate_event, sign_off_event
from recovery.actions.staff import (
    change_role,
    confirm_staff,
    enrol_staff,
    invite_staff,
    remove_staff,
)

__all__ = [
    "IssuedCodes",
    "act_on_many",
    "add_address",
    "bind_authenticator",
    "cancel_job",
    "change_role",
    "close_incident",
    "confirm_address",
    "confirm_staff",
    "enrol_staff",
    "escalate_event",
    "export_events",
    "export_report",
    "export_workbook",
    "fetch_export",
    "freeze_recovery",
    "invite_staff",
    "issue_phone_code",
    "lift_reenrolment",
    "lift_reenrolment_of_many",
    "look_at_link",
    "look_at_veto",
    "open_recovery_link",
    "outlook_of_many",
    "regenerate_backup_codes",
    "remove_address",
    "remove_staff",
    "report_authenticator_lost",
    "require_reenrolment",
    "require_reenrolment_of_many",
    "revoke_authenticator",
    "send_recovery_link",
    "send_recovery_links_to_many",
    "sign_off_event",
    "take_backup_codes",
    "veto",
    "withdraw_recovery_link",
    "withdraw_recovery_links_of_many",
]
