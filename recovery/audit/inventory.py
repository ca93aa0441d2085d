"""What is on the ledger, operation by operation: who does it, what it says, who writes it.

The page ``docs/inventory.md`` is made of this (ASVS 16.1.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from recovery.enums import Operation, Outcome

C, R, F = Outcome.COMPLETED, Outcome.REFUSED, Outcome.FAILED
DONE: Final = (C,)
TRIED: Final = (C, R)
RUN: Final = (C, R, F)
"""What ``audited()`` runs can be done, refused, or break."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One operation, as somebody wants to know it who has never seen the code."""

    who: str
    what: str
    where: str
    """The module that writes it."""
    outcomes: tuple[Outcome, ...] = RUN


INVENTORY: Final[dict[Operation, Entry]] = {
    Operation.REGENERATE_BACKUP_CODES: Entry(
        "agent, lead",
        "new backup codes were made and shown once; the old ones are dead",
        "recovery/actions/backup_codes.py",
    ),
    Operation.ISSUE_PHONE_CODE: Entry(
        "agent, lead",
        "one short-lived code was made to be read aloud",
        "recovery/actions/backup_codes.py",
    ),
    Operation.SEND_RECOVERY_LINK: Entry(
        "agent, lead", "a recovery link was queued", "recovery/actions/recovery_links.py"
    ),
    Operation.WITHDRAW_RECOVERY_LINK: Entry(
        "agent, lead", "an open link was ended", "recovery/actions/recovery_links.py"
    ),
    Operation.REQUIRE_REENROLMENT: Entry(
        "agent, lead", "an account has to enrol again", "recovery/actions/reenrolment.py"
    ),
    Operation.LIFT_REENROLMENT: Entry(
        "agent, lead", "the desk took its flag back", "recovery/actions/reenrolment.py"
    ),
    Operation.REPORT_AUTHENTICATOR_LOST: Entry(
        "agent, lead",
        "authenticators were ended, and sessions with them",
        "recovery/actions/authenticators.py",
    ),
    Operation.INVITE_STAFF: Entry("lead", "somebody got a role", "recovery/actions/staff.py"),
    Operation.CHANGE_ROLE: Entry("lead", "somebody got another role", "recovery/actions/staff.py"),
    Operation.REMOVE_STAFF: Entry("lead", "somebody lost their role", "recovery/actions/staff.py"),
    Operation.CONFIRM_STAFF: Entry(
        "lead", "a recovered member of staff has their power back", "recovery/actions/staff.py"
    ),
    Operation.CLOSE_INCIDENT: Entry(
        "lead", "an incident was looked into and closed", "recovery/actions/freezing.py"
    ),
    Operation.EXPORT_ACCOUNTS: Entry(
        "report administrator, lead", "accounts were taken out", "console/admin/accounts.py"
    ),
    Operation.EXPORT_EVENTS: Entry(
        "auditor, lead", "events were taken out", "console/admin/audit.py"
    ),
    Operation.EXPORT_ACTIONS: Entry(
        "report administrator, auditor, lead",
        "what the desk did was taken out, by action or by agent",
        "recovery/actions/reports.py",
    ),
    Operation.ACT_ON_MANY: Entry(
        "report administrator, lead",
        "a job began that does something to each of many accounts",
        "recovery/actions/jobs.py",
    ),
    Operation.IMPORT_TABLE: Entry(
        "report administrator, lead",
        "a table was brought in: looked through, or carried out",
        "recovery/importing/verbs.py",
    ),
    Operation.IMPORT_ADDRESS: Entry(
        "report administrator, lead",
        "an address from a table waits to be confirmed",
        "recovery/importing/addresses.py",
    ),
    Operation.SIGN_OFF_EVENT: Entry(
        "auditor, lead", "a reviewer found nothing wrong", "recovery/actions/reviewing.py"
    ),
    Operation.ESCALATE_EVENT: Entry(
        "auditor, lead", "a reviewer raised an incident", "recovery/actions/reviewing.py"
    ),
    Operation.SIGN_IN: Entry(
        "staff",
        "somebody came into the console, or failed at the password or the one-time code; "
        "*verified by* says which kind of authenticator",
        "console/sign_in.py",
        TRIED,
    ),
    Operation.STEP_UP: Entry(
        "staff",
        "a fresh one-time code before an operation, right or wrong",
        "console/step_up.py",
        TRIED,
    ),
    Operation.SIGN_OUT: Entry(
        "staff", "a session of the console ended, or had run out", "console/sites.py", DONE
    ),
    Operation.REDEEM_BACKUP_CODE: Entry(
        "account holder", "a backup code was used, or tried", "recovery/redemption.py", TRIED
    ),
    Operation.REDEEM_PHONE_CODE: Entry(
        "account holder", "a phone code was used, or tried", "recovery/redemption.py", TRIED
    ),
    Operation.OPEN_RECOVERY_LINK: Entry(
        "whoever held the link",
        "a link was used up; or a dead, used or made-up one was tried",
        "recovery/actions/opening.py",
    ),
    Operation.HOLDER_SIGN_IN: Entry(
        "account holder",
        "a sign-in on the account pages, right or wrong, and by which way",
        "recovery/views/sign_in.py",
        TRIED,
    ),
    Operation.HOLDER_STEP_UP: Entry(
        "account holder",
        "a fresh one-time code before a change, right or wrong",
        "recovery/views/my_recovery.py",
        TRIED,
    ),
    Operation.HOLDER_SIGN_OUT: Entry(
        "account holder", "they left", "recovery/views/sign_in.py", DONE
    ),
    Operation.ASK_RECOVERY_LINK: Entry(
        "whoever gave the password",
        "a wish for a link, granted or refused by the worker",
        "recovery/link_requests.py",
        TRIED,
    ),
    Operation.BIND_AUTHENTICATOR: Entry(
        "account holder", "a new authenticator was bound", "recovery/actions/enrolment.py"
    ),
    Operation.TAKE_BACKUP_CODES: Entry(
        "account holder", "fresh backup codes were taken", "recovery/actions/enrolment.py"
    ),
    Operation.REVOKE_AUTHENTICATOR: Entry(
        "account holder", "an authenticator was ended", "recovery/actions/authenticators.py"
    ),
    Operation.ADD_ADDRESS: Entry(
        "account holder", "an address waits to be confirmed", "recovery/actions/addresses.py"
    ),
    Operation.CONFIRM_ADDRESS: Entry(
        "account holder", "an address was confirmed", "recovery/actions/addresses.py"
    ),
    Operation.REMOVE_ADDRESS: Entry(
        "account holder", "an address was removed", "recovery/actions/addresses.py"
    ),
    Operation.FREEZE_RECOVERY: Entry(
        "account holder", "nobody recovers the account for now", "recovery/actions/freezing.py"
    ),
    Operation.VETO: Entry(
        "whoever held the mail",
        "“that was not me”: what was done is ended; or a forged or dead link was tried",
        "recovery/actions/freezing.py",
    ),
    Operation.NOTE_FAILED_ATTEMPTS: Entry(
        "whoever tried",
        "so many failures in a row that the account holder was told",
        "recovery/bursts.py",
        DONE,
    ),
    Operation.KILL_BACKUP_CODES: Entry(
        "whoever tried", "too many wrong codes ended the live ones", "recovery/redemption.py", DONE
    ),
    Operation.KILL_AUTHENTICATOR: Entry(
        "whoever tried", "too many wrong codes ended an app", "recovery/totp.py", DONE
    ),
    Operation.HAND_OVER_RECOVERY_LINK: Entry(
        "worker", "a mail server took the mail with the link", "recovery/delivery.py", DONE
    ),
    Operation.CANCEL_RECOVERY_LINK: Entry(
        "worker", "no mail server took it in time", "recovery/tasks.py", (F,)
    ),
    Operation.EXPIRE_RECOVERY_LINK: Entry(
        "worker", "nobody opened a link in time", "recovery/tasks.py", DONE
    ),
    Operation.EXPIRE_PHONE_CODE: Entry(
        "worker", "nobody used a phone code in time", "recovery/tasks.py", DONE
    ),
    Operation.DELIVER_NOTICE: Entry(
        "worker",
        "a mail server took a notice; failed is a dead letter",
        "recovery/delivery.py",
        (C, F),
    ),
    Operation.ENROL_STAFF: Entry(
        "command line", "a member of staff got an authenticator", "recovery/actions/staff.py"
    ),
    Operation.ADOPT_AUTHENTICATOR: Entry(
        "command line", "an authenticator was taken over", "recovery/adoption/authenticators.py"
    ),
    Operation.ADOPT_BACKUP_CODES: Entry(
        "command line", "backup codes were taken over", "recovery/adoption/backup_codes.py"
    ),
    Operation.ADOPT_ADDRESS: Entry(
        "command line", "a confirmed address was taken over", "recovery/adoption/addresses.py"
    ),
    Operation.ROTATE_KEYS: Entry(
        "command line", "stored keys were encrypted anew", "recovery/key_rotation.py"
    ),
    Operation.RECONCILE: Entry(
        "command line", "a counter was wrong and was put right", "recovery/counters.py"
    ),
    Operation.OPEN_ACCOUNT: Entry(
        "staff",
        "the page of an account, its history or one version of it was shown",
        "console/admin/accounts.py",
        TRIED,
    ),
    Operation.SEARCH_ACCOUNTS: Entry(
        "staff",
        "the list of accounts was shown: what was sought, how narrowed, how many were found "
        "(10,000 is that or more)",
        "console/admin/recording.py",
        TRIED,
    ),
    Operation.READ_LEDGER: Entry(
        "auditor, lead",
        "the ledger was shown, and what it was narrowed down to",
        "console/admin/recording.py",
        TRIED,
    ),
    Operation.OPEN_EVENT: Entry(
        "auditor, lead", "the page of an event was shown", "console/admin/recording.py", TRIED
    ),
    Operation.CHANGE_RIGHTS: Entry(
        "host project, command line",
        "a group, a permission, a flag of a user, a user or a group was given, taken, renamed or "
        "deleted past the desk",
        "recovery/rights.py",
        DONE,
    ),
    Operation.START_SERVICE: Entry(
        "server, worker",
        "a process began: its release, a digest of its settings, and which changed",
        "recovery/service.py",
        DONE,
    ),
    Operation.STOP_SERVICE: Entry(
        "server, worker",
        "it ended in good order; one that was killed leaves no such line",
        "recovery/service.py",
        DONE,
    ),
    Operation.CHAIN_LEDGER: Entry(
        "migration",
        "events from before the chain were linked",
        "recovery/migrations/0008_chain_older_events.py",
        DONE,
    ),
    Operation.VERIFY_LEDGER: Entry(
        "command line", "the ledger was verified, and what was found", "recovery/audit/proofs.py"
    ),
    Operation.PURGE_LEDGER: Entry(
        "command line", "old events left, exported and signed for", "recovery/audit/purging.py"
    ),
    Operation.ROTATE_SIGNING_KEY: Entry(
        "command line", "another key signs the ledger", "recovery/audit/signing_keys.py"
    ),
    Operation.RAISE_ALARM: Entry(
        "worker", "the ledger does not fit what was signed", "recovery/audit/alarms.py", DONE
    ),
    Operation.CANCEL_JOB: Entry(
        "whoever asked for it, lead", "a job was taken back", "recovery/actions/jobs.py", DONE
    ),
    Operation.FINISH_JOB: Entry(
        "worker", "a job ended: done, cancelled or broken", "recovery/jobs/working.py", (C, F)
    ),
    Operation.DELETE_EXPORT: Entry(
        "worker", "the file of an export was deleted", "recovery/jobs/files.py", DONE
    ),
}
