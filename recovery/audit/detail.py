"""What an event's detail may hold: a closed list per operation, so that no secret slips in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from recovery.enums import Operation

if TYPE_CHECKING:
    from collections.abc import Mapping

EXPORT: Final = frozenset(
    {"filters", "columns", "rows", "format", "from", "to", "sha256", "report", "step", "job"}
)
MANY: Final = frozenset(
    {"job", "operation", "filters", "rows", "due_at", "file", "size", "sha256", "mode"}
)
ALWAYS: Final = frozenset({"notices", "error", "count", "minute"})

KEYS: Final[dict[Operation, frozenset[str]]] = {
    Operation.REGENERATE_BACKUP_CODES: frozenset({"issued", "ended"}),
    Operation.ISSUE_PHONE_CODE: frozenset({"expires_at", "ended"}),
    Operation.SEND_RECOVERY_LINK: frozenset({"address", "withdrawn"}),
    Operation.WITHDRAW_RECOVERY_LINK: frozenset({"link"}),
    Operation.REQUIRE_REENROLMENT: frozenset({"due_at", "was"}),
    Operation.LIFT_REENROLMENT: frozenset({"now"}),
    Operation.REPORT_AUTHENTICATOR_LOST: frozenset({"authenticators", "codes", "host_devices"}),
    Operation.INVITE_STAFF: frozenset({"role", "address"}),
    Operation.CHANGE_ROLE: frozenset({"was", "role"}),
    Operation.REMOVE_STAFF: frozenset({"was"}),
    Operation.CONFIRM_STAFF: frozenset(),
    Operation.CLOSE_INCIDENT: frozenset({"incidents", "incident"}),
    Operation.HOLDER_SIGN_IN: frozenset({"way"}),
    Operation.HOLDER_STEP_UP: frozenset({"way"}),
    Operation.ASK_RECOVERY_LINK: frozenset({"request", "address"}),
    Operation.BIND_AUTHENTICATOR: frozenset({"way", "bound", "revoked", "left", "host_devices"}),
    Operation.TAKE_BACKUP_CODES: frozenset({"left"}),
    Operation.REVOKE_AUTHENTICATOR: frozenset({"authenticators"}),
    Operation.ADD_ADDRESS: frozenset({"address"}),
    Operation.CONFIRM_ADDRESS: frozenset({"address"}),
    Operation.REMOVE_ADDRESS: frozenset({"address"}),
    Operation.FREEZE_RECOVERY: frozenset({"incident"}),
    Operation.VETO: frozenset(
        {"event", "incident", "authenticators", "addresses", "codes", "links", "host_devices"}
    ),
    Operation.NOTE_FAILED_ATTEMPTS: frozenset({"failures"}),
    Operation.EXPORT_ACCOUNTS: EXPORT,
    Operation.EXPORT_EVENTS: EXPORT,
    Operation.EXPORT_ACTIONS: EXPORT,
    Operation.ACT_ON_MANY: MANY,
    Operation.IMPORT_TABLE: MANY,
    Operation.IMPORT_ADDRESS: frozenset({"address"}),
    Operation.REDEEM_BACKUP_CODE: frozenset({"left", "set"}),
    Operation.REDEEM_PHONE_CODE: frozenset({"left", "set"}),
    Operation.KILL_BACKUP_CODES: frozenset({"failures"}),
    Operation.KILL_AUTHENTICATOR: frozenset({"failures", "authenticator"}),
    Operation.OPEN_RECOVERY_LINK: frozenset({"link"}),
    Operation.HAND_OVER_RECOVERY_LINK: frozenset({"link", "expires_at", "attempt"}),
    Operation.CANCEL_RECOVERY_LINK: frozenset({"link"}),
    Operation.EXPIRE_RECOVERY_LINK: frozenset({"link"}),
    Operation.EXPIRE_PHONE_CODE: frozenset({"set"}),
    Operation.DELIVER_NOTICE: frozenset({"notice", "about", "attempts", "event", "address"}),
    Operation.ENROL_STAFF: frozenset({"bound", "revoked", "role", "incidents", "host_devices"}),
    Operation.ADOPT_AUTHENTICATOR: frozenset({"bound", "from"}),
    Operation.ADOPT_BACKUP_CODES: frozenset({"issued", "from"}),
    Operation.ADOPT_ADDRESS: frozenset({"address", "from", "confirmed_at"}),
    Operation.ROTATE_KEYS: frozenset({"rotated"}),
    Operation.RECONCILE: frozenset(
        {"left_was", "left_is", "total_was", "total_is", "issued_at_was", "issued_at_is"}
    ),
    Operation.SIGN_OFF_EVENT: frozenset({"event", "sequence"}),
    Operation.ESCALATE_EVENT: frozenset({"event", "sequence", "incident"}),
    Operation.OPEN_ACCOUNT: frozenset({"page"}),
    Operation.SEARCH_ACCOUNTS: frozenset({"query", "filters", "found"}),
    Operation.READ_LEDGER: frozenset({"view", "filters"}),
    Operation.OPEN_EVENT: frozenset({"event", "sequence"}),
    Operation.CHANGE_RIGHTS: frozenset({"what", "of", "added", "removed", "was", "now"}),
    Operation.START_SERVICE: frozenset(
        {"service", "version", "digest", "changed", "settings", "process"}
    ),
    Operation.STOP_SERVICE: frozenset({"service", "version", "digest", "process", "since"}),
    Operation.CHAIN_LEDGER: frozenset({"events", "to"}),
    Operation.VERIFY_LEDGER: frozenset({"events", "from", "to", "finding", "sequence"}),
    Operation.PURGE_LEDGER: frozenset({"events", "from", "to", "sha256", "record"}),
    Operation.ROTATE_SIGNING_KEY: frozenset({"was", "now"}),
    Operation.RAISE_ALARM: frozenset({"finding", "sequence", "incident"}),
    Operation.CANCEL_JOB: frozenset({"job", "about"}),
    Operation.FINISH_JOB: frozenset(
        {"job", "about", "rows", "done", "refused", "unchanged", "state"}
    ),
    Operation.DELETE_EXPORT: frozenset({"job", "about", "sha256"}),
}


def check_detail(operation: Operation, detail: Mapping[str, Any]) -> None:
    """Raise ``ValueError`` for a key that the operation's detail does not have."""
    unknown = detail.keys() - KEYS.get(operation, frozenset()) - ALWAYS
    if unknown:
        raise ValueError(f"{operation} events have no detail {sorted(unknown)}.")
