"""The closed vocabularies: one name per concept, in code, pages, ledger and database."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Operation(models.TextChoices):
    """All that the ledger can name. One word serves policy, permission, audit, page and notice."""

    REGENERATE_BACKUP_CODES = "regenerate_backup_codes", _("Regenerate backup codes")
    ISSUE_PHONE_CODE = "issue_phone_code", _("Issue a phone code")
    SEND_RECOVERY_LINK = "send_recovery_link", _("Send a recovery link")
    WITHDRAW_RECOVERY_LINK = "withdraw_recovery_link", _("Withdraw the recovery link")
    REQUIRE_REENROLMENT = "require_reenrolment", _("Require re-enrolment")
    LIFT_REENROLMENT = "lift_reenrolment", _("Lift re-enrolment")
    REPORT_AUTHENTICATOR_LOST = "report_authenticator_lost", _("Report an authenticator lost")
    INVITE_STAFF = "invite_staff", _("Invite to the desk")
    CHANGE_ROLE = "change_role", _("Change the role")
    REMOVE_STAFF = "remove_staff", _("Remove from the desk")
    CONFIRM_STAFF = "confirm_staff", _("Confirm a recovered member of staff")
    CLOSE_INCIDENT = "close_incident", _("Close the incident")
    EXPORT_ACCOUNTS = "export_accounts", _("Export accounts")
    EXPORT_EVENTS = "export_events", _("Export the ledger")
    EXPORT_ACTIONS = "export_actions", _("Export what the desk did")
    ACT_ON_MANY = "act_on_many", _("Act on many accounts")
    IMPORT_TABLE = "import_table", _("Bring in a table")
    IMPORT_ADDRESS = "import_address", _("Bring in an address")
    SIGN_OFF_EVENT = "sign_off_event", _("Sign off an event")
    ESCALATE_EVENT = "escalate_event", _("Escalate an event")

    SIGN_IN = "sign_in", _("Sign in to the console")
    STEP_UP = "step_up", _("Step up")
    SIGN_OUT = "sign_out", _("Sign out of the console")
    REDEEM_BACKUP_CODE = "redeem_backup_code", _("Redeem a backup code")
    REDEEM_PHONE_CODE = "redeem_phone_code", _("Redeem a phone code")
    OPEN_RECOVERY_LINK = "open_recovery_link", _("Open a recovery link")
    HOLDER_SIGN_IN = "holder_sign_in", _("Sign in")
    HOLDER_STEP_UP = "holder_step_up", _("Confirm with the authenticator")
    HOLDER_SIGN_OUT = "holder_sign_out", _("Sign out")
    ASK_RECOVERY_LINK = "ask_recovery_link", _("Ask for a recovery link")
    BIND_AUTHENTICATOR = "bind_authenticator", _("Bind an authenticator")
    TAKE_BACKUP_CODES = "take_backup_codes", _("Take new backup codes")
    REVOKE_AUTHENTICATOR = "revoke_authenticator", _("Revoke an authenticator")
    ADD_ADDRESS = "add_address", _("Add an address")
    CONFIRM_ADDRESS = "confirm_address", _("Confirm an address")
    REMOVE_ADDRESS = "remove_address", _("Remove an address")
    FREEZE_RECOVERY = "freeze_recovery", _("Freeze my recovery")
    VETO = "veto", _("That was not me")
    NOTE_FAILED_ATTEMPTS = "note_failed_attempts", _("Many failed attempts")
    KILL_BACKUP_CODES = "kill_backup_codes", _("End backup codes after too many failures")
    KILL_AUTHENTICATOR = "kill_authenticator", _("End an authenticator after too many failures")
    HAND_OVER_RECOVERY_LINK = (
        "hand_over_recovery_link",
        _("Hand a recovery link to the mail server"),
    )
    CANCEL_RECOVERY_LINK = "cancel_recovery_link", _("Cancel a recovery link")
    EXPIRE_RECOVERY_LINK = "expire_recovery_link", _("Let a recovery link run out")
    EXPIRE_PHONE_CODE = "expire_phone_code", _("Let a phone code run out")
    DELIVER_NOTICE = "deliver_notice", _("Deliver a notice")

    ENROL_STAFF = "enrol_staff", _("Enrol a member of staff")
    ADOPT_AUTHENTICATOR = "adopt_authenticator", _("Adopt an authenticator")
    ADOPT_BACKUP_CODES = "adopt_backup_codes", _("Adopt backup codes")
    ADOPT_ADDRESS = "adopt_address", _("Adopt a confirmed address")
    ROTATE_KEYS = "rotate_keys", _("Rotate encryption keys")
    RECONCILE = "reconcile", _("Repair a counter")

    OPEN_ACCOUNT = "open_account", _("Open an account")
    SEARCH_ACCOUNTS = "search_accounts", _("Search the accounts")
    READ_LEDGER = "read_ledger", _("Read the ledger")
    OPEN_EVENT = "open_event", _("Open an event")
    CHANGE_RIGHTS = "change_rights", _("Change somebody's rights")
    START_SERVICE = "start_service", _("Start the service")
    STOP_SERVICE = "stop_service", _("Stop the service")
    CHAIN_LEDGER = "chain_ledger", _("Chain the older events")
    VERIFY_LEDGER = "verify_ledger", _("Verify the ledger")
    PURGE_LEDGER = "purge_ledger", _("Purge the ledger")
    ROTATE_SIGNING_KEY = "rotate_signing_key", _("Rotate the ledger's signing key")
    RAISE_ALARM = "raise_alarm", _("Raise an alarm about the ledger")
    CANCEL_JOB = "cancel_job", _("Cancel a job")
    FINISH_JOB = "finish_job", _("Finish a job")
    DELETE_EXPORT = "delete_export", _("Delete the file of an export")

    @property
    def permission(self) -> str:
        """The permission that the policy asks for, as ``has_perm`` takes it."""
        return f"recovery.{self.value}"


DESK_OPERATIONS = (
    Operation.REGENERATE_BACKUP_CODES,
    Operation.ISSUE_PHONE_CODE,
    Operation.SEND_RECOVERY_LINK,
    Operation.WITHDRAW_RECOVERY_LINK,
    Operation.REQUIRE_REENROLMENT,
    Operation.LIFT_REENROLMENT,
    Operation.REPORT_AUTHENTICATOR_LOST,
)
STAFF_OPERATIONS = (
    Operation.INVITE_STAFF,
    Operation.CHANGE_ROLE,
    Operation.REMOVE_STAFF,
    Operation.CONFIRM_STAFF,
    Operation.CLOSE_INCIDENT,
)
EXPORT_OPERATIONS = (
    Operation.EXPORT_ACCOUNTS,
    Operation.EXPORT_EVENTS,
    Operation.EXPORT_ACTIONS,
)
MANY_OPERATIONS = (Operation.ACT_ON_MANY, Operation.IMPORT_TABLE)
"""What starts a job that does something to each of many accounts."""
REVIEW_OPERATIONS = (Operation.SIGN_OFF_EVENT, Operation.ESCALATE_EVENT)
GRANTED_OPERATIONS = (
    *DESK_OPERATIONS,
    *STAFF_OPERATIONS,
    *EXPORT_OPERATIONS,
    *REVIEW_OPERATIONS,
    *MANY_OPERATIONS,
    Operation.IMPORT_ADDRESS,
)
"""The operations that a permission of the same name grants."""
READ_OPERATIONS = (
    Operation.OPEN_ACCOUNT,
    Operation.SEARCH_ACCOUNTS,
    Operation.READ_LEDGER,
    Operation.OPEN_EVENT,
)
"""Looking alone: on the ledger, and on no page that says what was done."""


class Outcome(models.TextChoices):
    """How an operation ended."""

    COMPLETED = "completed", _("Completed")
    REFUSED = "refused", _("Refused")
    FAILED = "failed", _("Failed")


class Enrolment(models.TextChoices):
    """Where an account stands with its authenticators."""

    NOT_ENROLLED = "not_enrolled", _("Not enrolled")
    ENROLLED = "enrolled", _("Enrolled")
    REENROLMENT_REQUIRED = "reenrolment_required", _("Re-enrolment required")


class FlagOrigin(models.TextChoices):
    """What raised the re-enrolment flag; only a desk's own flag can be lifted by a desk."""

    DESK = "desk", _("Set by the desk")
    REDEEMED = "redeemed", _("A backup or phone code was redeemed")
    REPORTED_LOST = "reported_lost", _("An authenticator was reported lost")


