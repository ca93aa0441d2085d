"""Who is at the desk, and with which role. There is no other way to give power here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib.auth.models import Group

from recovery import errors, flags, host_devices, links, policy, totp
from recovery.actions.authenticators import end_sessions, revoke_all
from recovery.actions.freezing import close_all
from recovery.actions.recovery_links import suitable_address
from recovery.addresses import mask_address
from recovery.audit import audited
from recovery.enums import EndReason, LinkPurpose, LinkState, Operation, Role, Tier
from recovery.models import Account, TotpAuthenticator

if TYPE_CHECKING:
    from collections.abc import Callable

    from recovery.actors import Actor, Grounds
    from recovery.models import AuditEvent, ContactAddress
    from recovery.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """A freshly bound authenticator and its key, to be shown once."""

    authenticator: TotpAuthenticator
    key: Secret
    event: AuditEvent


def invite_staff(*, actor: Actor, subject: Account, grounds: Grounds, role: Role) -> AuditEvent:
    """Give ``subject`` a role at the desk.

    Whoever was never enrolled is mailed an invitation, to a confirmed address, to bind an
    authenticator; everybody else signs in with the one they have.
    """
    operation = Operation.INVITE_STAFF
    with audited(operation, actor=actor, subject=subject, grounds=grounds) as draft:
        account = draft.account
        if roles_of(account):
            raise errors.AlreadyStaff
        policy.require_role_below(actor, role)
        draft.detail = {"role": role}
        if address := address_to_invite(account):
            draft.detail["address"] = _mail_an_invitation(account, address)
        _give(account, role, actor=actor, grounds=grounds)
    return draft.written


def address_to_invite(account: Account) -> ContactAddress | None:
    """Where an invitation would go; None for whoever was enrolled, and so needs none."""
    return suitable_address(account) if account.enrolled_at is None else None


def _mail_an_invitation(account: Account, address: ContactAddress) -> str:
    links.end_open(account, state=LinkState.WITHDRAWN)
    links.queue(account, address, operation=Operation.INVITE_STAFF, purpose=LinkPurpose.INVITATION)
    return mask_address(address.address)


def change_role(*, actor: Actor, subject: Account, grounds: Grounds, role: Role) -> AuditEvent:
    """Give ``subject`` another role in place of the one they have. Their sessions end."""
    operation = Operation.CHANGE_ROLE
    with audited(operation, actor=actor, subject=subject, grounds=grounds) as draft:
        account = draft.account
        was = roles_of(account)
        if not was:
            raise errors.NotStaff
        policy.require_role_below(actor, role)
        _give(account, role, actor=actor, grounds=grounds)
        end_sessions(account)
        draft.detail = {"was": was, "role": role}
    return draft.written


def remove_staff(*, actor: Actor, subject: Account, grounds: Grounds) -> AuditEvent:
    """Take ``subject``'s role away. They keep their account; their sessions end."""
    operation = Operation.REMOVE_STAFF
    with audited(operation, actor=actor, subject=subject, grounds=grounds) as draft:
        account = draft.account
        was = roles_of(account)
        if not was:
            raise errors.NotStaff
        _take_roles(account)
        # The host project may have made them staff for reasons of its own.
        _set_staff(account, value=bool(policy.permissions_of(account.user)))
        _note_tier(account, actor=actor, reason=grounds.reason)
        end_sessions(account)
        draft.detail = {"was": was}
    return draft.written


def confirm_staff(*, actor: Actor, subject: Account, grounds: Grounds) -> AuditEvent:
    """Give a recovered member of staff their power in the console back."""
    operation = Operation.CONFIRM_STAFF
    with audited(operation, actor=actor, subject=subject, grounds=grounds) as draft:
        account = draft.account
        if account.power_suspended_at is None:
            raise errors.NotSuspended
        flags.change(account, actor=actor, reason=grounds.reason, power_suspended_at=None)
    return draft.written


def enrol_staff(
    *,
    actor: Actor,
    subject: Account,
    grounds: Grounds,
    name: str,
    replace: bool = False,
    role: Role | None = None,
    prove: Callable[[Secret], str] | None = None,
) -> Enrolled:
    """Bind an authenticator to a member of staff: command line only, for the first and superusers.

    Refuses who has one bound, unless ``replace``; then the old ones are revoked and their
    sessions end. ``prove`` gets the key and returns a one-time code of the app that took it in:
    without the right one nothing is bound. It runs before anything is locked, people are slow.

    Their power comes back and a freeze is lifted with it: no page does that for a superuser.
    """
    key, typed = totp.new_key(), None
    if prove is not None and _why_not(subject, role=role, replace=replace) is None:
        typed = prove(key)
    operation = Operation.ENROL_STAFF
    with audited(operation, actor=actor, subject=subject, grounds=grounds) as draft:
        account = draft.account
        if refusal := _why_not(account, role=role, replace=replace):
            raise refusal
        if role is not None:
            _give(account, role, actor=actor, grounds=grounds)
        revoked = revoke_all(account, because=EndReason.REPLACED)
        theirs = host_devices.end(account)
        bound = totp.bind(account.user, key, name=name)
        if typed is not None and not totp.verify(bound, typed=typed):
            raise errors.WrongCode
        end_sessions(account)
        flags.mark_enrolled(account, actor=actor, reason=grounds.reason)
        draft.detail = {"bound": bound.persistent_id, "revoked": revoked + len(theirs)}
        draft.detail |= host_devices.noted(theirs)
        if closed := _give_back(account, actor=actor, reason=grounds.reason):
            draft.detail["incidents"] = closed
        if role is not None:
            draft.detail["role"] = role
    return Enrolled(authenticator=bound, key=key, event=draft.written)


def _why_not(account: Account, *, role: Role | None, replace: bool) -> errors.RecoveryError | None:
    if role is None and not policy.is_staff(account.user):
        return errors.RoleNeeded()
    bound = TotpAuthenticator.objects.filter(user_id=account.user_id, confirmed=True)
    has_one = bound.exists() or bool(host_devices.live_of(account))
    return errors.AlreadyEnrolled() if has_one and not replace else None


def _give_back(account: Account, *, actor: Actor, reason: str) -> int:
    """Undo what waits for a lead. Whoever has the server's terminal is above all leads."""
    flags.change(account, actor=actor, reason=reason, power_suspended_at=None)
    return close_all(account, actor=actor, reason=reason)


def roles_of(account: Account) -> list[str]:
    """The names of the desk roles that somebody holds."""
    groups = Group.objects.filter(user=account.user_id, name__in=Role.values)
    return list(groups.order_by("name").values_list("name", flat=True))


def _give(account: Account, role: Role, *, actor: Actor, grounds: Grounds) -> None:
    _take_roles(account)
    account.user.groups.add(Group.objects.get(name=role.value))
    _set_staff(account, value=True)
    _note_tier(account, actor=actor, reason=grounds.reason)


def _take_roles(account: Account) -> None:
    account.user.groups.remove(*Group.objects.filter(name__in=Role.values))


def _set_staff(account: Account, *, value: bool) -> None:
    account.user.is_staff = value
    account.user.save(update_fields=["is_staff"])


def _note_tier(account: Account, *, actor: Actor, reason: str) -> None:
    tier: Tier = policy.tier_of(account.user)
    flags.change(account, actor=actor, reason=reason, tier=tier)
