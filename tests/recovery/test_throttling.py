"""Counting failures by name and source, and never by name alone."""

from datetime import timedelta

import pytest
from django.utils import timezone

from recovery import throttling
from recovery.errors import TooManyAttempts
from recovery.models import Throttle

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("N8")]

HERE, THERE = "192.0.2.1", "198.51.100.1"


def fail(times, *, name="amelie", source=HERE):
    """Attempt as often, each as soon as it may be."""
    for _ in range(times):
        throttling.admit(name=name, source=source)
        Throttle.objects.update(retry_at=timezone.now() - timedelta(seconds=1))


def waits(*, name="amelie", source=HERE):
    try:
        throttling.admit(name=name, source=source)
    except TooManyAttempts:
        return True
    return False


def test_a_few_slips_cost_no_time():
    throttling.admit(name="amelie", source=HERE)
    throttling.admit(name="amelie", source=HERE)

    assert not waits()


def test_then_each_failure_costs_more():
    fail(throttling.FREE_BY_NAME)
    throttling.admit(name="amelie", source=HERE)

    with pytest.raises(TooManyAttempts) as refusal:
        throttling.admit(name="amelie", source=HERE)

    assert "1 seconds" in str(refusal.value) or "2 seconds" in str(refusal.value)


def test_a_stranger_elsewhere_cannot_shut_the_desk_out():
    fail(15, source=THERE)
    throttling.admit(name="amelie", source=THERE)

    assert waits(source=THERE)
    assert not waits(source=HERE)


def test_other_names_from_one_source_are_counted_under_it():
    for number in range(throttling.FREE_BY_SOURCE):
        fail(1, name=f"name{number}")
    throttling.admit(name="one more", source=HERE)

    assert waits(name="never tried")


def test_an_attempt_that_comes_too_early_is_counted():
    fail(throttling.FREE_BY_NAME)
    throttling.admit(name="amelie", source=HERE)
    before = Throttle.objects.latest("failures").failures

    assert waits()

    assert Throttle.objects.latest("failures").failures == before + 1


def test_success_forgets_the_name_here_and_gives_the_source_one_back():
    fail(3)

    throttling.succeeded(name="amelie", source=HERE)

    assert list(Throttle.objects.values_list("failures", flat=True)) == [2]


def test_a_day_later_all_is_forgotten():
    fail(3)

    forgotten = throttling.forget_old(now=timezone.now() + timedelta(hours=25))

    assert forgotten == 2


def test_no_name_and_no_address_is_stored():
    throttling.admit(name="amelie", source=HERE)

    assert not any("amelie" in key or HERE in key for key in Throttle.objects.values_list("key"))


@pytest.mark.parametrize("name", ["", "\0", "🔑" * 1000, "x" * 10_000], ids=ascii)
def test_nothing_that_is_typed_as_a_name_breaks_it(name):
    throttling.admit(name=name, source=HERE)

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
