"""Where a request came from, as far as the trusted proxies tell."""

import pytest
from django.http import HttpResponse

from recovery.actors import NOWHERE, current_source
from recovery.middleware import SourceMiddleware, source_of

PROXY, OTHER_PROXY, VISITOR, CLAIM = "10.0.0.1", "10.0.0.2", "203.0.113.5", "198.51.100.1"


@pytest.fixture(autouse=True)
def _proxies(settings):
    settings.RECOVERY_TRUSTED_PROXIES = ["10.0.0.0/8", "fd00::/8"]


def address(rf, remote, forwarded=None):
    headers = {"x-forwarded-for": forwarded} if forwarded is not None else {}
    return source_of(rf.get("/", headers=headers, REMOTE_ADDR=remote)).address


def test_without_a_proxy_it_is_the_peer(rf):
    assert address(rf, VISITOR) == VISITOR


def test_a_stranger_can_claim_nothing(rf):
    assert address(rf, VISITOR, CLAIM) == VISITOR


def test_behind_a_proxy_it_is_whom_the_proxy_saw(rf):
    assert address(rf, PROXY, VISITOR) == VISITOR


def test_behind_two_it_is_whom_the_outer_one_saw(rf):
    assert address(rf, PROXY, f"{VISITOR}, {OTHER_PROXY}") == VISITOR


def test_what_the_visitor_wrote_before_that_is_not_believed(rf):
    assert address(rf, PROXY, f"{CLAIM}, {VISITOR}") == VISITOR
    assert address(rf, PROXY, f"{CLAIM}, {PROXY}, {VISITOR}, {OTHER_PROXY}") == VISITOR


@pytest.mark.parametrize(
    "forwarded", ["", ",", "nonsense", "<script>", "1.2.3.4.5", "203.0.113.5:1"]
)
def test_what_is_no_address_leaves_the_proxys_own(rf, forwarded):
    assert address(rf, PROXY, forwarded) == PROXY


def test_behind_trusted_ipv6_it_is_whom_the_proxy_saw(rf):
    assert address(rf, "fd00::1", "2001:db8::5") == "2001:db8::5"


def test_a_proxy_that_comes_as_ipv6_is_the_same_proxy(rf):
    assert address(rf, f"::ffff:{PROXY}", VISITOR) == VISITOR


def test_an_ipv4_visitor_that_comes_as_ipv6_is_written_as_ipv4(rf):
    assert address(rf, f"::ffff:{VISITOR}") == VISITOR


def test_an_address_always_fits_the_ledger(rf):
    assert len(address(rf, PROXY, "fe80::1%" + "x" * 200)) <= 45


def test_a_long_browser_name_is_cut(rf):
    source = source_of(rf.get("/", headers={"user-agent": "x" * 5000}))

    assert len(source.user_agent) == 300


def test_the_source_is_known_during_the_request_and_forgotten_after_it(rf):
    seen = []

    def page(_request):
        seen.append(current_source.get().address)
        return HttpResponse()

    SourceMiddleware(page)(rf.get("/", REMOTE_ADDR=VISITOR))

    assert seen == [VISITOR]
    assert current_source.get() is NOWHERE


def test_it_is_forgotten_after_a_broken_request_too(rf):
    def page(_request):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        SourceMiddleware(page)(rf.get("/"))

    assert current_source.get() is NOWHERE


@pytest.mark.parametrize("peer", ["", "unix:/run/desk.sock", "x" * 500])
def test_a_peer_without_an_address_is_no_proxy(rf, peer):
    assert address(rf, peer, VISITOR) == peer[:45]
