"""Who may do what to whom: named rules, and the table that you can read aloud."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Final

from django.contrib.auth.models import Permission
from django.utils import timezone

from recovery import errors
from recovery.actors import Grounds
from recovery.conf import conf
from recovery.enums import AuthenticatorKind, FlagOrigin, Operation, Role, Tier, Way
from recovery.models import Account
from recovery.models.audit import TICKET_LENGTH

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

    from recovery.actors import Actor
    from recovery.models import AuditEvent


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """An operation that somebody wants done, before anybody said yes."""

    operation: Operation
    actor: Actor
    subject: Account | None
    grounds: Grounds

    @cached_property
    def held(self) -> frozenset[str]:
        """What the actor may do, read once for all the rules of one decision."""
        return permissions_of(self.actor.user) if self.actor.user is not None else frozenset()

    @cached_property
    def theirs(self) -> frozenset[str]:
        """What the subject may do, read once likewise."""
        return permissions_of(self.subject.user) if self.subject is not None else frozenset()


Rule = Callable[[Attempt], None]


def holds_permission(attempt: Attempt) -> None:
    user = attempt.actor.user
    if user is None or not user.is_active:
        raise errors.PermissionMissing
    if attempt.operation.permission not in attempt.held:
        raise errors.PermissionMissing


def verified_by_an_authenticator(attempt: Attempt) -> None:
    """A session that a recovery code opened has no power here."""
    if attempt.actor.verified_by is not AuthenticatorKind.TOTP:
        raise errors.NotVerified


def has_their_power(attempt: Attempt) -> None:
    """Somebody at the desk who came back by a recovery waits for a lead to confirm them."""
    actor = attempt.actor.user
    if actor is None:
        return
    suspended = Account.objects.filter(user_id=actor.pk, power_suspended_at__isnull=False)
    if suspended.exists():
        raise errors.PowerSuspended


def stepped_up_recently(attempt: Attempt) -> None:
    verified_at = attempt.actor.verified_at
    asked_at = attempt.actor.asked_at or timezone.now()
    if verified_at is None or asked_at - verified_at > conf.STEP_UP_MAX_AGE:
        raise errors.StepUpRequired


def is_someone_else(attempt: Attempt) -> None:
    actor, subject = attempt.actor.user, attempt.subject
    if actor is not None and subject is not None and actor.pk == subject.user_id:
        raise errors.ActorIsSubject


def outranks_the_subject(attempt: Attempt) -> None:
    """A subject with any staff role needs an actor who holds strictly more: peers never.

    Computed from live permissions, the host project's included: an agent must not come to an
    administrator's account by way of recovery.
    """
    _require_rank(attempt, frozenset.__gt__)


def is_at_least_a_peer(attempt: Attempt) -> None:
    """Who looks into what happened to a colleague holds as much as they do, and hands out nothing.

    Leads are confirmed by another lead: nobody else at the desk holds more.
    """
    _require_rank(attempt, frozenset.__ge__)


def _require_rank(
    attempt: Attempt, suffices: Callable[[frozenset[str], frozenset[str]], bool]
) -> None:
    actor, subject = attempt.actor.user, attempt.subject
    if actor is None or subject is None:
        return
    if getattr(subject.user, "is_superuser", False):
        raise errors.SubjectIsSuperuser
    subject_is_staff = getattr(subject.user, "is_staff", False) or attempt.theirs
    if subject_is_staff and not suffices(attempt.held, attempt.theirs):
        raise errors.SubjectOutranksActor


def is_not_frozen(attempt: Attempt) -> None:
    if attempt.subject is not None and attempt.subject.frozen_at is not None:
        raise errors.AccountFrozen


def is_active(attempt: Attempt) -> None:
    if attempt.subject is not None and not attempt.subject.user.is_active:
        raise errors.SubjectInactive


def is_their_own(attempt: Attempt) -> None:
    """What an account holder does to their own account, and nobody else."""
    actor, subject = attempt.actor.user, attempt.subject
    if actor is None or subject is None or actor.pk != subject.user_id:
        raise errors.NotOwnAccount


def gives_grounds(attempt: Attempt) -> None:
    """A reason always; a ticket where the desk demands one, in the desk's own form."""
    grounds = attempt.grounds
    if not grounds.reason.strip():
        raise errors.ReasonMissing
    check_ticket(grounds.ticket)


def says_how_the_caller_was_proven(attempt: Attempt) -> None:
    """Nobody called about an incident that is about no account."""
    if attempt.operation is Operation.CLOSE_INCIDENT and attempt.subject is None:
        return
    if attempt.grounds.proofing is None:
        raise errors.ProofingMissing


