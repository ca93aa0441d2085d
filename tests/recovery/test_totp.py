"""One-time codes: accepted once, counted, dead when revoked, encrypted at rest."""

import time
from base64 import b32decode, b32encode
from datetime import timedelta
from types import SimpleNamespace
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

import django_otp
import pytest
from cryptography.fernet import Fernet
from django.db import connection
from django.utils import timezone

from recovery import totp
from recovery.conf import conf
from recovery.enums import EndReason, Operation
from recovery.models import AuditEvent, BackupCode, Notice, TotpAuthenticator
from recovery.secret import Secret
from tests.factories import account, app, fresh, last_event, saved_codes

pytestmark = pytest.mark.django_db

MOMENT = time.time() // 30 * 30 + 15

# RFC 6238, appendix B: the key of its SHA-1 examples, and what it shows at 59 seconds.
RFC_KEY = Secret(b"12345678901234567890".hex())
RFC_CODE = "287082"

WAYS = {
    "verify": lambda bound, typed: totp.verify(bound, typed=typed),
    "verify_any": lambda bound, typed: totp.verify_any(bound.user, typed=typed),
    "verify_token": lambda bound, typed: django_otp.verify_token(
        bound.user, bound.persistent_id, typed
    ),
    "match_token": lambda bound, typed: django_otp.match_token(bound.user, typed),
}
each_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)


@pytest.fixture(autouse=True)
def _in_the_middle_of_a_step(monkeypatch):
    """Stop the clock of the codes, so that no step ends between two lines of a test."""
    monkeypatch.setattr("recovery.totp.time", SimpleNamespace(time=lambda: MOMENT))


def code(bound, *, steps=0):
    """Show what the app shows, so many steps from now."""
    with patch("recovery.totp.time.time", return_value=MOMENT + 30 * steps):
        return totp.current_code(bound).reveal()


def wrong(bound):
    near = {code(bound, steps=steps) for steps in range(-2, 3)}
    return next(f"{number:06d}" for number in range(10) if f"{number:06d}" not in near)


def no_waiting(bound):
    TotpAuthenticator.objects.filter(pk=bound.pk).update(retry_at=None)


class TestRightCode:
    def test_it_is_what_the_rfc_says(self):
        bound = app(account(), key=RFC_KEY)

        with patch("recovery.totp.time.time", return_value=59):
            assert totp.current_code(bound).reveal() == RFC_CODE

    @each_way
    def test_it_is_accepted(self, way):
        bound = app(account())

        assert way(bound, code(bound))
        assert fresh(bound).last_used_at is not None

    @each_way
    def test_it_is_accepted_with_the_space_that_apps_show(self, way):
        bound = app(account())
        shown = code(bound)

        assert way(bound, f" {shown[:3]} {shown[3:]}\n")

    @each_way
    @pytest.mark.requirement("N22")
    def test_it_is_accepted_once(self, way):
        bound = app(account())
        shown = code(bound)
        way(bound, shown)

        assert not way(fresh(bound), shown)

    @each_way
    @pytest.mark.requirement("N22")
    def test_a_copy_of_the_row_from_before_does_not_accept_it_again(self, way):
        bound = app(account())
        shown = code(bound)
        way(bound, shown)
        no_waiting(bound)

        assert not way(bound, shown)

    @each_way
    def test_one_step_of_clock_drift_either_way_is_forgiven(self, way):
        slow, fast = app(account()), app(account())

        assert way(slow, code(slow, steps=-1))
        assert way(fast, code(fast, steps=1))

    @each_way
    @pytest.mark.parametrize("steps", [-3, 3])
    def test_more_is_not(self, way, steps):
        bound = app(account())

        assert not way(bound, code(bound, steps=steps))

    @each_way
    def test_an_older_code_is_not_accepted_after_a_newer_one(self, way):
        bound = app(account())
        way(bound, code(bound, steps=1))

        assert not way(bound, code(bound))

    @each_way
    def test_it_ends_the_count_of_failures(self, way):
        bound = app(account())
        TotpAuthenticator.objects.filter(pk=bound.pk).update(failures=7)

        way(bound, code(bound))

        assert (fresh(bound).failures, fresh(bound).retry_at) == (0, None)