class Tier(models.TextChoices):
    """How much is at stake in an account. For filters only: decisions compute it."""

    STANDARD = "standard", _("Standard")
    PRIVILEGED = "privileged", _("Privileged")


class CodeKind(models.TextChoices):
    """The two kinds of code set (NIST SP 800-63B-4 4.2.1.1 and 4.2.1.2)."""

    SAVED = "saved", _("Backup codes")
    PHONE = "phone", _("Phone code")


class AuthenticatorKind(models.TextChoices):
    """What verified a session or an operation."""

    TOTP = "totp", _("Authenticator app")
    BACKUP_CODE = "backup_code", _("Backup code")
    PHONE_CODE = "phone_code", _("Phone code")

    @property
    def is_code(self) -> bool:
        """Whether this is a recovery code, which never gives power in the console."""
        return self is not AuthenticatorKind.TOTP


class EndReason(models.TextChoices):
    """Why a code set or an authenticator is dead."""

    REPLACED = "replaced", _("Replaced")
    REDEEMED = "redeemed", _("Redeemed")
    EXPIRED = "expired", _("Expired")
    TOO_MANY_FAILURES = "too_many_failures", _("Too many wrong codes")
    REPORTED_LOST = "reported_lost", _("Reported lost")
    REVOKED = "revoked", _("Revoked")
    VETOED = "vetoed", _("Suspended: the account holder said that it was not them")


