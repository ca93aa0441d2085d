"""Making a subject enrol again, or letting them off."""

from datetime import timedelta

import pytest
from django.utils import timezone

from recovery import actions, errors
from recovery.enums import Enrolment, FlagOrigin, Operation
from tests.factories import account, actor, app, flag, fresh, grounds, refused

pytestmark = pytest.mark.django_db

IN_A_WEEK = timedelta(days=7)


def require(subject, due_at=None, by=None):
    agent = by or actor(Operation.REQUIRE_REENROLMENT)
    return actions.require_reenrolment(
        actor=agent, subject=subject, grounds=grounds(), due_at=due_at
    )


def lift(subject, by=None):
    agent = by or actor(Operation.LIFT_REENROLMENT)
    return actions.lift_reenrolment(actor=agent, subject=subject, grounds=grounds())


class TestRequire:
    def test_the_subject_has_to_re_enrol_at_once(self):
        subject = account()

        event = require(subject)

        flagged = fresh(subject)
        assert flagged.is_flagged
        assert flagged.reenrolment_due_at is None
        assert flagged.reenrolment_origin == FlagOrigin.DESK
        assert flagged.reenrolment_reason == "Lost the phone"
        assert event.detail == {"was": "not_enrolled", "due_at": None, "notices": 1}

    def test_or_by_a_date(self):
        subject, due_at = account(), timezone.now() + IN_A_WEEK

        event = require(subject, due_at)

        assert fresh(subject).reenrolment_due_at == due_at
        assert not fresh(subject).is_overdue
        assert event.detail["due_at"] == due_at.isoformat()

    def test_a_flag_takes_no_authenticator_away(self):
        subject = account()
        bound = app(subject)

        require(subject)

        assert fresh(bound).confirmed

    def test_a_date_in_the_past_is_refused(self):
        refused(errors.DueDateInPast, require, account(), timezone.now() - timedelta(seconds=1))

    def test_a_flag_can_be_brought_forward(self):
        subject = account()
        require(subject, timezone.now() + IN_A_WEEK)
        since = fresh(subject).reenrolment_required_at

        require(subject)

        assert fresh(subject).reenrolment_due_at is None
        assert fresh(subject).reenrolment_required_at == since

    def test_a_flag_cannot_be_put_off(self):
        subject = account()
        require(subject, timezone.now() + IN_A_WEEK)

        refused(errors.AlreadyFlagged, require, subject, timezone.now() + 2 * IN_A_WEEK)

    def test_a_flag_without_a_date_stands_as_it_is(self):
        subject = account()
        require(subject)

        refused(errors.AlreadyFlagged, require, subject, timezone.now() + IN_A_WEEK)
        refused(errors.AlreadyFlagged, require, subject)

    def test_history_names_the_agent_and_their_reason(self):
        subject, agent = account(), actor(Operation.REQUIRE_REENROLMENT)

        require(subject, by=agent)

        version = subject.history.latest()
        assert version.history_user_id == agent.user.pk
        assert version.history_change_reason == "Lost the phone"
        assert version.enrolment == Enrolment.REENROLMENT_REQUIRED


class TestLift:
    def test_whoever_was_enrolled_is_enrolled_again(self):
        subject = account()
        app(subject)
        require(subject)

        event = lift(subject)

        assert fresh(subject).enrolment == Enrolment.ENROLLED
        assert event.detail["now"] == "enrolled"

    def test_whoever_never_was_is_not(self):
        subject = account()
        require(subject)

        lift(subject)

        assert fresh(subject).enrolment == Enrolment.NOT_ENROLLED

    def test_nothing_is_left_of_the_flag(self):
        subject = account()
        require(subject, timezone.now() + IN_A_WEEK)

        lift(subject)

        lifted = fresh(subject)
        assert (lifted.reenrolment_required_at, lifted.reenrolment_due_at) == (None, None)
        assert (lifted.reenrolment_origin, lifted.reenrolment_reason) == ("", "")

    def test_without_a_flag_there_is_nothing_to_lift(self):
        refused(errors.NotFlagged, lift, account())

    @pytest.mark.parametrize("origin", [FlagOrigin.REDEEMED, FlagOrigin.REPORTED_LOST])
    def test_what_a_code_or_a_loss_raised_stays(self, origin):
        subject = account()
        flag(subject, origin=origin)

        refused(errors.FlagStays, lift, subject)

    def test_a_desks_flag_on_top_does_not_make_it_the_desks(self):
        subject = account()
        flag(subject, origin=FlagOrigin.REDEEMED, due_at=timezone.now() + IN_A_WEEK)
        require(subject)

        refused(errors.FlagStays, lift, subject)

    def test_a_loss_on_top_of_a_desks_flag_makes_it_stay(self):
        subject = account()
        require(subject, timezone.now() + IN_A_WEEK)
        flag(subject, origin=FlagOrigin.REPORTED_LOST)

        refused(errors.FlagStays, lift, subject)
        assert fresh(subject).reenrolment_due_at is None
