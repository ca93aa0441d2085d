"""Each rule of each operation: raised, nothing changed, recorded."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.utils import timezone

from recovery import actions, errors, policy
from recovery.actors import Actor, Grounds
from recovery.audit import audited
from recovery.enums import AuthenticatorKind, Operation, Outcome, Role
from recovery.models import Account, AuditEvent
from recovery.secret import Secret
from tests.factories import (
    account,
    actor,
    app,
    flag,
    fresh,
    grounds,
    last_event,
    open_link,
    snapshot,
    staff,
    user,
)

pytestmark = pytest.mark.django_db


@dataclass(frozen=True, kw_only=True)
class Case:
    """An operation that would be done, were it not for the one rule that is broken."""

    actor: Actor
    subject: Account
    grounds: Grounds
    token: Secret | None = None


def invite(**case):
    return actions.invite_staff(role=Role.AGENT, **case)


def change(**case):
    return actions.change_role(role=Role.AUDITOR, **case)


def enrol(**case):
    return actions.enrol_staff(name="phone", role=Role.AGENT, **case)


VERBS: dict[Operation, Callable] = {
    Operation.REGENERATE_BACKUP_CODES: actions.regenerate_backup_codes,
    Operation.ISSUE_PHONE_CODE: actions.issue_phone_code,
    Operation.SEND_RECOVERY_LINK: actions.send_recovery_link,
    Operation.WITHDRAW_RECOVERY_LINK: actions.withdraw_recovery_link,
    Operation.REQUIRE_REENROLMENT: actions.require_reenrolment,
    Operation.LIFT_REENROLMENT: actions.lift_reenrolment,
    Operation.REPORT_AUTHENTICATOR_LOST: actions.report_authenticator_lost,
    Operation.INVITE_STAFF: invite,
    Operation.CHANGE_ROLE: change,
    Operation.REMOVE_STAFF: actions.remove_staff,
    Operation.ENROL_STAFF: enrol,
}


def run(operation, case):
    """Do it: by its verb, or where the verb lies outside the domain, by what the verb calls."""
    if operation is Operation.OPEN_RECOVERY_LINK:
        return actions.open_recovery_link(token=case.token)
    said = {"actor": case.actor, "subject": case.subject, "grounds": case.grounds}
    if operation in VERBS:
        return VERBS[operation](**said)
    with audited(operation, **said):
        Account.objects.filter(pk=case.subject.pk).update(session_generation=99)
    return None


def ready(operation) -> Case:
    """Make a case in which ``operation`` would be done."""
    subject, token = account(), None
    if operation in {Operation.WITHDRAW_RECOVERY_LINK, Operation.OPEN_RECOVERY_LINK}:
        _, token = open_link(subject)
    elif operation is Operation.LIFT_REENROLMENT:
        flag(subject)
    elif operation is Operation.REPORT_AUTHENTICATOR_LOST:
        app(subject)
    elif operation in {Operation.CHANGE_ROLE, Operation.REMOVE_STAFF}:
        subject.user.groups.add(Group.objects.get(name=Role.AGENT))
    is_command = policy.from_the_command_line in policy.RULES[operation]
    by = Actor.command("test") if is_command else staff(Role.LEAD)
    if policy.is_their_own in policy.RULES[operation]:
        by = actor(person=subject.user)
    return Case(actor=by, subject=subject, grounds=grounds(), token=token)


def by(case, **changed):
    return replace(case, actor=replace(case.actor, **changed))


def on_oneself(case):
    return replace(case, subject=case.actor.user.recovery_account)


def on_a_peer(case):
    case.subject.user.groups.set([Group.objects.get(name=Role.LEAD)])
    return case


def on_a_senior(case):
    may_elsewhere = Permission.objects.exclude(content_type__app_label="recovery").first()
    case.subject.user.user_permissions.add(may_elsewhere)
    return case


def on_a_frozen_account(case):
    Account.objects.filter(pk=case.subject.pk).update(frozen_at=timezone.now())
    return case


def on_a_deactivated_account(case):
    type(case.subject.user)._default_manager.filter(pk=case.subject.user_id).update(is_active=False)
    return case


def by_a_recovered_one(case):
    suspended = Account.objects.filter(user_id=case.actor.user.pk)
    suspended.update(power_suspended_at=timezone.now())
    return case


def saying(case, **said):
    return replace(case, grounds=replace(case.grounds, **said))


BROKEN: dict[policy.Rule, tuple[type[errors.RecoveryError], Callable[[Case], Case]]] = {
    policy.holds_permission: (errors.PermissionMissing, lambda case: by(case, user=user())),
    policy.verified_by_an_authenticator: (
        errors.NotVerified,
        lambda case: by(case, verified_by=AuthenticatorKind.BACKUP_CODE),
    ),
    policy.has_their_power: (errors.PowerSuspended, by_a_recovered_one),
    policy.is_their_own: (errors.NotOwnAccount, lambda case: by(case, user=user())),
    policy.is_known: (errors.VetoNotUsable, lambda case: replace(case, subject=None)),
    policy.is_someone_else: (errors.ActorIsSubject, on_oneself),
    policy.outranks_the_subject: (errors.SubjectOutranksActor, on_a_peer),
    policy.is_at_least_a_peer: (errors.SubjectOutranksActor, on_a_senior),
    policy.stepped_up_recently: (
        errors.StepUpRequired,
        lambda case: by(case, verified_at=timezone.now() - timedelta(minutes=6)),
    ),
    policy.gives_grounds: (errors.ReasonMissing, lambda case: saying(case, reason=" ")),
    policy.says_how_the_caller_was_proven: (
        errors.ProofingMissing,
        lambda case: saying(case, proofing=None),
    ),
    policy.is_not_frozen: (errors.AccountFrozen, on_a_frozen_account),
    policy.is_active: (errors.SubjectInactive, on_a_deactivated_account),
    policy.from_the_command_line: (errors.NotFromHere, lambda case: replace(case, actor=root())),
}
TABLE = [
    pytest.param(operation, rule, id=f"{operation}-{rule.__name__}")
    for operation, rules in policy.RULES.items()
    for rule in rules
]


def root():
    return actor(person=user(is_superuser=True, is_staff=True))


@pytest.mark.parametrize("operation", policy.RULES, ids=str)
def test_what_breaks_no_rule_is_done(operation):
    case = ready(operation)

    run(operation, case)

    assert last_event(operation=operation).outcome == Outcome.COMPLETED


SAID_ALIKE = {
    # A claimant is not told why a link opens nothing.
    (Operation.OPEN_RECOVERY_LINK, policy.is_not_frozen): errors.LinkNotUsable,
}


@pytest.mark.requirement("A30")
@pytest.mark.parametrize(("operation", "rule"), TABLE)
def test_a_broken_rule_is_refused_changes_nothing_and_is_recorded(operation, rule):
    refusal, breaking = BROKEN[rule]
    refusal = SAID_ALIKE.get((operation, rule), refusal)
    case = breaking(ready(operation))
    before, events = snapshot(), AuditEvent.objects.count()

    with pytest.raises(refusal) as raised:
        run(operation, case)

    assert type(raised.value) is refusal
    assert snapshot() == before
    assert AuditEvent.objects.count() == events + 1
    event = last_event()
    assert (event.operation, event.outcome, event.refusal) == (
        operation,
        Outcome.REFUSED,
        refusal.code,
    )
    assert event.subject_id == (str(case.subject.user_id) if case.subject else "")
    assert event.detail == {}


def test_a_refusal_names_who_asked_and_what_they_said():
    case = by(ready(Operation.ISSUE_PHONE_CODE), verified_at=None)

    with pytest.raises(errors.StepUpRequired):
        run(Operation.ISSUE_PHONE_CODE, case)

    event = last_event()
    assert event.actor_id == str(case.actor.user.pk)
    assert event.actor_name == case.actor.name
    assert (event.reason, event.ticket, event.proofing) == ("Lost the phone", "HD-1", "call_back")


def test_a_refused_account_is_as_it_was_for_the_next_who_asks():
    case = ready(Operation.REQUIRE_REENROLMENT)
    with pytest.raises(errors.StepUpRequired):
        run(Operation.REQUIRE_REENROLMENT, by(case, verified_at=None))

    run(Operation.REQUIRE_REENROLMENT, case)

    assert fresh(case.subject).is_flagged


def test_a_ticket_that_is_too_long_is_refused_and_recorded():
    case = saying(ready(Operation.ISSUE_PHONE_CODE), ticket="9" * 500)

    with pytest.raises(errors.TicketMalformed):
        run(Operation.ISSUE_PHONE_CODE, case)

    assert last_event().refusal == "ticket_malformed"