class LinkState(models.TextChoices):
    """The life of a recovery link."""

    QUEUED = "queued", _("Waiting for the mail server")
    LIVE = "live", _("Sent, not opened")
    USED = "used", _("Used")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    EXPIRED = "expired", _("Expired")
    CANCELLED = "cancelled", _("Could not be sent")


OPEN_LINK_STATES = (LinkState.QUEUED, LinkState.LIVE)


class LinkPurpose(models.TextChoices):
    """What a link leads to."""

    RECOVERY = "recovery", _("Recovery")
    INVITATION = "invitation", _("Invitation")


class LinkOrigin(models.TextChoices):
    """Who asked for a link."""

    DESK = "desk", _("The desk")
    HOLDER = "holder", _("The account holder")


class RequestState(models.TextChoices):
    """What became of a holder's wish for a link. The page never tells."""

    WAITING = "waiting", _("Not decided yet")
    GRANTED = "granted", _("Granted")
    REFUSED = "refused", _("Refused")


class Way(models.TextChoices):
    """What opened an enrolment (NIST SP 800-63B-4 4.2.2.2: never a link or a code alone)."""

    AUTHENTICATOR = "authenticator", _("An authenticator that is still valid")
    BACKUP_CODE = "backup_code", _("Password and backup code")
    PHONE_CODE = "phone_code", _("Password and phone code")
    LINK = "link", _("Password and recovery link")
    INVITATION = "invitation", _("Password and invitation")
    PASSWORD = "password", _("Password alone, for a first enrolment")

    @property
    def is_recovery(self) -> bool:
        """Whether somebody came back by it who could not show an authenticator."""
        return self in {Way.BACKUP_CODE, Way.PHONE_CODE, Way.LINK}


class IncidentKind(models.TextChoices):
    """What a lead has to look into."""

    VETO = "veto", _("“That was not me”")
    HOLDER_FROZE = "holder_froze", _("The account holder froze their recovery")
    LEDGER = "ledger", _("The ledger does not fit what was signed")
    ESCALATED = "escalated", _("A reviewer escalated an event")


