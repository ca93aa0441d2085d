"""Counting failures by name and source, and never by name alone."""

from datetime import timedelta

import pytest
from django.utils import timezone

from recovery import codes, redemption, throttling
from recovery.actors import Source, current_source
from recovery.enums import CodeKind, Operation
from recovery.errors import TooManyAttempts
from recovery.models import Account, Throttle
from tests.factories import account, saved_codes

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("N8")]

HERE, THERE = "192.0.2.1", "198.51.100.1"


class Clock:
    """The time that throttling goes by."""

    def __init__(self):
        self.now = timezone.now()

    def __call__(self):
        return self.now

    def passes(self, **duration):
        self.now += timedelta(**duration)


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(timezone, "now", clock)
    return clock


def attempt(*, name="amelie", source=HERE, door=Operation.SIGN_IN):
    """Come to be compared: what follows is a failure unless ``succeed`` is said."""
    throttling.admit(door=door, name=name, source=source)


def succeed(*, name="amelie", source=HERE, door=Operation.SIGN_IN):
    throttling.succeeded(door=door, name=name, source=source)


def fail(times, **where):
    """Attempt as often, each as soon as it may be."""
    for _ in range(times):
        attempt(**where)
        Throttle.objects.update(retry_at=timezone.now() - timedelta(seconds=1))


def waits(**where):
    try:
        attempt(**where)
    except TooManyAttempts:
        return True
    return False


def signs_in(**where):
    """Whether somebody who has the right password is let in."""
    if waits(**where):
        return False
    succeed(**where)
    return True


def make_source_wait(**where):
    """Fail under many names until the source waits for a quarter of an hour."""
    for number in range(throttling.FREE_BY_SOURCE + 11):
        fail(1, name=f"guess{number}", **where)
    attempt(name="one more", **where)


def test_a_few_slips_cost_no_time():
    attempt()
    attempt()

    assert not waits()


def test_then_each_failure_costs_more():
    fail(throttling.FREE_BY_NAME)
    attempt()

    with pytest.raises(TooManyAttempts) as refusal:
        attempt()

    assert "1 seconds" in str(refusal.value) or "2 seconds" in str(refusal.value)


def test_a_stranger_elsewhere_cannot_shut_the_desk_out():
    fail(15, source=THERE)
    attempt(source=THERE)

    assert waits(source=THERE)
    assert not waits(source=HERE)


def test_other_names_from_one_source_are_counted_under_it():
    for number in range(throttling.FREE_BY_SOURCE):
        fail(1, name=f"name{number}")
    attempt(name="one more")

    assert waits(name="never tried")


def test_an_attempt_that_comes_too_early_is_counted():
    fail(throttling.FREE_BY_NAME)
    attempt()
    before = Throttle.objects.latest("failures").failures

    assert waits()

    assert Throttle.objects.latest("failures").failures == before + 1


def test_success_forgets_the_name_here_and_gives_the_source_one_back():
    fail(3)

    succeed()

    assert list(Throttle.objects.values_list("failures", flat=True)) == [2]


