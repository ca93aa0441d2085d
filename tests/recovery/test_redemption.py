"""Redeeming a code: through django-otp and through our own door."""

from datetime import timedelta
from unittest.mock import patch

import django_otp
import pytest
from django.db import transaction
from django.utils import timezone

from recovery import actions, codes, redemption, totp
from recovery.actors import Source, current_source
from recovery.code_sets import Prepared, end, end_all, replace
from recovery.conf import conf
from recovery.enums import (
    CodeKind,
    EndReason,
    Enrolment,
    FlagOrigin,
    Operation,
    Outcome,
    Role,
)
from recovery.models import Account, AuditEvent, BackupCode, BackupCodeSet, Notice
from recovery.secret import Secret
from recovery.throttling import delay
from tests.factories import (
    account,
    app,
    flag,
    fresh,
    grounds,
    last_event,
    live_set,
    phone_code,
    saved_codes,
    staff,
)

pytestmark = pytest.mark.django_db

WAYS = {
    "redeem": lambda code_set, typed: redemption.redeem(code_set.user, typed=typed),
    "redeem_in_set": lambda code_set, typed: redemption.redeem_in_set(code_set, typed=typed),
    "verify_token": lambda code_set, typed: django_otp.verify_token(
        code_set.user, code_set.persistent_id, typed
    ),
    "match_token": lambda code_set, typed: django_otp.match_token(code_set.user, typed),
    "Device.verify_token": lambda code_set, typed: code_set.verify_token(typed),
}
each_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
each_kind = pytest.mark.parametrize("kind", list(CodeKind))

HOSTILE = {
    "empty": "",
    "NUL": "\0",
    "NUL in a code": "7K3M-Q9TD\0-0ZVH-PX4R",
    "10 kB": "7" * 10_000,
    "10 MB": "7" * 10_000_000,
    "emoji": "🔑🔑🔑🔑-🔑🔑🔑🔑",
    "half a surrogate": "\ud800" * 16,
    "right to left": "\u202e" + "7" * 16,
    "digits of another script": "١٢٣٤٥٦٧٨٩٠١٢٣٤٥٦",
    "SQL": "' OR 1=1 --",
    "nothing but dashes": "-" * 40,
}


def issue(owner, kind):
    if kind is CodeKind.PHONE:
        return phone_code(owner)
    code_set, clear = saved_codes(owner)
    return code_set, clear[0]


def wrong(kind=CodeKind.SAVED):
    return codes.generate(kind).reveal()


def no_waiting(owner):
    Account.objects.filter(pk=owner.pk).update(retry_at=None)


def state_of(owner):
    return (
        list(BackupCode.objects.order_by("pk").values("digest", "used_at")),
        list(BackupCodeSet.objects.order_by("pk").values("confirmed")),
        fresh(owner).backup_codes_left,
        fresh(owner).enrolment,
    )


