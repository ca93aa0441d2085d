"""Which of OCSF's classes and activities each operation is: closed, like the operations."""

from __future__ import annotations

from enum import IntEnum
from typing import Final, NamedTuple

from recovery.enums import AuthenticatorKind, Operation, Outcome


class EventClass(IntEnum):
    """The classes that we use, by their ``class_uid``."""

    EVENT_LOG_ACTIVITY = 1008
    DETECTION_FINDING = 2004
    ACCOUNT_CHANGE = 3001
    AUTHENTICATION = 3002
    ENTITY_MANAGEMENT = 3004
    USER_ACCESS = 3005
    GROUP_MANAGEMENT = 3006
    APPLICATION_LIFECYCLE = 6002

    @property
    def category(self) -> int:
        """The ``category_uid``: the thousands of the class."""
        return self // 1000


class Activity(NamedTuple):
    """One activity of a class."""

    event_class: EventClass
    number: int
    name: str = ""
    """OCSF's caption; empty for 99 Other, which is called what we call the operation."""


WITHOUT_ACTOR: Final = frozenset(
    {EventClass.DETECTION_FINDING, EventClass.APPLICATION_LIFECYCLE},
)
"""Classes that have no room for who it was and where they came from."""
WITHOUT_REQUEST: Final = WITHOUT_ACTOR | {EventClass.EVENT_LOG_ACTIVITY}
OTHER: Final = 99

LOGON: Final = Activity(EventClass.AUTHENTICATION, 1, "Logon")
LOGOFF: Final = Activity(EventClass.AUTHENTICATION, 2, "Logoff")
OTHER_AUTHENTICATION: Final = Activity(EventClass.AUTHENTICATION, OTHER)
ENABLE_FACTOR: Final = Activity(EventClass.ACCOUNT_CHANGE, 10, "MFA Factor Enable")
DISABLE_FACTOR: Final = Activity(EventClass.ACCOUNT_CHANGE, 11, "MFA Factor Disable")
OTHER_CHANGE: Final = Activity(EventClass.ACCOUNT_CHANGE, OTHER)
READ_ENTITY: Final = Activity(EventClass.ENTITY_MANAGEMENT, 2, "Read")
UPDATE_ENTITY: Final = Activity(EventClass.ENTITY_MANAGEMENT, 3, "Update")
DELETE_ENTITY: Final = Activity(EventClass.ENTITY_MANAGEMENT, 4, "Delete")
OTHER_MANAGEMENT: Final = Activity(EventClass.ENTITY_MANAGEMENT, OTHER)
ASSIGN: Final = Activity(EventClass.USER_ACCESS, 1, "Assign Privileges")
REVOKE: Final = Activity(EventClass.USER_ACCESS, 2, "Revoke Privileges")
OTHER_ACCESS: Final = Activity(EventClass.USER_ACCESS, OTHER)
ASSIGN_TO_GROUP: Final = Activity(EventClass.GROUP_MANAGEMENT, 1, "Assign Privileges")
REVOKE_FROM_GROUP: Final = Activity(EventClass.GROUP_MANAGEMENT, 2, "Revoke Privileges")
DELETE_LOG: Final = Activity(EventClass.EVENT_LOG_ACTIVITY, 2, "Delete")
EXPORT_LOG: Final = Activity(EventClass.EVENT_LOG_ACTIVITY, 3, "Export")
OTHER_LOG: Final = Activity(EventClass.EVENT_LOG_ACTIVITY, OTHER)
START: Final = Activity(EventClass.APPLICATION_LIFECYCLE, 3, "Start")
STOP: Final = Activity(EventClass.APPLICATION_LIFECYCLE, 4, "Stop")
ALARM: Final = Activity(EventClass.DETECTION_FINDING, 1, "Create")

