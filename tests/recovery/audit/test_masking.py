"""What looks like a secret is blotted out of what people type; what is a name stays."""

import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recovery import codes, totp
from recovery.audit.masking import LONGEST_SHOWN, masked, masked_values
from recovery.enums import CodeKind
from recovery.secret import MASK


def with_a_digit(kind):
    """Make a code as nearly all are: one of letters alone is taken for a name in small letters."""
    code = codes.generate(kind)
    return code if any(map(str.isdigit, code.reveal())) else with_a_digit(kind)


@pytest.mark.requirement("A28")
@pytest.mark.parametrize("kind", CodeKind, ids=str)
@pytest.mark.parametrize("joined", ["", "-", " ", " - ", "\u2013"])
def test_no_code_is_shown_however_it_was_typed(kind, joined):
    code = joined.join(codes.groups(with_a_digit(kind)))

    for typed in (code, code.lower(), f"zoe {code}", f"{code} zoe"):
        assert MASK in masked(typed)
        assert not set(code.split()) & set(masked(typed).split()) - {"-"}, typed


@pytest.mark.requirement("A28")
@pytest.mark.parametrize(
    "secret",
    [
        "123456",
        "123 456",
        "12345678",
        "7K3M-Q9TD-0ZVH",
        "7K3M-Q9TD-0ZVH-PX4S",
        "Tr0ub4dor&3",
        "correct-Horse7battery!",
        "aB3$efgh",
        "JBSWY3DPEHPK3PXPJBSWY3DP",
        "q8Zf3kXw0LrT1vYb6NcM5pHs2JdA9eGu",
        "/link/q8Zf3kXw0LrT1vYb6NcM5pHs2JdA9eGu/",
        "https://desk.example.org/link/abcdefghijklmnop",
        "sessionid=0123456789abcdef",
    ],
)
def test_what_looks_like_a_secret_is_blotted_out(secret):
    assert masked(secret) == MASK
    assert masked(f"zoe {secret} bergström") == f"zoe {MASK} bergström"


@pytest.mark.requirement("A28")
def test_no_token_and_no_key_of_ours_is_shown():
    for secret in (secrets.token_urlsafe(32), totp.new_key().reveal()):
        assert masked(secret) == MASK


@pytest.mark.parametrize(
    "name",
    [
        "zoe bergström",
        "Anna-Lena Roth",
        "anna lena roth karl",
        "Papadopoulos-Wilkinson",
        "O'Brien, Siobhán",
        "maya.lindqvist2@example.org",
        "Maya.Lindqvist2+desk@Example.org",
        "HELP-1235",
        "HD-123456",
        "E-4711",
        "mlindqvist2",
        "require_reenrolment",
        "2026-11-24T19:15:33.123456Z",
        "198.51.100.20",
        "2001:db8:85a3:8d3:1319:8a2e:370:7348",
    ],
)
def test_what_is_no_secret_can_be_read(name):
    assert masked(name) == name


def test_the_key_of_a_row_is_no_code_where_a_row_is_asked_for():
    assert masked_values([("subject_id", "1234567"), ("q", "1234567"), ("trace", "a" * 16)]) == {
        "subject_id": "1234567",
        "q": MASK,
        "trace": "a" * 16,
    }


def test_an_address_can_hold_no_more_than_a_page_would_send():
    kept = masked_values((f"name{number}", "x y " * 200) for number in range(500))

    assert len(kept) == 30
    assert all(len(value) <= LONGEST_SHOWN for value in kept.values())


@given(st.text())
def test_whatever_was_typed_fits_a_line_that_every_database_takes(typed):
    line = masked(typed)

    assert len(line) <= LONGEST_SHOWN
    assert "\0" not in line
    assert "\n" not in line
