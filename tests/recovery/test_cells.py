"""Cells that no spreadsheet runs, and that read the same when they are brought in again."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given

from recovery.cells import FORMULA_STARTS, UNPRINTABLE, cell, harmless, plain
from tests.plumbing.texts import nasty

pytestmark = [pytest.mark.requirement("A32"), pytest.mark.any_user_model]


def runs(text):
    """Whether a spreadsheet may take it for a formula: what it strips first does not help."""
    return text.lstrip(" ").startswith(FORMULA_STARTS)


@given(nasty)
def test_no_text_is_run_and_none_reaches_a_terminal(text):
    written = harmless(text)

    assert not runs(written)
    assert not UNPRINTABLE.search(written)


@given(nasty)
def test_a_text_reads_the_same_after_it_was_written(text):
    assert plain(harmless(text)) == UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)


@given(nasty, nasty)
def test_no_two_texts_are_written_alike(one, other):
    kept = [UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text) for text in (one, other)]

    assert (harmless(one) == harmless(other)) == (kept[0] == kept[1])


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("-Anna", "'-Anna"),
        ("'-Anna", "''-Anna"),
        ("''  =1", "'''  =1"),
        ("'t Hart", "'t Hart"),
        ("'", "'"),
        (" ＝1", "' ＝1"),
        ("O'Neil", "O'Neil"),
        ("a=1", "a=1"),
        ("", ""),
    ],
)
def test_one_apostrophe_goes_in_front_and_comes_off_again(text, written):
    assert harmless(text) == written
    assert plain(written) == text


def test_every_value_has_one_way_to_be_written():
    east = timezone(timedelta(hours=5, minutes=30))
    at = datetime(2026, 11, 24, 16, 30, 7, 999_999, tzinfo=east)

    assert cell(at) == "2026-11-24T11:00:07+00:00"
    assert cell(at.astimezone(UTC)) == cell(at)
    assert cell(None) == ""
    assert cell(-7) == -7
    assert cell({"to": "Zoë", "left": 3}) == '{"to": "Zoë", "left": 3}'
    assert cell(["=1"]) == '["=1"]'
