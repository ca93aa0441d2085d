"""Ending authenticators that are lost."""

import django_otp
import pytest

from recovery import errors, redemption, totp
from recovery.enums import EndReason, Enrolment, FlagOrigin
from recovery.models import BackupCodeSet, TotpAuthenticator
from tests.factories import (
    account,
    app,
    fresh,
    phone_code,
    refused,
    report_lost,
    saved_codes,
)

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.requirement("N17"),
]


def test_every_authenticator_of_each_kind_is_dead_at_once():
    subject = account()
    apps = [app(subject), app(subject)]
    saved, clear = saved_codes(subject)
    phone, aloud = phone_code(subject)

    event = report_lost(subject)

    assert not list(django_otp.devices_for_user(subject.user))
    assert not any(totp.verify(one, typed=totp.current_code(one).reveal()) for one in apps)
    assert redemption.redeem(subject.user, typed=clear[0]) is None
    assert redemption.redeem(subject.user, typed=aloud) is None
    assert fresh(subject).backup_codes_left == 0
    ended = {fresh(one).ended_because for one in (saved, phone)}
    assert ended == {fresh(one).revoked_because for one in apps} == {EndReason.REPORTED_LOST}
    assert event.detail == {"authenticators": 2, "codes": 2, "notices": 1}


def test_a_dead_authenticator_verifies_nothing_by_its_id():
    subject = account()
    bound = app(subject)
    code = totp.current_code(bound).reveal()
    report_lost(subject)

    assert django_otp.verify_token(subject.user, bound.persistent_id, code) is None
    assert django_otp.match_token(subject.user, code) is None


def test_one_can_be_reported_and_the_others_live_on():
    subject = account()
    lost, kept = app(subject), app(subject)
    saved_codes(subject)

    event = report_lost(subject, lost.persistent_id)

    assert not fresh(lost).confirmed
    assert fresh(kept).confirmed
    assert fresh(subject).backup_codes_left == 10
    assert event.detail == {"authenticators": 1, "codes": 0, "notices": 1}


def test_a_lost_list_of_codes_can_be_reported_alone():
    subject = account()
    bound = app(subject)
    code_set, _ = saved_codes(subject)

    report_lost(subject, code_set.persistent_id)

    assert not fresh(code_set).is_live
    assert fresh(bound).confirmed


def test_the_loss_never_lets_the_password_alone_bind_a_new_one():
    subject = account()
    app(subject)

    report_lost(subject)

    left = fresh(subject)
    assert left.enrolment == Enrolment.REENROLMENT_REQUIRED
    assert left.enrolled_at is not None
    assert left.reenrolment_origin == FlagOrigin.REPORTED_LOST


def test_their_sessions_end():
    subject = account()
    app(subject)

    report_lost(subject)

    assert fresh(subject).session_generation == 1


@pytest.mark.parametrize(
    "authenticator",
    [
        "recovery.totpauthenticator/999999",
        "recovery.backupcodeset/999999",
        "recovery.backupcodeset/",
        "recovery.totpauthenticator/1e3",
        "auth.user/1",
        "nonsense",
        "\0",
    ],
    ids=ascii,
)
def test_what_is_not_bound_cannot_be_reported(authenticator):
    subject = account()
    app(subject)

    refused(errors.NothingToReport, report_lost, subject, authenticator)


def test_somebody_elses_authenticator_cannot_be_reported_here():
    subject, other = account(), account()
    app(subject)

    for theirs in (app(other), saved_codes(other)[0]):
        with pytest.raises(errors.NothingToReport):
            report_lost(subject, theirs.persistent_id)

    assert TotpAuthenticator.objects.filter(confirmed=True).count() == 2
    assert BackupCodeSet.objects.filter(confirmed=True).count() == 1


def test_an_account_without_any_has_nothing_to_report_lost():
    with pytest.raises(errors.NothingToReport):
        report_lost(account())


def test_what_is_dead_is_not_reported_twice():
    subject = account()
    app(subject)
    report_lost(subject)

    with pytest.raises(errors.NothingToReport):
        report_lost(subject)