ACTIVITIES: Final[dict[Operation, Activity]] = {
    Operation.REGENERATE_BACKUP_CODES: ENABLE_FACTOR,
    Operation.ISSUE_PHONE_CODE: ENABLE_FACTOR,
    Operation.SEND_RECOVERY_LINK: OTHER_CHANGE,
    Operation.WITHDRAW_RECOVERY_LINK: OTHER_CHANGE,
    Operation.REQUIRE_REENROLMENT: OTHER_CHANGE,
    Operation.LIFT_REENROLMENT: OTHER_CHANGE,
    Operation.REPORT_AUTHENTICATOR_LOST: DISABLE_FACTOR,
    Operation.INVITE_STAFF: ASSIGN,
    Operation.CHANGE_ROLE: ASSIGN,
    Operation.REMOVE_STAFF: REVOKE,
    Operation.CONFIRM_STAFF: OTHER_ACCESS,
    Operation.CLOSE_INCIDENT: OTHER_CHANGE,
    Operation.EXPORT_ACCOUNTS: OTHER_MANAGEMENT,
    Operation.EXPORT_EVENTS: EXPORT_LOG,
    Operation.EXPORT_ACTIONS: EXPORT_LOG,
    Operation.ACT_ON_MANY: OTHER_MANAGEMENT,
    Operation.IMPORT_TABLE: OTHER_MANAGEMENT,
    Operation.IMPORT_ADDRESS: OTHER_CHANGE,
    Operation.SIGN_OFF_EVENT: OTHER_MANAGEMENT,
    Operation.ESCALATE_EVENT: OTHER_MANAGEMENT,
    Operation.SIGN_IN: LOGON,
    Operation.STEP_UP: OTHER_AUTHENTICATION,
    Operation.SIGN_OUT: LOGOFF,
    Operation.REDEEM_BACKUP_CODE: OTHER_AUTHENTICATION,
    Operation.REDEEM_PHONE_CODE: OTHER_AUTHENTICATION,
    Operation.OPEN_RECOVERY_LINK: OTHER_AUTHENTICATION,
    Operation.HOLDER_SIGN_IN: LOGON,
    Operation.HOLDER_STEP_UP: OTHER_AUTHENTICATION,
    Operation.HOLDER_SIGN_OUT: LOGOFF,
    Operation.ASK_RECOVERY_LINK: OTHER_CHANGE,
    Operation.BIND_AUTHENTICATOR: ENABLE_FACTOR,
    Operation.TAKE_BACKUP_CODES: ENABLE_FACTOR,
    Operation.REVOKE_AUTHENTICATOR: DISABLE_FACTOR,
    Operation.ADD_ADDRESS: OTHER_CHANGE,
    Operation.CONFIRM_ADDRESS: OTHER_CHANGE,
    Operation.REMOVE_ADDRESS: OTHER_CHANGE,
    Operation.FREEZE_RECOVERY: OTHER_CHANGE,
    Operation.VETO: OTHER_CHANGE,
    Operation.NOTE_FAILED_ATTEMPTS: OTHER_AUTHENTICATION,
    Operation.KILL_BACKUP_CODES: DISABLE_FACTOR,
    Operation.KILL_AUTHENTICATOR: DISABLE_FACTOR,
    Operation.HAND_OVER_RECOVERY_LINK: OTHER_CHANGE,
    Operation.CANCEL_RECOVERY_LINK: OTHER_CHANGE,
    Operation.EXPIRE_RECOVERY_LINK: OTHER_CHANGE,
    Operation.EXPIRE_PHONE_CODE: DISABLE_FACTOR,
    Operation.DELIVER_NOTICE: OTHER_CHANGE,
    Operation.ENROL_STAFF: ENABLE_FACTOR,
    Operation.ADOPT_AUTHENTICATOR: ENABLE_FACTOR,
    Operation.ADOPT_BACKUP_CODES: ENABLE_FACTOR,
    Operation.ADOPT_ADDRESS: OTHER_CHANGE,
    Operation.ROTATE_KEYS: UPDATE_ENTITY,
    Operation.RECONCILE: OTHER_CHANGE,
    Operation.OPEN_ACCOUNT: READ_ENTITY,
    Operation.SEARCH_ACCOUNTS: OTHER_MANAGEMENT,
    Operation.READ_LEDGER: READ_ENTITY,
    Operation.OPEN_EVENT: READ_ENTITY,
    Operation.CHANGE_RIGHTS: ASSIGN,
    Operation.START_SERVICE: START,
    Operation.STOP_SERVICE: STOP,
    Operation.CHAIN_LEDGER: OTHER_LOG,
    Operation.VERIFY_LEDGER: OTHER_LOG,
    Operation.PURGE_LEDGER: DELETE_LOG,
    Operation.ROTATE_SIGNING_KEY: UPDATE_ENTITY,
    Operation.RAISE_ALARM: ALARM,
    Operation.CANCEL_JOB: UPDATE_ENTITY,
    Operation.FINISH_JOB: UPDATE_ENTITY,
    Operation.DELETE_EXPORT: DELETE_ENTITY,
}