class TestRightCode:
    @each_way
    @each_kind
    def test_it_is_accepted_once(self, way, kind):
        code_set, clear = issue(account(), kind)

        assert way(code_set, clear)
        assert not way(fresh(code_set), clear)

    @each_way
    @each_kind
    def test_the_account_has_to_re_enrol_from_then_on(self, way, kind):
        owner = account()
        app(owner)
        code_set, clear = issue(owner, kind)

        way(code_set, clear)

        recovered = fresh(owner)
        assert recovered.enrolment == Enrolment.REENROLMENT_REQUIRED
        assert recovered.reenrolment_origin == FlagOrigin.REDEEMED
        assert recovered.reenrolment_due_at is None
        assert recovered.last_recovered_at is not None

    @each_way
    def test_one_code_is_used_up_and_nine_are_left(self, way):
        owner = account()
        code_set, clear = saved_codes(owner)

        way(code_set, clear[3])

        assert fresh(owner).backup_codes_left == 9
        assert code_set.codes.filter(used_at__isnull=False, digest="").count() == 1
        assert code_set.codes.exclude(digest="").count() == 9

    def test_all_ten_work_in_any_order(self):
        owner = account()
        code_set, clear = saved_codes(owner)

        assert all(redemption.redeem(owner.user, typed=code) for code in reversed(clear))
        assert fresh(owner).backup_codes_left == 0
        assert fresh(code_set).is_live

    def test_it_is_read_leniently(self):
        owner = account()
        _, clear = saved_codes(owner)
        typed = " " + "-".join(clear[0][at : at + 4] for at in range(0, 16, 4)).lower() + "\n"

        assert redemption.redeem(owner.user, typed=typed)

    @each_kind
    @pytest.mark.requirement("N1", "N6")
    def test_it_is_recorded_and_told(self, kind):
        owner = account()
        reset = current_source.set(Source(address="198.51.100.9", user_agent="curl"))
        code_set, clear = issue(owner, kind)

        redemption.redeem(owner.user, typed=clear)
        current_source.reset(reset)

        event = last_event()
        operation = redemption.OPERATION[kind]
        assert (event.operation, event.outcome) == (operation, Outcome.COMPLETED)
        assert (event.actor_id, event.subject_id) == (str(owner.user_id), str(owner.user_id))
        assert (event.source_address, event.user_agent) == ("198.51.100.9", "curl")
        assert event.verified_by == redemption.VERIFIED_BY[kind]
        assert event.detail["set"] == code_set.pk
        assert Notice.objects.get(operation=operation).event_id == event.pk

    def test_the_history_of_the_account_names_its_holder(self):
        owner = account()
        _, clear = saved_codes(owner)

        redemption.redeem(owner.user, typed=clear[0])

        version = owner.history.latest()
        assert version.history_user_id == owner.user_id
        assert version.enrolment == Enrolment.REENROLMENT_REQUIRED

    def test_a_desks_flag_with_a_date_becomes_due_at_once(self):
        owner = account()
        flag(owner, due_at=timezone.now() + timedelta(days=7))
        _, clear = saved_codes(owner)

        redemption.redeem(owner.user, typed=clear[0])

        assert fresh(owner).reenrolment_due_at is None
        assert fresh(owner).reenrolment_origin == FlagOrigin.REDEEMED

    def test_a_phone_code_ends_with_its_one_use(self):
        code_set, clear = phone_code(account())

        redemption.redeem(code_set.user, typed=clear)

        assert fresh(code_set).ended_because == EndReason.REDEEMED

    def test_a_phone_code_leaves_the_saved_ones_alone(self):
        owner = account()
        _, saved = saved_codes(owner)
        _, aloud = phone_code(owner)

        assert redemption.redeem(owner.user, typed=aloud)
        assert fresh(owner).backup_codes_left == 10
        assert redemption.redeem(owner.user, typed=saved[0])

    def test_it_works_inside_a_transaction_of_the_caller(self):
        owner = account()
        _, clear = saved_codes(owner)

        with transaction.atomic():
            assert redemption.redeem(owner.user, typed=clear[0])

    @pytest.mark.django_db(transaction=True)
    def test_a_callers_rollback_takes_all_of_it_back(self):
        owner = account()
        code_set, clear = saved_codes(owner)

        with transaction.atomic():
            assert code_set.verify_token(clear[0])
            transaction.set_rollback(True)

        assert not fresh(owner).is_flagged
        assert redemption.redeem(owner.user, typed=clear[0])

    @pytest.mark.requirement("A35")
    @pytest.mark.django_db(transaction=True)
    def test_a_code_is_not_used_up_where_it_cannot_be_recorded(self):
        owner = account()
        _, clear = saved_codes(owner)

        with (
            patch("recovery.redemption.append", side_effect=ZeroDivisionError),
            pytest.raises(ZeroDivisionError),
        ):
            redemption.redeem(owner.user, typed=clear[0])

        no_waiting(owner)
        assert redemption.redeem(owner.user, typed=clear[0])