def is_known(attempt: Attempt) -> None:
    """Whose veto it is follows from the signed link; there is nothing more to ask."""
    if attempt.subject is None:
        raise errors.VetoNotUsable


def from_the_command_line(attempt: Attempt) -> None:
    if not attempt.actor.is_command:
        raise errors.NotFromHere


DESK: tuple[Rule, ...] = (
    holds_permission,
    has_their_power,
    verified_by_an_authenticator,
    is_someone_else,
    outranks_the_subject,
    stepped_up_recently,
    gives_grounds,
    says_how_the_caller_was_proven,
)
ISSUING = (*DESK, is_not_frozen, is_active)
LOOKING_INTO = tuple(is_at_least_a_peer if rule is outranks_the_subject else rule for rule in DESK)
REPORTING = (holds_permission, has_their_power, verified_by_an_authenticator, stepped_up_recently)
COMMAND = (from_the_command_line,)
OWN = (is_their_own, is_active)
OWN_STEPPED_UP = (*OWN, verified_by_an_authenticator, stepped_up_recently, is_not_frozen)

RULES: dict[Operation, tuple[Rule, ...]] = {
    Operation.REGENERATE_BACKUP_CODES: ISSUING,
    Operation.ISSUE_PHONE_CODE: ISSUING,
    Operation.SEND_RECOVERY_LINK: ISSUING,
    Operation.WITHDRAW_RECOVERY_LINK: DESK,
    Operation.REQUIRE_REENROLMENT: DESK,
    Operation.LIFT_REENROLMENT: (*DESK, is_not_frozen),
    Operation.REPORT_AUTHENTICATOR_LOST: DESK,
    Operation.INVITE_STAFF: ISSUING,
    Operation.CHANGE_ROLE: (*DESK, is_not_frozen),
    Operation.REMOVE_STAFF: DESK,
    Operation.CONFIRM_STAFF: (*LOOKING_INTO, is_not_frozen),
    Operation.CLOSE_INCIDENT: LOOKING_INTO,
    Operation.EXPORT_ACCOUNTS: REPORTING,
    Operation.EXPORT_EVENTS: REPORTING,
    Operation.EXPORT_ACTIONS: REPORTING,
    Operation.ACT_ON_MANY: (*REPORTING, gives_grounds),
    Operation.IMPORT_TABLE: (*REPORTING, gives_grounds),
    Operation.IMPORT_ADDRESS: ISSUING,
    Operation.SIGN_OFF_EVENT: REPORTING,
    Operation.ESCALATE_EVENT: REPORTING,
    Operation.OPEN_RECOVERY_LINK: (is_not_frozen, is_active),
    Operation.BIND_AUTHENTICATOR: (*OWN, is_not_frozen),
    Operation.TAKE_BACKUP_CODES: OWN_STEPPED_UP,
    Operation.REVOKE_AUTHENTICATOR: OWN_STEPPED_UP,
    Operation.ADD_ADDRESS: OWN_STEPPED_UP,
    Operation.CONFIRM_ADDRESS: (*OWN, verified_by_an_authenticator, is_not_frozen),
    Operation.REMOVE_ADDRESS: OWN_STEPPED_UP,
    Operation.FREEZE_RECOVERY: (*OWN, verified_by_an_authenticator),
    Operation.VETO: (is_known,),
    Operation.ENROL_STAFF: COMMAND,
    Operation.ADOPT_AUTHENTICATOR: COMMAND,
    Operation.ADOPT_BACKUP_CODES: COMMAND,
    Operation.ADOPT_ADDRESS: COMMAND,
    Operation.ROTATE_KEYS: COMMAND,
    Operation.RECONCILE: COMMAND,
    Operation.VERIFY_LEDGER: COMMAND,
    Operation.PURGE_LEDGER: COMMAND,
    Operation.ROTATE_SIGNING_KEY: COMMAND,
}
"""The operations that somebody decides on. What is not here cannot be run by ``audited``."""


ABOUT_THE_ACTOR: Final[frozenset[Rule]] = frozenset(
    {
        holds_permission,
        has_their_power,
        verified_by_an_authenticator,
        stepped_up_recently,
        gives_grounds,
        says_how_the_caller_was_proven,
    }
)
"""The rules that answer the same for every subject. A rule that is not here is asked for each."""


def require(attempt: Attempt) -> None:
    """Raise the first refusal that applies. An operation without rules is a ``KeyError``."""
    for rule in RULES[attempt.operation]:
        rule(attempt)


