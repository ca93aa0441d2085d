"""Devices of the host project, which django-otp knows beside ours: they die of the same things."""

import time
from datetime import timedelta

import django_otp
import pytest
from django.utils import timezone
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from recovery import actions, errors, host_devices
from recovery.enums import Enrolment, FlagOrigin, IncidentKind, LinkPurpose, Operation
from recovery.models import RecoveryLink
from tests.factories import (
    account,
    actor,
    app,
    fresh,
    grounds,
    last_event,
    refused,
    report_lost,
    saved_codes,
    user,
)

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.any_user_model,
    pytest.mark.requirement("N17"),
]

TOKEN = "old-token"


def stock_app(owner, **fields):
    """Bind an app in the way that the host project does."""
    return TOTPDevice.objects.create(user=owner.user, name="Old phone", **fields)


def stock_codes(owner, **fields):
    """Give out tokens in the way that the host project does."""
    device = StaticDevice.objects.create(user=owner.user, name="", **fields)
    StaticToken.objects.create(device=device, token=TOKEN)
    return device


MAKERS = {"app": stock_app, "codes": stock_codes}
each_kind = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


def dated(device, added_at):
    """Say when it was added; django-otp puts the date of today there."""
    type(device).objects.filter(pk=device.pk).update(created_at=added_at)
    return device


def typed_for(device):
    if isinstance(device, StaticDevice):
        return TOKEN
    generator = TOTP(device.bin_key, device.step, device.t0, device.digits, device.drift)
    generator.time = time.time()
    return f"{generator.token():0{device.digits}d}"


def opens(owner, device, typed):
    """Whether a login of the host project would take it, listed or named by its id."""
    listed = device in django_otp.devices_for_user(owner.user)
    return listed or bool(django_otp.verify_token(owner.user, device.persistent_id, typed))


class TestReportedLost:
    def test_everything_is_everything(self):
        subject = account()
        app(subject)
        saved_codes(subject)
        stock = [stock_app(subject), stock_app(subject), stock_codes(subject)]
        typed = [typed_for(device) for device in stock]

        event = report_lost(subject)

        assert not list(django_otp.devices_for_user(subject.user))
        assert not any(opens(subject, *one) for one in zip(stock, typed, strict=True))
        assert not any(fresh(device).confirmed for device in stock)
        assert sorted(event.detail.pop("host_devices")) == sorted(
            device.persistent_id for device in stock
        )
        assert event.detail == {"authenticators": 4, "codes": 1, "notices": 1}

    @each_kind
    def test_one_alone_can_be_reported(self, make):
        subject = account()
        bound, lost = app(subject), make(subject)
        kept = [stock_app(subject), stock_codes(subject)]
        typed = typed_for(lost)

        event = report_lost(subject, lost.persistent_id)

        assert not opens(subject, lost, typed)
        assert list(django_otp.devices_for_user(subject.user)) == [bound, *reversed(kept)]
        assert event.detail == {
            "authenticators": 1,
            "codes": 0,
            "notices": 1,
            "host_devices": [lost.persistent_id],
        }

    @each_kind
    def test_who_has_nothing_else_is_helped_like_everybody(self, make):
        subject = account()
        make(subject)

        report_lost(subject)

        left = fresh(subject)
        assert left.enrolment == Enrolment.REENROLMENT_REQUIRED
        assert left.reenrolment_origin == FlagOrigin.REPORTED_LOST
        assert left.session_generation == 1

    def test_who_had_one_was_enrolled_and_comes_back_by_a_recovery(self):
        """An invitation would let a member of staff back without a lead who confirms them."""
        subject = account()
        stock_app(subject)

        report_lost(subject)
        actions.send_recovery_link(
            actor=actor(Operation.SEND_RECOVERY_LINK), subject=subject, grounds=grounds()
        )

        assert RecoveryLink.objects.get(account=subject).purpose == LinkPurpose.RECOVERY

    def test_what_stays_behind_holds_no_secret(self):
        subject = account()
        device, codes = stock_app(subject), stock_codes(subject)

        report_lost(subject)

        assert fresh(device).key != device.key
        assert not codes.token_set.exists()

    def test_what_nobody_confirmed_is_not_reported(self):
        subject = account()
        stock_app(subject, confirmed=False)

        refused(errors.NothingToReport, report_lost, subject)

    def test_what_is_dead_is_not_reported_twice(self):
        subject = account()
        device = stock_app(subject)
        report_lost(subject)

        for named in ("", device.persistent_id):
            with pytest.raises(errors.NothingToReport):
                report_lost(subject, named)

    def test_somebody_elses_stays(self):
        subject, other = account(), account()
        theirs = stock_app(other)

        with pytest.raises(errors.NothingToReport):
            report_lost(subject, theirs.persistent_id)

        assert fresh(theirs).confirmed
        assert fresh(theirs).key == theirs.key

    @pytest.mark.parametrize("named", ["otp_totp.totpdevice/", "otp_totp.totpdevice/x", "a.b/1"])
    def test_what_is_no_device_is_refused(self, named):
        subject = account()
        stock_app(subject)

        refused(errors.NothingToReport, report_lost, subject, named)


