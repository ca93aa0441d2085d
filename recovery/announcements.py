"""What each operation is called when its subject is told: one sentence each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from recovery.enums import Operation
from recovery.periods import setting_in_words

if TYPE_CHECKING:
    from django.utils.functional import Promise

WHAT_HAPPENED: Final[dict[Operation, str | Promise]] = {
    Operation.REGENERATE_BACKUP_CODES: _(
        "New backup codes were issued for your account. The old ones stopped working."
    ),
    Operation.ISSUE_PHONE_CODE: _(
        "A phone code was issued for your account. It can be used once, for a few minutes."
    ),
    Operation.SEND_RECOVERY_LINK: _(
        "A recovery link for your account is on its way to one of your confirmed addresses."
    ),
    Operation.WITHDRAW_RECOVERY_LINK: _("A recovery link for your account was withdrawn."),
    Operation.REQUIRE_REENROLMENT: _(
        "Your account was flagged: you will be asked to set up your authenticator again."
    ),
    Operation.LIFT_REENROLMENT: _(
        "You no longer have to set up your authenticator again: the flag was lifted."
    ),
    Operation.REPORT_AUTHENTICATOR_LOST: _(
        "An authenticator of your account was reported lost and stopped working."
    ),
    Operation.INVITE_STAFF: _("You were given a role at the help desk."),
    Operation.CHANGE_ROLE: _("Your role at the help desk was changed."),
    Operation.REMOVE_STAFF: _("Your role at the help desk was taken away."),
    Operation.REDEEM_BACKUP_CODE: _(
        "A backup code was used to sign in to your account; %(left)s are left. You will be asked "
        "to set up your authenticator again."
    ),
    Operation.REDEEM_PHONE_CODE: _(
        "A phone code was used to sign in to your account. You will be asked to set up your "
        "authenticator again."
    ),
    Operation.KILL_BACKUP_CODES: _(
        "Your backup codes were switched off after too many wrong attempts. Ask the help desk "
        "for new ones."
    ),
    Operation.ASK_RECOVERY_LINK: _(
        "Somebody who knows your password asked for a recovery link. It is on its way to one of "
        "your confirmed addresses."
    ),
    Operation.KILL_AUTHENTICATOR: _(
        "An authenticator of your account was switched off after %(failures)s wrong codes in a "
        "row. Sign in with another one or with a backup code, or ask the help desk."
    ),
    Operation.OPEN_RECOVERY_LINK: _("A recovery link for your account was opened."),
    Operation.BIND_AUTHENTICATOR: _(
        "A new authenticator was bound to your account, with %(left)s fresh backup codes. The old "
        "authenticators and codes stopped working, and other sessions ended."
    ),
    Operation.TAKE_BACKUP_CODES: _(
        "You took %(left)s fresh backup codes. The old ones stopped working."
    ),
    Operation.REVOKE_AUTHENTICATOR: _("An authenticator of your account was revoked."),
    Operation.ADD_ADDRESS: _("The address %(address)s was added to your account."),
    Operation.IMPORT_ADDRESS: _(
        "Your organisation added the address %(address)s to your account. It receives nothing "
        "but a code, until you confirm it."
    ),
    Operation.CONFIRM_ADDRESS: format_lazy(
        _("The address %(address)s was confirmed. In {period} it can receive a recovery link."),
        period=setting_in_words("ADDRESS_MIN_AGE"),
    ),
    Operation.REMOVE_ADDRESS: _("The address %(address)s was removed from your account."),
    Operation.FREEZE_RECOVERY: _(
        "Recovery of your account was frozen. Call the help desk when you want to go on."
    ),
    Operation.VETO: _(
        "Somebody said “that was not me” by a link in one of your mails. Recovery of your account "
        "is frozen, what was added since is suspended, and a lead of the desk looks into it."
    ),
    Operation.CLOSE_INCIDENT: _("The desk has looked into it, and lifted the freeze."),
    Operation.CONFIRM_STAFF: _("Your rights at the help desk were confirmed again."),
    Operation.NOTE_FAILED_ATTEMPTS: _(
        "Somebody who knows your password failed %(failures)s times at your second factor."
    ),
    Operation.ENROL_STAFF: _("An authenticator was bound to your account by an administrator."),
    Operation.ADOPT_AUTHENTICATOR: _(
        "Your authenticator was taken over into the new recovery desk. It works as before."
    ),
    Operation.ADOPT_BACKUP_CODES: _(
        "Your backup codes were taken over into the new recovery desk. They work as before."
    ),
}
"""One sentence for each operation that is announced. What is not here is told to nobody."""

LEADS_ARE_TOLD: Final[dict[Operation, str | Promise]] = {
    Operation.VETO: _("%(name)s said “that was not me”. Their recovery is frozen: look into it."),
    Operation.FREEZE_RECOVERY: _("%(name)s froze their recovery: look into it."),
    Operation.BIND_AUTHENTICATOR: _(
        "%(name)s is at the desk and came back by a recovery. They have no power in the console "
        "until a lead confirms it."
    ),
    Operation.RAISE_ALARM: _(
        "The ledger is not what was signed about it: look into it before anything else."
    ),
    Operation.ESCALATE_EVENT: _("A reviewer escalated an event (account: %(name)s): look into it."),
}
"""What is told to every lead as well, where the operation calls for one."""

NOT_VETOABLE: Final = frozenset({Operation.VETO, Operation.CLOSE_INCIDENT})
"""Operations whose notice carries no “that was not me”: there is nothing left to stop."""


class _Said(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "…"


def said(detail: dict[str, Any]) -> dict[str, Any]:
    """The values of an event for its sentence; what an older event lacks is left out visibly."""
    return _Said(detail)