class TestWrongCode:
    @each_way
    def test_it_is_refused_and_counted(self, way):
        bound = app(account())

        assert not way(bound, wrong(bound))

        assert fresh(bound).failures == 1

    @each_way
    @pytest.mark.parametrize(
        "typed",
        ["", "\0", "12345", "1234567", "12345a", "١٢٣٤٥٦", "🔑", "9" * 10_000, "-12345", "1e5000"],
        ids=ascii,
    )
    def test_what_no_app_shows_raises_nothing_and_costs_nothing(self, way, typed):
        bound = app(account())

        assert not way(bound, typed)

        assert fresh(bound).failures == 0

    @each_way
    def test_a_right_code_too_early_after_it_is_not_looked_at(self, way):
        bound = app(account())
        way(bound, wrong(bound))

        assert not way(bound, code(bound))

        assert fresh(bound).failures == 2

    def test_the_delay_grows(self):
        bound = app(account())
        waits = []

        for _ in range(5):
            no_waiting(bound)
            totp.verify(bound, typed=wrong(bound))
            waits.append((fresh(bound).retry_at - timezone.now()).total_seconds())

        assert [round(wait) for wait in waits] == [1, 2, 4, 8, 16]

    @each_way
    @pytest.mark.requirement("N8")
    def test_the_hundred_and_first_in_a_row_is_impossible(self, way):
        bound = app(account())
        TotpAuthenticator.objects.filter(pk=bound.pk).update(failures=100)

        assert not way(bound, code(bound))

    @each_way
    def test_the_hundredth_attempt_can_still_be_right(self, way):
        bound = app(account())
        TotpAuthenticator.objects.filter(pk=bound.pk).update(failures=99)

        assert way(bound, code(bound))

    def test_django_otps_forms_are_told_to_wait(self):
        bound = app(account())
        assert bound.verify_is_allowed() == (True, None)

        totp.verify(bound, typed=wrong(bound))

        assert not fresh(bound).verify_is_allowed()[0]


@pytest.mark.requirement("N8")
class TestDeath:
    """What the hundredth wrong code in a row does."""

    def worn(self, owner, failures=99):
        bound = app(owner)
        TotpAuthenticator.objects.filter(pk=bound.pk).update(failures=failures)
        return bound

    @each_way
    def test_it_ends_the_authenticator_which_is_recorded_and_told(self, way):
        owner = account()
        bound = self.worn(owner)

        assert not way(bound, wrong(bound))

        dead = fresh(bound)
        assert not dead.confirmed
        assert dead.revoked_because == EndReason.TOO_MANY_FAILURES
        event = last_event(operation=Operation.KILL_AUTHENTICATOR)
        assert event.subject_id == str(owner.user_id)
        assert event.detail == {
            "failures": conf.FAILURE_LIMIT,
            "authenticator": bound.persistent_id,
        }
        assert Notice.objects.get(operation=Operation.KILL_AUTHENTICATOR).event_id == event.pk

    @each_way
    def test_it_dies_once(self, way):
        bound = self.worn(account())

        for _ in range(3):
            no_waiting(bound)
            way(bound, wrong(bound))

        assert AuditEvent.objects.filter(operation=Operation.KILL_AUTHENTICATOR).count() == 1

    @each_way
    def test_the_ninety_ninth_ends_nothing(self, way):
        bound = self.worn(account(), failures=98)

        assert not way(bound, wrong(bound))

        assert fresh(bound).confirmed
        assert not AuditEvent.objects.exists()

    @each_way
    def test_one_that_counted_more_before_there_was_an_event_for_it_ends_now(self, way):
        bound = self.worn(account(), failures=250)

        assert not way(bound, code(bound))

        assert not fresh(bound).confirmed
        assert AuditEvent.objects.filter(operation=Operation.KILL_AUTHENTICATOR).count() == 1

    def test_the_other_lives_on(self):
        owner = account()
        dying, other = self.worn(owner), app(owner)

        assert totp.verify_any(owner.user, typed=wrong(dying)) is None

        assert not fresh(dying).confirmed
        no_waiting(other)
        assert totp.verify_any(owner.user, typed=code(other)) == other

    def test_what_is_no_one_time_code_ends_nothing(self):
        bound = self.worn(account())

        assert not totp.verify(bound, typed="not a code")

        assert fresh(bound).confirmed

    def test_one_that_is_being_enrolled_is_nobodys_yet_and_dies_in_silence(self):
        bound = self.worn(account())
        TotpAuthenticator.objects.filter(pk=bound.pk).update(confirmed=False)

        for _ in range(3):
            no_waiting(bound)
            assert not totp.verify_pending(bound, typed=wrong(bound))

        assert not AuditEvent.objects.exists()