THINGS: Final[dict[Operation, str]] = {
    Operation.EXPORT_ACCOUNTS: "Accounts",
    Operation.ACT_ON_MANY: "Accounts",
    Operation.IMPORT_TABLE: "Accounts",
    Operation.CANCEL_JOB: "Job",
    Operation.FINISH_JOB: "Job",
    Operation.DELETE_EXPORT: "File of an export",
    Operation.SEARCH_ACCOUNTS: "Accounts",
    Operation.READ_LEDGER: "Ledger",
    Operation.OPEN_EVENT: "Audit event",
    Operation.SIGN_OFF_EVENT: "Audit event",
    Operation.ESCALATE_EVENT: "Audit event",
    Operation.OPEN_ACCOUNT: "Account",
    Operation.ROTATE_KEYS: "Encryption keys",
    Operation.ROTATE_SIGNING_KEY: "Signing key of the ledger",
}
"""The entity that an operation of Entity Management is about."""

FACTORS: Final[dict[Operation, AuthenticatorKind]] = {
    Operation.REGENERATE_BACKUP_CODES: AuthenticatorKind.BACKUP_CODE,
    Operation.ISSUE_PHONE_CODE: AuthenticatorKind.PHONE_CODE,
    Operation.REDEEM_BACKUP_CODE: AuthenticatorKind.BACKUP_CODE,
    Operation.REDEEM_PHONE_CODE: AuthenticatorKind.PHONE_CODE,
    Operation.BIND_AUTHENTICATOR: AuthenticatorKind.TOTP,
    Operation.TAKE_BACKUP_CODES: AuthenticatorKind.BACKUP_CODE,
    Operation.KILL_BACKUP_CODES: AuthenticatorKind.BACKUP_CODE,
    Operation.KILL_AUTHENTICATOR: AuthenticatorKind.TOTP,
    Operation.EXPIRE_PHONE_CODE: AuthenticatorKind.PHONE_CODE,
    Operation.ENROL_STAFF: AuthenticatorKind.TOTP,
    Operation.ADOPT_AUTHENTICATOR: AuthenticatorKind.TOTP,
    Operation.ADOPT_BACKUP_CODES: AuthenticatorKind.BACKUP_CODE,
}
"""The kind of authenticator that an operation is about, where it is always the same."""

INFORMATIONAL, LOW, MEDIUM, HIGH, CRITICAL = 1, 2, 3, 4, 5

SEVERITIES: Final[dict[Operation | Outcome, int]] = {
    Outcome.COMPLETED: INFORMATIONAL,
    Outcome.REFUSED: LOW,
    Outcome.FAILED: MEDIUM,
    Operation.NOTE_FAILED_ATTEMPTS: MEDIUM,
    Operation.KILL_BACKUP_CODES: MEDIUM,
    Operation.KILL_AUTHENTICATOR: MEDIUM,
    Operation.FREEZE_RECOVERY: MEDIUM,
    Operation.ESCALATE_EVENT: MEDIUM,
    Operation.PURGE_LEDGER: MEDIUM,
    Operation.CHANGE_RIGHTS: MEDIUM,
    Operation.VETO: HIGH,
    Operation.RAISE_ALARM: CRITICAL,
}
"""The graver of an event's operation and its outcome counts."""
