"""What is left of an address when it only has to be recognised."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recovery.addresses import mask_address


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("amelie.roth@example.org", "a…h@ex….org"),
        ("al@example.org", "a…@ex….org"),
        ("a@b.co", "a…@b….co"),
        ("", "…@…."),
    ],
)
def test_its_owner_knows_it_and_a_caller_learns_little(address, masked):
    assert mask_address(address) == masked


@given(st.emails())
def test_no_whole_part_of_it_is_left(address):
    local, _, domain = address.rpartition("@")
    masked = mask_address(address)

    assert address not in masked
    assert len(local) < 4 or local not in masked
    assert len(domain) < 8 or domain not in masked
