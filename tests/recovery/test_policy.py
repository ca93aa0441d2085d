"""Who may do what to whom: each rule, asked alone."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from recovery import errors, policy
from recovery.actors import Actor
from recovery.enums import (
    DESK_OPERATIONS,
    GRANTED_OPERATIONS,
    AuthenticatorKind,
    Operation,
    Role,
    Tier,
)
from recovery.models import Account
from tests.factories import account, actor, grounds, permissions, staff, user

pytestmark = pytest.mark.django_db

OPERATION = Operation.REQUIRE_REENROLMENT


def attempt(by, on=None, *, operation=OPERATION, **said):
    return policy.Attempt(operation=operation, actor=by, subject=on, grounds=grounds(**said))


def refused(rule, refusal, *args, **kwargs):
    with pytest.raises(refusal) as raised:
        rule(attempt(*args, **kwargs))
    return type(raised.value) is refusal


def account_of(member: Actor):
    return member.user.recovery_account


class TestPermission:
    def test_its_holder_may(self):
        policy.holds_permission(attempt(actor(OPERATION)))

    def test_another_permission_does_not_do(self):
        assert refused(
            policy.holds_permission, errors.PermissionMissing, actor(Operation.EXPORT_EVENTS)
        )

    def test_nobody_holds_none(self):
        assert refused(policy.holds_permission, errors.PermissionMissing, Actor.stranger())

    def test_a_deactivated_agent_may_nothing(self):
        agent = actor(OPERATION)
        agent.user.is_active = False

        assert refused(policy.holds_permission, errors.PermissionMissing, agent)

    def test_one_that_was_just_taken_away_does_not_count(self):
        agent = actor(OPERATION)
        policy.holds_permission(attempt(agent))

        agent.user.user_permissions.clear()

        assert refused(policy.holds_permission, errors.PermissionMissing, agent)

    @pytest.mark.parametrize("looked_at_before", [True, False])
    def test_the_lazy_user_of_a_request_is_seen_through(self, looked_at_before):
        person = actor(OPERATION).user
        lazy = SimpleLazyObject(lambda: person)
        if looked_at_before:
            assert lazy.pk

        assert policy.permissions_of(lazy) == {OPERATION.permission}
        assert person.pk

    def test_asking_leaves_the_person_as_they_were(self):
        person = user(is_active=False)

        policy.permissions_of(person)

        assert not person.is_active


class TestVerified:
    @pytest.mark.parametrize("kind", [None, *(kind for kind in AuthenticatorKind if kind.is_code)])
    def test_a_session_that_no_authenticator_verified_has_no_power(self, kind):
        agent = actor(OPERATION, verified_by=kind)

        assert refused(policy.verified_by_an_authenticator, errors.NotVerified, agent)

    def test_one_that_an_app_verified_has(self):
        policy.verified_by_an_authenticator(attempt(actor(OPERATION)))


class TestStepUp:
    def test_five_minutes_are_fresh_enough(self):
        agent = actor(OPERATION, verified_at=timezone.now() - timedelta(minutes=4, seconds=55))

        policy.stepped_up_recently(attempt(agent))

    @pytest.mark.parametrize("ago", [timedelta(minutes=5, seconds=1), timedelta(days=1)])
    def test_longer_ago_asks_for_another_one_time_code(self, ago):
        agent = actor(OPERATION, verified_at=timezone.now() - ago)

        assert refused(policy.stepped_up_recently, errors.StepUpRequired, agent)

    def test_never_asks_for_a_one_time_code(self):
        agent = actor(OPERATION, verified_at=None)

        assert refused(policy.stepped_up_recently, errors.StepUpRequired, agent)

    def test_how_long_is_a_setting(self, settings):
        settings.RECOVERY_STEP_UP_MAX_AGE = timedelta(minutes=1)
        agent = actor(OPERATION, verified_at=timezone.now() - timedelta(minutes=2))

        assert refused(policy.stepped_up_recently, errors.StepUpRequired, agent)


class TestOneself:
    @pytest.mark.parametrize("role", list(Role))
    def test_nobody_acts_on_their_own_account(self, role):
        agent = staff(role)

        assert refused(policy.is_someone_else, errors.ActorIsSubject, agent, account_of(agent))

    def test_a_superuser_neither(self):
        root = actor(person=user(is_superuser=True, is_staff=True))

        assert refused(policy.is_someone_else, errors.ActorIsSubject, root, account_of(root))


class TestRank:
    """Peers never, seniors never: strictly more, computed from what both hold now."""

    @pytest.mark.parametrize("role", [Role.AGENT, Role.LEAD])
    def test_everybody_may_help_a_person_without_a_role(self, role):
        policy.outranks_the_subject(attempt(staff(role), account()))

    @pytest.mark.parametrize("role", [Role.AGENT, Role.AUDITOR, Role.REPORT_ADMINISTRATOR])
    def test_a_lead_may_help_every_lower_role(self, role):
        policy.outranks_the_subject(attempt(staff(Role.LEAD), account_of(staff(role))))

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            (Role.AGENT, Role.AGENT),
            (Role.LEAD, Role.LEAD),
            (Role.AGENT, Role.LEAD),
            (Role.AGENT, Role.AUDITOR),
            (Role.AUDITOR, Role.AGENT),
            (Role.REPORT_ADMINISTRATOR, Role.LEAD),
        ],
    )
    def test_peers_and_seniors_are_out_of_reach(self, one, other):
        subject = account_of(staff(other))

        assert refused(
            policy.outranks_the_subject, errors.SubjectOutranksActor, staff(one), subject
        )

    @pytest.mark.parametrize("role", [Role.AGENT, Role.LEAD])
    def test_an_administrator_of_the_host_project_is_out_of_reach(self, role):
        administrator = user()
        administrator.user_permissions.add(*permissions("view_auditevent"))
        administrator.user_permissions.add(_foreign_permission())

        subject = administrator.recovery_account

        assert refused(
            policy.outranks_the_subject, errors.SubjectOutranksActor, staff(role), subject
        )

    def test_a_deactivated_administrator_is_still_one(self):
        administrator = staff(Role.LEAD).user
        administrator.is_active = False
        administrator.save(update_fields=["is_active"])

        assert refused(
            policy.outranks_the_subject,
            errors.SubjectOutranksActor,
            staff(Role.AGENT),
            administrator.recovery_account,
        )

    @pytest.mark.parametrize("is_active", [True, False])
    def test_a_superuser_is_recovered_on_the_command_line_only(self, is_active):
        subject = user(is_superuser=True, is_active=is_active).recovery_account
        root = actor(person=user(is_superuser=True))

        for who in (staff(Role.LEAD), root):
            assert refused(policy.outranks_the_subject, errors.SubjectIsSuperuser, who, subject)

    def test_the_command_line_may_help_a_superuser(self):
        subject = user(is_superuser=True).recovery_account

        policy.outranks_the_subject(attempt(Actor.command("enrol_staff"), subject))

    def test_a_superuser_may_help_a_lead(self):
        root = actor(person=user(is_superuser=True))

        policy.outranks_the_subject(attempt(root, account_of(staff(Role.LEAD))))

    def test_a_lead_looks_into_what_happened_to_another_lead(self):
        policy.is_at_least_a_peer(attempt(staff(Role.LEAD), account_of(staff(Role.LEAD))))

    def test_nobody_looks_into_what_happened_to_somebody_above_them(self):
        senior = account_of(staff(Role.LEAD))
        root = user(is_superuser=True).recovery_account

        assert refused(
            policy.is_at_least_a_peer, errors.SubjectOutranksActor, staff(Role.AGENT), senior
        )
        assert refused(policy.is_at_least_a_peer, errors.SubjectIsSuperuser, staff(Role.LEAD), root)

    def test_a_role_that_was_just_given_counts_whatever_the_tier_column_says(self):
        agent, subject = staff(Role.AGENT), account()
        subject.user.groups.set(staff(Role.LEAD).user.groups.all())
        Account.objects.filter(pk=subject.pk).update(tier=Tier.STANDARD)

        assert refused(policy.outranks_the_subject, errors.SubjectOutranksActor, agent, subject)

    def test_an_is_staff_flag_alone_is_a_role(self):
        nobody = actor(person=user())

        assert refused(
            policy.outranks_the_subject,
            errors.SubjectOutranksActor,
            nobody,
            user(is_staff=True).recovery_account,
        )


class TestRoleToGive:
    @pytest.mark.parametrize("role", [Role.AGENT, Role.AUDITOR, Role.REPORT_ADMINISTRATOR])
    def test_a_lead_gives_the_roles_below(self, role):
        policy.require_role_below(staff(Role.LEAD), role)

    def test_nobody_gives_their_own_role(self):
        with pytest.raises(errors.RoleTooHigh):
            policy.require_role_below(staff(Role.LEAD), Role.LEAD)

    def test_nobody_gives_a_higher_one(self):
        with pytest.raises(errors.RoleTooHigh):
            policy.require_role_below(staff(Role.AGENT), Role.LEAD)


class TestGrounds:
    @pytest.mark.parametrize("reason", ["", "  ", "\n\t"])
    def test_a_reason_is_always_asked_for(self, reason):
        assert refused(policy.gives_grounds, errors.ReasonMissing, actor(), reason=reason)

    def test_a_ticket_is_not_by_default(self):
        policy.gives_grounds(attempt(actor(), ticket=""))

    def test_a_ticket_is_where_the_desk_says_so(self, settings):
        settings.RECOVERY_TICKET_REQUIRED = True

        assert refused(policy.gives_grounds, errors.TicketMissing, actor(), ticket="")

    @pytest.mark.parametrize("ticket", ["HD-", "HD-1x", "xHD-1", "HD-1\n"])
    def test_a_ticket_matches_the_desks_own_form_from_end_to_end(self, settings, ticket):
        settings.RECOVERY_TICKET_PATTERN = r"HD-\d+"

        assert refused(policy.gives_grounds, errors.TicketMalformed, actor(), ticket=ticket)

    def test_a_ticket_of_that_form_will_do(self, settings):
        settings.RECOVERY_TICKET_PATTERN = r"HD-\d+"

        policy.gives_grounds(attempt(actor(), ticket="HD-12"))

    def test_a_ticket_that_the_ledger_has_no_room_for_is_malformed(self):
        assert refused(policy.gives_grounds, errors.TicketMalformed, actor(), ticket="9" * 65)

    @pytest.mark.requirement("A9", "S1")
    def test_how_the_caller_was_proven_is_always_asked_for(self):
        assert refused(
            policy.says_how_the_caller_was_proven, errors.ProofingMissing, actor(), proofing=None
        )


class TestSubject:
    def test_a_frozen_account_waits_for_a_lead(self):
        subject = account(frozen_at=timezone.now())

        assert refused(policy.is_not_frozen, errors.AccountFrozen, actor(), subject)

    def test_nothing_is_issued_to_a_deactivated_account(self):
        subject = account()
        subject.user.is_active = False

        assert refused(policy.is_active, errors.SubjectInactive, actor(), subject)


class TestCommandLine:
    def test_a_desk_cannot_do_what_is_left_to_the_command_line(self):
        root = actor(person=user(is_superuser=True))

        assert refused(policy.from_the_command_line, errors.NotFromHere, root)

    def test_the_command_line_can(self):
        policy.from_the_command_line(attempt(Actor.command("enrol_staff")))


class TestBeforehand:
    """What pages may say without a form: the same rules, asked once and for nothing."""

    @pytest.mark.parametrize(
        "rule", dict.fromkeys(rule for rules in policy.RULES.values() for rule in rules)
    )
    def test_a_rule_that_needs_more_than_who_and_whom_says_so(self, rule):
        only = SimpleNamespace(actor=Actor.stranger(), subject=account())
        try:
            rule(only)
        except AttributeError:
            looks_at_more = True
        except errors.RecoveryError:
            looks_at_more = False
        else:
            looks_at_more = False

        waits = rule is policy.stepped_up_recently or rule is policy.holds_permission
        assert (rule in policy.DEPEND_ON_MORE) == (looks_at_more or waits)

    def test_the_first_refusal_of_each_operation_is_told(self):
        agent, subject = staff(Role.AGENT), account(frozen_at=timezone.now())
        subject.user.is_active = False
        asked = [Operation.ISSUE_PHONE_CODE, Operation.REQUIRE_REENROLMENT]

        standing = policy.standing_refusals(asked, actor=agent, subject=subject)

        assert [type(refusal) for refusal in standing.values()] == [errors.AccountFrozen]
        assert list(standing) == [Operation.ISSUE_PHONE_CODE]

    def test_neither_a_form_nor_a_step_up_is_missed(self):
        agent = staff(Role.AGENT, verified_at=None)

        assert not policy.standing_refusals(DESK_OPERATIONS, actor=agent, subject=account())

    def test_more_operations_cost_no_more(self, django_assert_num_queries):
        agent, subject = staff(Role.AGENT), staff(Role.LEAD).user.recovery_account
        with CaptureQueriesContext(connection) as ran:
            policy.standing_refusals(DESK_OPERATIONS[:1], actor=agent, subject=subject)

        with django_assert_num_queries(len(ran)):
            policy.standing_refusals(GRANTED_OPERATIONS, actor=agent, subject=subject)


def test_an_operation_without_rules_is_a_bug_and_no_permission():
    with pytest.raises(KeyError):
        policy.require(attempt(actor(), operation=Operation.SIGN_IN))


def test_the_first_refusal_is_the_one_that_is_told():
    with pytest.raises(errors.PermissionMissing):
        policy.require(attempt(actor(verified_by=None, verified_at=None), account(), reason=""))


def _foreign_permission():
    return Permission.objects.exclude(content_type__app_label="recovery").first()