class TestWrongCode:
    @each_way
    @each_kind
    def test_it_is_refused_and_changes_nothing(self, way, kind):
        owner = account()
        code_set, _ = issue(owner, kind)
        before = state_of(owner)

        assert not way(code_set, wrong(kind))

        assert state_of(owner) == before

    @each_way
    @pytest.mark.requirement("A30", "N8")
    def test_it_is_counted_and_recorded(self, way):
        owner = account()
        code_set, _ = saved_codes(owner)

        way(code_set, wrong())

        assert fresh(owner).failures == 1
        event = last_event()
        assert event.operation == Operation.REDEEM_BACKUP_CODE
        assert (event.outcome, event.refusal) == (Outcome.REFUSED, "wrong_code")
        assert event.subject_id == str(owner.user_id)

    @each_way
    @pytest.mark.parametrize("typed", HOSTILE.values(), ids=HOSTILE)
    def test_nothing_that_is_typed_raises(self, way, typed):
        owner = account()
        code_set, _ = saved_codes(owner)

        assert not way(code_set, typed)

        assert fresh(owner).failures == 0
        assert last_event().refusal == "wrong_code"

    @each_way
    def test_a_slip_of_the_tongue_costs_no_hash_and_no_failure(self, way):
        owner = account()
        code_set, clear = saved_codes(owner)
        slip = ("0" if clear[0][0] != "0" else "1") + clear[0][1:]

        with patch("recovery.hashers.Recipe.digest", side_effect=AssertionError):
            assert not way(code_set, slip)

        assert fresh(owner).failures == 0

    @each_way
    def test_a_code_of_the_other_kind_is_not_compared(self, way):
        owner = account()
        code_set, _ = saved_codes(owner)

        assert not way(code_set, wrong(CodeKind.PHONE))

        assert fresh(owner).failures == 0

    @each_way
    def test_a_code_of_somebody_else_opens_nothing_here(self, way):
        code_set, _ = saved_codes(account())
        _, theirs = saved_codes(account())

        assert not way(code_set, theirs[0])

    def test_a_set_of_somebody_else_opens_nothing_here(self):
        code_set, clear = saved_codes(account())

        assert not django_otp.verify_token(account().user, code_set.persistent_id, clear[0])
        assert not redemption.redeem(account().user, typed=clear[0])

    @each_way
    @pytest.mark.parametrize("because", [EndReason.REPLACED, EndReason.REPORTED_LOST])
    def test_a_dead_set_opens_nothing(self, way, because):
        code_set, clear = saved_codes(account())
        end(code_set, because=because)

        assert not way(fresh(code_set), clear[0])

    @each_way
    def test_a_copy_of_a_set_from_before_it_died_opens_nothing(self, way):
        owner = account()
        stale, clear = saved_codes(owner)
        end_all(owner, because=EndReason.REPORTED_LOST)

        assert not way(stale, clear[0])
        assert not fresh(owner).is_flagged

    @each_way
    @pytest.mark.requirement("N11")
    def test_an_expired_phone_code_opens_nothing_before_any_worker_has_noticed(self, way):
        code_set, clear = phone_code(account())
        BackupCodeSet.objects.filter(pk=code_set.pk).update(expires_at=timezone.now())

        assert not way(fresh(code_set), clear)

    def test_a_user_without_codes_is_refused_and_recorded(self):
        owner = account()

        assert redemption.redeem(owner.user, typed=wrong()) is None
        assert last_event().refusal == "wrong_code"

    def test_nothing_of_what_was_typed_is_recorded(self):
        owner = account()
        saved_codes(owner)
        typed = wrong()

        redemption.redeem(owner.user, typed=typed)

        assert typed not in str(AuditEvent.objects.values_list())