class TestDead:
    @each_way
    @pytest.mark.requirement("N17")
    def test_a_revoked_one_accepts_nothing_from_that_moment(self, way):
        bound = app(account())
        TotpAuthenticator.objects.filter(pk=bound.pk).update(
            confirmed=False, revoked_at=timezone.now(), revoked_because=EndReason.REVOKED
        )

        assert not way(bound, code(bound))

    @each_way
    def test_one_that_dies_while_it_is_looked_at_accepts_nothing(self, way):
        bound = app(account())
        shown = code(bound)

        with patch("recovery.totp._matching_step", side_effect=_revoke_first(bound)):
            assert not way(bound, shown)

    def test_one_that_is_gone_raises_nothing(self):
        bound = app(account())
        shown = code(bound)
        TotpAuthenticator.objects.filter(pk=bound.pk).delete()

        assert not totp.verify(bound, typed=shown)

    @each_way
    def test_one_whose_key_no_configured_key_reads_raises_nothing(self, way, settings, caplog):
        bound = app(account())
        shown = code(bound)

        settings.RECOVERY_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]

        assert not way(bound, shown)
        assert "cannot be read" in caplog.text

    @each_way
    def test_a_key_that_was_moved_to_another_users_row_accepts_nothing(self, way):
        mine, theirs = app(account()), app(account())
        shown = code(mine)
        TotpAuthenticator.objects.filter(pk=theirs.pk).update(encrypted_key=mine.encrypted_key)

        assert not way(fresh(theirs), shown)

    def test_an_unreadable_app_does_not_stand_in_the_way_of_a_code(self):
        owner = account()
        TotpAuthenticator.objects.filter(pk=app(owner).pk).update(encrypted_key="broken")
        code_set, clear = saved_codes(owner)

        assert django_otp.match_token(owner.user, clear[0]) == code_set


class TestTwoApps:
    @pytest.mark.parametrize("way", [WAYS["verify_any"], WAYS["match_token"]])
    def test_using_one_never_wears_out_the_other(self, way):
        owner = account()
        old, new = app(owner), app(owner)

        for _ in range(5):
            _rewind(new)
            assert way(new, code(new))

        assert fresh(old).failures == 0
        assert way(old, code(old))

    def test_a_code_of_neither_is_counted_by_both(self):
        owner = account()
        old, new = app(owner), app(owner)

        assert totp.verify_any(owner.user, typed=wrong(old)) is None

        assert (fresh(old).failures, fresh(new).failures) == (1, 1)

    def test_each_is_tried(self):
        owner = account()
        old, new = app(owner), app(owner)

        assert totp.verify_any(owner.user, typed=code(new)) == new
        assert totp.verify_any(owner.user, typed=code(old)) == old


class TestConsole:
    def test_a_backup_code_is_never_looked_at_and_never_used_up(self):
        owner = account()
        app(owner)
        _, clear = saved_codes(owner)

        assert totp.verify_any(owner.user, typed=clear[0]) is None

        assert not BackupCode.objects.filter(used_at__isnull=False).exists()
        assert fresh(owner).failures == 0

    def test_somebody_elses_code_opens_nothing(self):
        theirs, mine = app(account()), app(account())

        assert totp.verify_any(mine.user, typed=code(theirs)) is None

    def test_a_person_without_an_app_cannot_verify(self):
        assert totp.verify_any(account().user, typed="123456") is None


class TestKey:
    @pytest.mark.requirement("N28")
    def test_it_has_160_random_bits(self):
        keys = {totp.new_key().reveal() for _ in range(50)}

        assert len(keys) == 50
        assert all(len(bytes.fromhex(key)) == 20 for key in keys)

    @pytest.mark.requirement("N7")
    def test_it_lies_encrypted_in_the_table(self):
        key = totp.new_key()
        bound = app(account(), key=key)

        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM recovery_totpauthenticator WHERE id = %s", [bound.pk])
            row = str(cursor.fetchall()).lower()

        assert key.reveal() not in row
        assert totp.typeable(key).reveal().lower() not in row

    def test_an_app_reads_it_from_the_address(self):
        key = totp.new_key()

        address = totp.provisioning_uri(key, name="amélie roth@example.org").reveal()

        values = parse_qs(urlsplit(address).query)
        assert address.startswith("otpauth://totp/Sparekey%3Aam%C3%A9lie%20roth%40example.org?")
        assert values["issuer"] == ["Sparekey"]
        assert b32decode(values["secret"][0]).hex() == key.reveal()

    def test_a_person_types_it_in_base_32(self):
        key = totp.new_key()

        assert totp.typeable(key).reveal() == b32encode(bytes.fromhex(key.reveal())).decode()


def _revoke_first(bound):
    matching = totp._matching_step

    def revoke_and_match(*args):
        TotpAuthenticator.objects.filter(pk=bound.pk).update(
            confirmed=False, revoked_at=timezone.now(), revoked_because=EndReason.REVOKED
        )
        return matching(*args)

    return revoke_and_match


def _rewind(bound):
    """Let a code of this step be accepted again: tests do not wait half a minute."""
    TotpAuthenticator.objects.filter(pk=bound.pk).update(last_step=-1)


def test_the_delay_is_never_longer_than_a_quarter_of_an_hour():
    bound = app(account())
    TotpAuthenticator.objects.filter(pk=bound.pk).update(failures=50)

    totp.verify(bound, typed=wrong(bound))

    assert fresh(bound).retry_at - timezone.now() <= timedelta(minutes=15)