class TestEnrolStaff:
    def enrol(self, subject, **options):
        return actions.enrol_staff(
            actor=actor(person=subject.user, is_command=True),
            subject=subject,
            grounds=grounds(),
            name="Phone",
            **options,
        )

    def test_who_has_one_has_to_say_that_it_is_replaced(self):
        subject = user(is_staff=True).recovery_account
        old = stock_app(subject)

        with pytest.raises(errors.AlreadyEnrolled):
            self.enrol(subject)

        assert fresh(old).confirmed

    def test_replacing_ends_it(self):
        subject = user(is_staff=True).recovery_account
        old, typed = stock_app(subject), None
        typed = typed_for(old)

        enrolled = self.enrol(subject, replace=True)

        assert not opens(subject, old, typed)
        assert enrolled.event.detail["revoked"] == 1
        assert enrolled.event.detail["host_devices"] == [old.persistent_id]


class TestVeto:
    def veto(self, subject):
        event = actions.require_reenrolment(
            actor=actor(Operation.REQUIRE_REENROLMENT), subject=subject, grounds=grounds()
        )
        return lambda: actions.veto(subject=subject, event=event)

    @each_kind
    def test_what_was_added_since_is_suspended(self, make):
        subject = account()
        stop = self.veto(subject)
        device = make(subject)
        typed = typed_for(device)

        incident = stop()

        assert incident.kind == IncidentKind.VETO
        assert not opens(subject, device, typed)
        assert incident.froze["authenticators"] == 1
        assert incident.froze["host_devices"] == [device.persistent_id]
        assert last_event(operation=Operation.VETO).detail["host_devices"] == [device.persistent_id]

    @each_kind
    def test_what_was_there_before_still_opens_as_ours_does(self, make):
        subject = account()
        device = dated(make(subject), timezone.now() - timedelta(days=3))

        incident = self.veto(subject)()

        assert opens(subject, device, typed_for(device))
        assert "host_devices" not in incident.froze

    @each_kind
    def test_what_has_no_date_is_not_believed_to_be_older(self, make):
        subject = account()
        device = dated(make(subject), None)
        typed = typed_for(device)

        self.veto(subject)()

        assert not opens(subject, device, typed)

    def test_one_that_is_only_being_set_up_comes_to_nothing(self):
        subject = account()
        stop = self.veto(subject)
        begun = stock_app(subject, confirmed=False)

        stop()

        TOTPDevice.objects.filter(pk=begun.pk).update(confirmed=True)
        assert not django_otp.verify_token(subject.user, begun.persistent_id, typed_for(begun))


def test_each_has_a_plain_name():
    subject = account()
    stock_app(subject)
    stock_codes(subject)

    assert [host_devices.name_of(one) for one in host_devices.live_of(subject)] == [
        "static device",
        "Old phone (TOTP device)",
    ]