class TestSharedSource:
    """An office behind one address: its slips must not add up, nor a guesser's go unfelt."""

    def test_good_sign_ins_with_a_slip_a_day_never_shut_the_office_out(self, clock):
        for _day in range(35):
            for number in range(10):
                assert signs_in(name=f"agent{number}")
                clock.passes(minutes=5)
            fail(1, name="agent0")
            clock.passes(hours=23)
            throttling.forget_old()

        for number in range(20):
            assert signs_in(name=f"agent{number % 10}")
            clock.passes(minutes=1)

    def test_many_slips_an_hour_are_halved_each_hour(self, clock):
        for _hour in range(48):
            for number in range(throttling.FREE_BY_SOURCE // 2):
                attempt(name=f"agent{number}")
                clock.passes(minutes=6)
                assert signs_in(name=f"agent{number}")

    def test_a_success_ends_the_wait_that_its_own_attempt_began(self, clock):
        make_source_wait()
        clock.passes(minutes=16)

        assert signs_in(name="agent")
        assert signs_in(name="colleague")

    def test_who_comes_too_early_makes_nobody_wait_longer(self, clock):
        make_source_wait()
        for _ in range(500):
            assert waits(name="impatient")
        clock.passes(hours=1, minutes=1)

        assert not waits(name="impatient")
        assert not waits(name="colleague")

    def test_a_name_that_has_to_wait_does_not_count_against_its_neighbours(self):
        fail(throttling.FREE_BY_NAME)
        attempt()
        for _ in range(100):
            assert waits()

        assert signs_in(name="colleague")

    def test_a_source_that_has_to_wait_does_not_count_against_a_name(self, clock):
        make_source_wait()
        for _ in range(100):
            assert waits(name="agent")
        clock.passes(minutes=16)

        assert signs_in(name="agent")

    @pytest.mark.parametrize("other", [Operation.HOLDER_SIGN_IN, Operation.STEP_UP])
    def test_each_door_is_counted_by_itself(self, other):
        make_source_wait(door=other)
        for _ in range(20):
            waits(name="agent", door=other)

        assert waits(name="agent", door=other)
        assert signs_in(name="agent", door=Operation.SIGN_IN)


class TestGuesserWithAnAccount:
    """Somebody who signs in with their own password between two guesses."""

    def guesses_in(self, clock, *, hours, between):
        until, guesses = clock.now + timedelta(hours=hours), 0
        while clock.now < until:
            between()
            guesses += not waits(name=f"victim{guesses}")
            clock.passes(minutes=1)
        return guesses

    def test_it_buys_no_guesses(self, clock):
        guesses = self.guesses_in(clock, hours=6, between=lambda: signs_in(name="own"))

        assert throttling.FREE_BY_SOURCE < guesses <= 6 * (throttling.FREE_BY_SOURCE + 4)

    def test_nor_by_many_sign_ins_for_each_guess(self, clock):
        def sign_in_often():
            for number in range(10):
                signs_in(name=f"own{number}")

        many = self.guesses_in(clock, hours=6, between=sign_in_often)
        Throttle.objects.all().delete()
        none = self.guesses_in(clock, hours=6, between=lambda: None)

        assert many <= none + 6

    def test_sign_ins_that_are_under_way_give_back_no_more_than_they_took(self):
        for number in range(10):
            attempt(name=f"own{number}")
        guesses = 0
        for number in range(10):
            while not waits(name=f"victim{guesses}"):
                guesses += 1
            succeed(name=f"own{number}")

        assert guesses <= throttling.FREE_BY_SOURCE + 1


class TestRedeemingAtASource:
    """Codes are counted by their account; by the source they come from as well."""

    def fail(self, times):
        for _ in range(times):
            assert throttling.admits_source(HERE)
            Throttle.objects.update(retry_at=timezone.now() - timedelta(seconds=1))

    def test_many_failures_make_it_wait_and_no_other(self):
        self.fail(throttling.FREE_BY_SOURCE)

        assert throttling.admits_source(HERE)
        assert not throttling.admits_source(HERE)
        assert throttling.admits_source(THERE)

    def test_a_success_gives_back_one_and_its_wait(self):
        self.fail(throttling.FREE_BY_SOURCE + 5)
        assert throttling.admits_source(HERE)

        throttling.give_back(HERE)

        assert Throttle.objects.get().failures == throttling.FREE_BY_SOURCE + 5
        assert throttling.admits_source(HERE)
        assert not throttling.admits_source(HERE)

    def test_an_hour_later_half_is_forgiven(self, clock):
        self.fail(throttling.FREE_BY_SOURCE + 5)
        clock.passes(hours=1)

        assert throttling.admits_source(HERE)

        assert Throttle.objects.get().failures == (throttling.FREE_BY_SOURCE + 5) // 2 + 1

    def test_an_account_that_has_to_wait_is_not_counted_against_it(self):
        owner = account()
        saved_codes(owner)
        token = current_source.set(Source(address=HERE))
        for _ in range(throttling.FREE_BY_SOURCE + 5):
            redemption.redeem(owner.user, typed=codes.generate(CodeKind.SAVED).reveal())
        current_source.reset(token)

        assert Account.objects.get(pk=owner.pk).failures == throttling.FREE_BY_SOURCE + 5
        assert Throttle.objects.get().failures == 1


def test_a_success_while_the_row_is_gone_does_nothing():
    attempt()
    Throttle.objects.all().delete()

    succeed()

    assert not Throttle.objects.exists()


def test_a_day_later_all_is_forgotten():
    fail(3)

    forgotten = throttling.forget_old(now=timezone.now() + timedelta(hours=25))

    assert forgotten == 2


def test_no_name_and_no_address_is_stored():
    attempt()

    assert not any("amelie" in key or HERE in key for key in Throttle.objects.values_list("key"))


@pytest.mark.parametrize("name", ["", "\0", "🔑" * 1000, "x" * 10_000], ids=ascii)
def test_nothing_that_is_typed_as_a_name_breaks_it(name):
    attempt(name=name)

    assert Throttle.objects.count() == 2


class TestSource:
    def test_all_addresses_of_one_ipv6_customer_are_one(self):
        one, other = "2001:db8:1:2::1", "2001:db8:1:2:ffff::9"

        assert throttling.network_of(one) == throttling.network_of(other)

    def test_two_ipv6_customers_are_two(self):
        one, other = "2001:db8:1:2::1", "2001:db8:1:3::1"

        assert throttling.network_of(one) != throttling.network_of(other)

    def test_ipv4_that_comes_as_ipv6_is_the_ipv4_address(self):
        assert throttling.network_of(f"::ffff:{HERE}") == HERE
        assert throttling.network_of(f"::ffff:{THERE}") == THERE

    @pytest.mark.parametrize("source", ["", "unix:", "not an address"])
    def test_what_is_no_address_is_taken_as_it_is(self, source):
        assert throttling.network_of(source) == source