@pytest.mark.requirement("N8")
class TestThrottle:
    @each_way
    def test_a_right_code_too_early_after_a_wrong_one_is_not_looked_at(self, way):
        owner = account()
        code_set, clear = saved_codes(owner)
        way(code_set, wrong())

        assert not way(code_set, clear[0])

        assert fresh(owner).failures == 2
        assert last_event().refusal == "too_many_attempts"
        assert fresh(owner).backup_codes_left == 10

    def test_an_attempt_that_comes_too_early_costs_no_hash(self):
        owner = account()
        _, clear = saved_codes(owner)
        redemption.redeem(owner.user, typed=wrong())

        with patch("recovery.hashers.Recipe.digest", side_effect=AssertionError):
            redemption.redeem(owner.user, typed=clear[0])

    def test_the_delay_grows_with_each_failure(self):
        owner = account()
        saved_codes(owner)
        waits = []

        for _ in range(6):
            no_waiting(owner)
            redemption.redeem(owner.user, typed=wrong())
            waits.append((fresh(owner).retry_at - timezone.now()).total_seconds())

        assert [round(wait) for wait in waits] == [1, 2, 4, 8, 16, 32]

    def test_the_delay_stops_growing_at_a_quarter_of_an_hour(self):
        assert delay(99) == delay(10_000) == timedelta(minutes=15)

    def test_after_the_delay_a_right_code_is_accepted(self):
        owner = account()
        _, clear = saved_codes(owner)
        redemption.redeem(owner.user, typed=wrong())
        Account.objects.filter(pk=owner.pk).update(retry_at=timezone.now())

        assert redemption.redeem(owner.user, typed=clear[0])

    def test_a_right_code_is_not_counted_as_a_failure(self):
        owner = account()
        _, clear = saved_codes(owner)
        Account.objects.filter(pk=owner.pk).update(failures=5)

        redemption.redeem(owner.user, typed=clear[0])

        assert fresh(owner).failures == 5
        assert fresh(owner).retry_at is None

    def test_both_kinds_share_one_count(self):
        owner = account()
        saved_codes(owner)
        phone_code(owner)

        redemption.redeem(owner.user, typed=wrong(CodeKind.PHONE))
        no_waiting(owner)
        redemption.redeem(owner.user, typed=wrong(CodeKind.SAVED))

        assert fresh(owner).failures == 2

    def test_django_otps_forms_are_told_to_wait(self):
        owner = account()
        code_set, _ = saved_codes(owner)
        assert code_set.verify_is_allowed() == (True, None)

        redemption.redeem(owner.user, typed=wrong())

        allowed, told = code_set.verify_is_allowed()
        assert not allowed
        assert told["error_message"]


@pytest.mark.requirement("N8")
class TestDeath:
    @pytest.mark.parametrize("way", [WAYS["redeem"], WAYS["verify_token"]])
    def test_the_hundredth_failure_in_a_row_kills_the_set(self, way):
        owner = account()
        code_set, clear = saved_codes(owner)
        for number in range(1, 101):
            assert fresh(code_set).is_live, number
            no_waiting(owner)
            assert not way(code_set, wrong())

        assert fresh(code_set).ended_because == EndReason.TOO_MANY_FAILURES
        no_waiting(owner)
        assert not way(fresh(code_set), clear[0])
        assert fresh(owner).backup_codes_left == 0

    def test_attempts_that_came_too_early_count_as_well(self):
        owner = account()
        code_set, _ = saved_codes(owner)

        for _ in range(100):
            redemption.redeem(owner.user, typed=wrong())

        assert not fresh(code_set).is_live

    def test_the_hundredth_attempt_can_still_be_right(self):
        owner = account()
        code_set, clear = saved_codes(owner)
        Account.objects.filter(pk=owner.pk).update(failures=99)

        assert redemption.redeem(owner.user, typed=clear[0])
        assert fresh(code_set).is_live

    def test_the_phone_code_dies_with_it(self):
        owner = account()
        saved_codes(owner)
        aloud, clear = phone_code(owner)
        Account.objects.filter(pk=owner.pk).update(failures=99)

        redemption.redeem(owner.user, typed=wrong())

        assert fresh(aloud).ended_because == EndReason.TOO_MANY_FAILURES
        no_waiting(owner)
        assert redemption.redeem(owner.user, typed=clear) is None

    def test_the_death_is_recorded_and_told(self):
        owner = account()
        saved_codes(owner)
        Account.objects.filter(pk=owner.pk).update(failures=99)

        redemption.redeem(owner.user, typed=wrong())

        event = last_event(operation=Operation.KILL_BACKUP_CODES)
        assert event.detail == {"failures": conf.FAILURE_LIMIT}
        assert Notice.objects.get(operation=Operation.KILL_BACKUP_CODES).event_id == event.pk

    def test_a_set_dies_once(self):
        owner = account()
        saved_codes(owner)
        Account.objects.filter(pk=owner.pk).update(failures=99)

        for _ in range(3):
            no_waiting(owner)
            redemption.redeem(owner.user, typed=wrong())

        assert AuditEvent.objects.filter(operation=Operation.KILL_BACKUP_CODES).count() == 1

    def test_codes_issued_after_the_death_start_a_new_count(self):
        owner = account()
        saved_codes(owner)
        Account.objects.filter(pk=owner.pk).update(failures=99)
        redemption.redeem(owner.user, typed=wrong())

        _, clear = saved_codes(owner)

        assert fresh(owner).failures == 0
        assert redemption.redeem(owner.user, typed=clear[0])


