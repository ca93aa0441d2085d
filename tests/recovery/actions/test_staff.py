"""Who is at the desk, and with which role."""

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import ObjectDoesNotExist

from recovery import actions, errors, policy, totp
from recovery.actions.staff import roles_of
from recovery.actors import Actor
from recovery.enums import Enrolment, LinkPurpose, LinkState, Role, Tier
from recovery.models import RecoveryLink
from tests.factories import (
    account,
    app,
    fresh,
    grounds,
    open_link,
    permissions,
    refused,
    saved_codes,
    staff,
    user,
)

pytestmark = pytest.mark.django_db


def invite(subject, role=Role.AGENT, by=None):
    lead = by or staff(Role.LEAD)
    return actions.invite_staff(actor=lead, subject=subject, grounds=grounds(), role=role)


def change(subject, role, by=None):
    lead = by or staff(Role.LEAD)
    return actions.change_role(actor=lead, subject=subject, grounds=grounds(), role=role)


def remove(subject, by=None):
    return actions.remove_staff(actor=by or staff(Role.LEAD), subject=subject, grounds=grounds())


def enrol(subject, *, replace=False, by=None):
    return actions.enrol_staff(
        actor=Actor.command("enrol_staff"),
        subject=subject,
        grounds=grounds(),
        name="phone",
        replace=replace,
    )


def at_the_desk():
    subject = account()
    subject.user.is_staff = True
    subject.user.save()
    return subject


class TestInvite:
    def test_the_subject_holds_the_role_from_then_on(self):
        subject = account()

        event = invite(subject)

        assert roles_of(subject) == [Role.AGENT]
        assert fresh(subject).user.is_staff
        assert fresh(subject).tier == Tier.PRIVILEGED
        assert event.detail == {"role": "Help-desk agent", "address": "k…n@ex….org", "notices": 1}

    def test_they_are_mailed_an_invitation_in_place_of_any_open_link(self):
        subject = account()
        old, _ = open_link(subject)

        invite(subject)

        link = RecoveryLink.objects.get(state=LinkState.QUEUED)
        assert link.purpose == LinkPurpose.INVITATION
        assert fresh(old).state == LinkState.WITHDRAWN

    def test_without_a_confirmed_address_there_is_no_invitation(self):
        refused(errors.NoSuitableAddress, invite, account(addresses=()))

    def test_whoever_is_at_the_desk_is_not_invited_again(self):
        subject = account()
        invite(subject)

        refused(errors.AlreadyStaff, invite, subject)

    def test_nobody_gives_a_role_as_high_as_their_own(self):
        refused(errors.RoleTooHigh, invite, account(), Role.LEAD)

    def test_the_history_names_who_gave_it(self):
        subject, lead = account(), staff(Role.LEAD)

        invite(subject, by=lead)

        assert subject.history.latest().history_user_id == lead.user.pk


class TestChange:
    def test_the_new_role_replaces_the_old(self):
        subject = account()
        invite(subject)

        event = change(subject, Role.AUDITOR)

        assert roles_of(subject) == [Role.AUDITOR]
        assert (event.detail["was"], event.detail["role"]) == (["Help-desk agent"], "Auditor")

    def test_their_sessions_end(self):
        subject = account()
        invite(subject)

        change(subject, Role.AUDITOR)

        assert fresh(subject).session_generation == 1

    def test_whoever_is_not_at_the_desk_has_no_role_to_change(self):
        refused(errors.NotStaff, change, account(), Role.AUDITOR)

    def test_nobody_is_lifted_to_the_actors_own_height(self):
        subject = account()
        invite(subject)

        refused(errors.RoleTooHigh, change, subject, Role.LEAD)


class TestRemove:
    def test_the_role_is_gone_and_the_account_stays(self):
        subject = account()
        invite(subject)

        event = remove(subject)

        assert roles_of(subject) == []
        assert not fresh(subject).user.is_staff
        assert fresh(subject).user.is_active
        assert fresh(subject).tier == Tier.STANDARD
        assert fresh(subject).session_generation == 1
        assert event.detail["was"] == ["Help-desk agent"]

    def test_what_the_host_project_gave_them_stays(self):
        subject = account()
        invite(subject)
        subject.user.user_permissions.add(*permissions("export_events"))

        remove(subject)

        assert fresh(subject).user.is_staff
        assert fresh(subject).tier == Tier.PRIVILEGED
        assert policy.permissions_of(subject.user) == {"recovery.export_events"}

    def test_whoever_is_not_at_the_desk_cannot_leave_it(self):
        refused(errors.NotStaff, remove, account())


class TestEnrol:
    def test_an_app_is_bound_whose_key_is_shown_once(self):
        subject = at_the_desk()

        enrolled = enrol(subject)

        code = totp.current_code(enrolled.authenticator).reveal()
        assert totp.verify_any(subject.user, typed=code) == enrolled.authenticator
        assert fresh(subject).enrolment == Enrolment.ENROLLED
        assert enrolled.event.detail == {
            "bound": enrolled.authenticator.persistent_id,
            "revoked": 0,
            "notices": 1,
        }

    def test_a_superuser_can_be_enrolled(self):
        subject = user(is_superuser=True, is_staff=True).recovery_account

        assert enrol(subject).authenticator.confirmed

    def test_an_enrolled_person_is_refused(self):
        subject = at_the_desk()
        app(subject)

        refused(errors.AlreadyEnrolled, enrol, subject)

    def test_replacing_revokes_the_old_one_and_ends_sessions(self):
        subject = at_the_desk()
        old = app(subject)

        event = enrol(subject, replace=True).event

        assert not fresh(old).confirmed
        assert fresh(subject).session_generation == 1
        assert event.detail["revoked"] == 1

    def test_their_backup_codes_stay(self):
        subject = at_the_desk()
        saved_codes(subject)

        enrol(subject)

        assert fresh(subject).backup_codes_left == 10

    def test_the_event_names_the_command_and_the_shell_user(self):
        event = enrol(at_the_desk()).event

        assert event.actor_name.startswith("enrol_staff (")
        assert event.actor_id == ""

    @pytest.mark.requirement("N7")
    def test_what_is_returned_prints_no_key(self):
        enrolled = enrol(at_the_desk())

        assert enrolled.key.reveal() not in repr(enrolled)

    def test_somebody_without_a_role_is_refused(self):
        refused(errors.RoleNeeded, enrol, account())


def test_a_role_whose_group_is_missing_is_given_to_nobody():
    subject = account()
    lead = staff(Role.LEAD)
    Group.objects.filter(name=Role.AUDITOR).delete()

    with pytest.raises(ObjectDoesNotExist):
        invite(subject, Role.AUDITOR, by=lead)

    assert not fresh(subject).user.is_staff
