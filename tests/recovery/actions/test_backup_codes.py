"""Giving a subject new codes."""

from datetime import timedelta

import pytest
from django.utils import timezone

from recovery import actions, redemption
from recovery.enums import CodeKind, EndReason, Operation
from recovery.models import BackupCode, BackupCodeSet, Notice
from tests.factories import account, actor, fresh, grounds, live_set, phone_code, saved_codes

pytestmark = pytest.mark.django_db


def regenerate(subject):
    agent = actor(Operation.REGENERATE_BACKUP_CODES)
    return actions.regenerate_backup_codes(actor=agent, subject=subject, grounds=grounds())


def issue_phone(subject):
    agent = actor(Operation.ISSUE_PHONE_CODE)
    return actions.issue_phone_code(actor=agent, subject=subject, grounds=grounds())


class TestRegenerate:
    def test_the_subject_gets_ten_codes_that_work(self):
        subject = account()

        issued = regenerate(subject)

        assert len(issued.codes) == 10
        assert all(redemption.redeem(subject.user, typed=code.reveal()) for code in issued.codes)

    def test_how_many_is_a_setting(self, settings):
        settings.RECOVERY_BACKUP_CODE_COUNT = 12

        assert len(regenerate(account()).codes) == 12

    def test_the_old_set_stops_working_at_once(self):
        subject = account()
        old, clear = saved_codes(subject)

        regenerate(subject)

        assert redemption.redeem(subject.user, typed=clear[0]) is None
        assert not redemption.redeem_in_set(fresh(old), typed=clear[1])
        assert fresh(old).ended_because == EndReason.REPLACED
        assert set(old.codes.values_list("digest", flat=True)) == {""}

    def test_the_account_counts_the_new_set(self):
        subject = account()
        _, clear = saved_codes(subject)
        redemption.redeem(subject.user, typed=clear[0])

        regenerate(subject)

        counted = fresh(subject)
        assert (counted.backup_codes_left, counted.backup_codes_total) == (10, 10)
        assert counted.backup_codes_issued_at == live_set(subject).issued_at

    def test_a_phone_code_lives_on(self):
        subject = account()
        phone_code(subject)

        regenerate(subject)

        assert live_set(subject, CodeKind.PHONE)

    def test_the_event_says_how_many_were_issued_and_ended(self):
        subject = account()
        saved_codes(subject)

        assert regenerate(subject).event.detail == {"issued": 10, "ended": 1, "notices": 1}

    def test_no_clear_code_is_stored(self):
        subject = account()

        issued = regenerate(subject)

        digests = set(BackupCode.objects.values_list("digest", flat=True))
        assert len(digests) == 10
        assert not digests & {code.reveal() for code in issued.codes}

    @pytest.mark.requirement("N7")
    def test_what_is_returned_prints_no_code(self):
        issued = regenerate(account())

        assert not any(code.reveal() in repr(issued) + str(issued) for code in issued.codes)


class TestPhoneCode:
    def test_the_subject_gets_one_code_that_works_once(self):
        subject = account()

        issued = issue_phone(subject)

        (code,) = issued.codes
        assert redemption.redeem(subject.user, typed=code.reveal())
        assert redemption.redeem(subject.user, typed=code.reveal()) is None

    @pytest.mark.requirement("N11")
    def test_it_lives_ten_minutes(self):
        subject = account()

        issued = issue_phone(subject)

        stored = live_set(subject, CodeKind.PHONE).expires_at
        assert abs(stored - timezone.now() - timedelta(minutes=10)) < timedelta(seconds=5)
        assert abs(stored - issued.expires_at) < timedelta(seconds=1)

    def test_another_one_ends_the_first(self):
        subject = account()
        first = issue_phone(subject).codes[0]

        second = issue_phone(subject)

        assert redemption.redeem(subject.user, typed=first.reveal()) is None
        assert second.event.detail["ended"] == 1

    def test_the_saved_set_and_its_count_stay(self):
        subject = account()
        code_set, _ = saved_codes(subject)

        issue_phone(subject)

        assert fresh(code_set).is_live
        assert fresh(subject).backup_codes_left == 10

    @pytest.mark.requirement("N6")
    def test_the_subject_is_told(self):
        issue_phone(account())

        assert Notice.objects.get().operation == Operation.ISSUE_PHONE_CODE


def test_of_each_kind_one_set_lives():
    subject = account()
    for _ in range(2):
        regenerate(subject)
        issue_phone(subject)

    live = BackupCodeSet.objects.filter(user_id=subject.user_id, confirmed=True)
    assert sorted(live.values_list("kind", flat=True)) == ["phone", "saved"]