class NoticeState(models.TextChoices):
    """Where a notice is on its way."""

    QUEUED = "queued", _("Waiting")
    SENT = "sent", _("Handed to the mail server")
    DEAD = "dead", _("Could not be delivered")
    CANCELLED = "cancelled", _("No longer needed")


class Proofing(models.TextChoices):
    """How the agent satisfied themselves who is calling. Personal data is never one (CISA, HC3)."""

    CALL_BACK = "call_back", _("Called back on the number on record")
    READ_BACK = "read_back", _("Read back a code sent to a confirmed address")
    COLLEAGUE_VOUCHES = "colleague_vouches", _("A colleague vouched for them")
    IN_PERSON = "in_person", _("In person, with an identity document")
    OWN_AUTHENTICATOR = "own_authenticator", _("Their own authenticator")
    NOT_PROVEN = "not_proven", _("Not proven")


class Role(models.TextChoices):
    """The roles of the desk. The value is the name of the group that carries the permissions."""

    AGENT = "Help-desk agent", _("Help-desk agent")
    LEAD = "Lead", _("Lead")
    AUDITOR = "Auditor", _("Auditor")
    REPORT_ADMINISTRATOR = "Report administrator", _("Report administrator")


class ReviewCause(models.TextChoices):
    """Why an event waits to be reviewed (PCI DSS 10.4.1)."""

    PRIVILEGED = "privileged", _("On a privileged account")
    REFUSED = "refused", _("Refused")
    SAMPLED = "sampled", _("Drawn by chance")


class ReviewVerdict(models.TextChoices):
    """What a reviewer said of an event."""

    SIGNED_OFF = "signed_off", _("Signed off")
    ESCALATED = "escalated", _("Escalated")


class DayState(models.TextChoices):
    """What is known of one day of the ledger."""

    VERIFIED = "verified", _("Verified")
    BROKEN = "broken", _("Broken")


class Measure(models.TextChoices):
    """What the worker counts for the pictures, so that no page has to."""

    CALLS = "calls", _("What the desk did, by quarters of an hour")
    OPERATIONS = "operations", _("What the desk did, by day")
    REFUSALS = "refusals", _("What was refused, by day")
    RESTORED = "restored", _("Time to restored access, by week")
    ENROLMENT = "enrolment", _("Accounts by enrolment, by day")
    CODES_LEFT = "codes_left", _("Enrolled accounts by codes left")
    FLAGS = "flags", _("Flagged accounts by age and due date")


class FlagAge(models.TextChoices):
    """How long ago somebody was told to re-enrol. Each flag has one."""

    DAY = "day", _("≤ 1 day")
    WEEK = "week", _("2–7 days")
    FORTNIGHT = "fortnight", _("8–14 days")
    MONTH = "month", _("15–30 days")
    QUARTER = "quarter", _("31–90 days")
    OLDER = "older", _("> 90 days")


class FlagDue(models.TextChoices):
    """How a flag stands with its date. Each flag has one."""

    OVERDUE = "overdue", _("Overdue")
    AT_ONCE = "at_once", _("At once, without a date")
    WEEK = "week", _("Within 7 days")
    MONTH = "month", _("In 8–30 days")
    LATER = "later", _("Later")


class JobKind(models.TextChoices):
    """What the worker does for somebody who looks in again later."""

    EXPORT = "export", _("Export")
    BULK = "bulk", _("Act on many accounts")
    IMPORT = "import", _("Bring in a table")


class JobState(models.TextChoices):
    """The life of a job."""

    CHECKING = "checking", _("Being looked through")
    READY = "ready", _("Waiting for your word")
    WAITING = "waiting", _("Waiting for the worker")
    RUNNING = "running", _("Under way")
    DONE = "done", _("Done")
    FAILED = "failed", _("Not done")
    CANCELLED = "cancelled", _("Cancelled")


JOBS_UNDER_WAY = (JobState.CHECKING, JobState.WAITING, JobState.RUNNING)


class RowState(models.TextChoices):
    """What became of one row of a job."""

    WAITING = "waiting", _("Waiting")
    DONE = "done", _("Done")
    UNCHANGED = "unchanged", _("Already so")
    REFUSED = "refused", _("Refused")
