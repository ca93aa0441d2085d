from datetime import timedelta

import pytest
from django.utils import timezone

from console import displays
from recovery import codes


@pytest.mark.parametrize(
    ("left", "level", "text"), [(0, "none", "None left"), (3, "low", "low"), (4, "fine", "4 left")]
)
def test_codes_are_told_in_words_and_not_only_in_colour(left, level, text):
    assert displays.codes_level(left) == level
    assert text in displays.codes_badge(left)


def test_every_character_of_a_code_has_a_word():
    assert set(displays.SPELLING) == set(codes.ALPHABET)


def test_spelling_leaves_out_what_is_not_read():
    assert displays.spell("7K-3M") == [("7", "Seven"), ("K", "Kilo"), ("3", "Three"), ("M", "Mike")]


def test_a_flag_says_whether_it_is_overdue():
    day = timedelta(days=1)

    assert displays.flag_badge("enrolled", None) == ""
    assert "Due now" in displays.flag_badge("reenrolment_required", None)
    assert "Overdue" in displays.flag_badge("reenrolment_required", timezone.now() - day)
    assert "Overdue" not in displays.flag_badge("reenrolment_required", timezone.now() + day)


@pytest.mark.requirement("A32")
def test_a_badge_escapes_what_it_is_given():
    assert "<b>" not in displays.badge("<b>", tone="quiet")