DEPEND_ON_MORE: Final[frozenset[Rule]] = frozenset(
    {
        holds_permission,  # on the operation: what a role does not include, a page leaves out
        stepped_up_recently,  # on a one-time code that is still to be typed
        gives_grounds,  # on the form, and so does the next
        says_how_the_caller_was_proven,
    }
)
"""The rules that ask for more than who acts on whom. All others can be answered beforehand."""


def standing_refusals(
    operations: Sequence[Operation], *, actor: Actor, subject: Account
) -> dict[Operation, errors.RecoveryError]:
    """Which of ``operations`` no form and no one-time code would get past the rules, and why not.

    A dry run for pages that say so beforehand: each rule is asked once, and nothing is recorded.
    """
    if not operations:
        return {}
    attempt = Attempt(
        operation=operations[0], actor=actor, subject=subject, grounds=Grounds(reason="")
    )

    @cache
    def answer(rule: Rule) -> errors.RecoveryError | None:
        try:
            rule(attempt)
        except errors.RecoveryError as refusal:
            return refusal
        return None

    standing = {}
    for operation in operations:
        asked = (answer(rule) for rule in RULES[operation] if rule not in DEPEND_ON_MORE)
        refusal = next(filter(None, asked), None)
        if refusal is not None:
            standing[operation] = refusal
    return standing


def require_role_below(actor: Actor, role: Role) -> None:
    """Refuse to give a role that holds as much as the actor does."""
    held = permissions_of(actor.user) if actor.user is not None else frozenset()
    if not held > permissions_of_role(role):
        raise errors.RoleTooHigh


def require_way(account: Account, way: Way) -> None:
    """Refuse a way that does not open this account's enrolment.

    Never the password alone for an account that was ever enrolled or had codes, flagged or not;
    an invitation only for one that was never enrolled (NIST SP 800-63B-4 4.2.2.2, 4.3).
    """
    was_enrolled = account.enrolled_at is not None
    had_codes = account.backup_codes_issued_at is not None or account.reenrolment_origin in {
        FlagOrigin.REDEEMED,
        FlagOrigin.REPORTED_LOST,
    }
    had_a_factor = was_enrolled or had_codes
    if way is Way.PASSWORD and (had_a_factor or not conf.FIRST_ENROLMENT_BY_PASSWORD):
        raise errors.WayClosed
    if way is Way.INVITATION and was_enrolled:
        raise errors.WayClosed


def require_reviewer(actor: Actor, event: AuditEvent) -> None:
    """Nobody reviews what they did, or what was done to them."""
    if actor.key in {event.actor_id, event.subject_id}:
        raise errors.ReviewsTheirOwn


def check_ticket(ticket: str) -> None:
    """Refuse a ticket that is missing where required, or not of the desk's own form."""
    if conf.TICKET_REQUIRED and not ticket:
        raise errors.TicketMissing
    if len(ticket) > TICKET_LENGTH:
        raise errors.TicketMalformed
    if ticket and conf.TICKET_PATTERN and not re.fullmatch(conf.TICKET_PATTERN, ticket):
        raise errors.TicketMalformed


def is_staff(user: AbstractBaseUser) -> bool:
    """Whether somebody holds any staff role: the flag, or any permission at all."""
    return bool(
        getattr(user, "is_staff", False)
        or getattr(user, "is_superuser", False)
        or permissions_of(user)
    )


def permissions_of(user: AbstractBaseUser) -> frozenset[str]:
    """All that a user may do in the whole project, now, also while deactivated.

    Django says that a deactivated user may do nothing, which is right for an actor (a session
    of theirs is refused before it comes here) and would make a deactivated administrator look
    harmless as a subject.
    """
    if not hasattr(user, "get_all_permissions"):
        return frozenset()
    fresh = copy.copy(user)  # of the person, also where a request's lazy user was handed in
    for name in [name for name in vars(fresh) if name.endswith("_perm_cache")]:
        delattr(fresh, name)
    fresh.is_active = True
    return frozenset(fresh.get_all_permissions())


def permissions_of_role(role: Role) -> frozenset[str]:
    """What the group of that name carries."""
    found = Permission.objects.filter(group__name=role.value).values_list(
        "content_type__app_label", "codename"
    )
    return frozenset(f"{app}.{codename}" for app, codename in found)


def tier_of(user: AbstractBaseUser) -> Tier:
    """The tier to write down for filters."""
    return Tier.PRIVILEGED if is_staff(user) else Tier.STANDARD
