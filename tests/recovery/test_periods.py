"""How long things last, in words that follow the settings."""

from datetime import timedelta

import pytest

from recovery.announcements import WHAT_HAPPENED, said
from recovery.enums import Operation
from recovery.periods import in_words, setting_in_words


@pytest.mark.parametrize(
    ("period", "words"),
    [
        (timedelta(minutes=10), "10 minutes"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(seconds=90), "90 seconds"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(minutes=90), "90 minutes"),
        (timedelta(hours=24), "1 day"),
        (timedelta(days=7), "7 days"),
        (timedelta(days=7, hours=1), "169 hours"),
    ],
)
def test_a_period_is_said_in_the_largest_unit_that_fits(period, words):
    assert in_words(period) == words


def test_a_text_that_was_written_before_follows_the_setting(settings):
    text = setting_in_words("LINK_LIFETIME")
    assert str(text) == "10 minutes"

    settings.RECOVERY_LINK_LIFETIME = timedelta(hours=2)

    assert str(text) == "2 hours"


def test_a_new_address_is_told_when_it_can_receive_a_link(settings):
    settings.RECOVERY_ADDRESS_MIN_AGE = timedelta(days=14)

    told = WHAT_HAPPENED[Operation.CONFIRM_ADDRESS] % said({"address": "a…h@ex….org"})

    assert told == (
        "The address a…h@ex….org was confirmed. In 14 days it can receive a recovery link."
    )