@pytest.mark.requirement("N25")
class TestCountOutlivesNewCodes:
    def test_it_starts_anew_only_where_nothing_is_left_that_was_guessed_at(self):
        owner = account()
        left_alive, clear = saved_codes(owner)
        Account.objects.filter(pk=owner.pk).update(failures=100)

        _, aloud = phone_code(fresh(owner))

        assert fresh(left_alive).ended_because == EndReason.TOO_MANY_FAILURES
        assert redemption.redeem(owner.user, typed=clear[0]) is None
        assert redemption.redeem(owner.user, typed=aloud)

    def test_a_new_set_does_not_reset_the_count(self):
        owner = account()
        Account.objects.filter(pk=owner.pk).update(failures=99)

        saved_codes(owner)
        phone_code(owner)

        assert fresh(owner).failures == 99
        redemption.redeem(owner.user, typed=wrong())
        assert not BackupCodeSet.objects.filter(confirmed=True).exists()

    def test_a_recovery_link_does_not_either(self):
        owner = account()
        Account.objects.filter(pk=owner.pk).update(failures=50)

        actions.send_recovery_link(actor=staff(Role.LEAD), subject=owner, grounds=grounds())

        assert fresh(owner).failures == 50

    def test_a_sign_in_with_an_app_does(self):
        owner = account()
        bound = app(owner)
        Account.objects.filter(pk=owner.pk).update(failures=50, retry_at=timezone.now())

        assert totp.verify(bound, typed=totp.current_code(bound).reveal())

        assert (fresh(owner).failures, fresh(owner).retry_at) == (0, None)

    def test_but_it_raises_no_dead_set_to_life(self):
        owner = account()
        bound = app(owner)
        Account.objects.filter(pk=owner.pk).update(failures=100)

        totp.verify(bound, typed=totp.current_code(bound).reveal())

        assert fresh(owner).failures == 100


def test_a_user_who_came_in_without_a_signal_has_an_account_from_the_first_attempt_on():
    owner = account()
    saved_codes(owner)
    Account.objects.filter(pk=owner.pk).delete()

    assert not redemption.redeem(fresh(owner.user), typed=wrong())

    made = Account.objects.get(user_id=owner.user_id)
    assert made.text.login_name == owner.user.get_username()


def test_prepared_codes_are_hashed_before_any_transaction():
    with patch("recovery.hashers.Recipe.digest", return_value="x") as digest:
        Prepared.saved()

    assert digest.call_count == 10


class TestAdopted:
    """Codes that another system made have no form and no check character of ours."""

    @pytest.fixture
    def owner(self):
        return account()

    @pytest.fixture
    def adopted(self, owner):
        prepared = Prepared.adopted([Secret("abcd2345"), Secret("zyxw7654")], source="otp_static")
        with transaction.atomic():
            replace(owner, prepared)
        return live_set(owner)

    @each_way
    def test_they_are_accepted_once_exactly_as_they_were(self, way, adopted):
        assert not way(adopted, "ABCD2345")
        no_waiting(adopted.user.recovery_account)

        assert way(adopted, " abcd2345 ")
        assert not way(fresh(adopted), "abcd2345")

    @each_way
    @pytest.mark.parametrize("typed", HOSTILE.values(), ids=HOSTILE)
    def test_nothing_that_is_typed_raises(self, way, adopted, typed):
        assert not way(adopted, typed)

    @each_way
    def test_they_do_not_stand_in_the_way_of_a_phone_code(self, way, owner, adopted):
        aloud, clear = phone_code(owner)

        assert way(aloud, clear)
        assert fresh(adopted).is_live
        assert fresh(owner).failures == 0

    @pytest.mark.usefixtures("adopted")
    def test_a_wrong_one_is_counted_once(self, owner):
        phone_code(owner)

        assert not redemption.redeem(owner.user, typed=wrong(CodeKind.PHONE))

        assert fresh(owner).failures == 1
