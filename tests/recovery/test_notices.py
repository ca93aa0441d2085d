"""Which accounts have mail that could not be delivered: one rule for figure, list and banner."""

import pytest

from recovery.enums import NoticeState
from tests.factories import account, notice

pytestmark = pytest.mark.django_db

DEAD, SENT, QUEUED = NoticeState.DEAD, NoticeState.SENT, NoticeState.QUEUED


def is_undelivered(owner):
    return owner.notices.undelivered().exists()


def test_a_dead_letter_is_undelivered():
    subject = account()
    notice(subject, state=DEAD)

    assert is_undelivered(subject)
    assert not is_undelivered(account())


def test_a_later_mail_that_left_for_the_same_address_ends_it():
    subject = account()
    notice(subject, state=DEAD)
    notice(subject, state=SENT)

    assert not is_undelivered(subject)


@pytest.mark.parametrize("later", [DEAD, QUEUED, NoticeState.CANCELLED])
def test_a_later_one_that_did_not_leave_does_not(later):
    subject = account()
    notice(subject, state=DEAD)
    notice(subject, state=later)

    assert is_undelivered(subject)


def test_an_earlier_one_that_left_does_not():
    subject = account()
    notice(subject, state=SENT)
    notice(subject, state=DEAD)

    assert is_undelivered(subject)


def test_neither_does_one_to_another_address_or_about_another_account():
    subject = account()
    notice(subject, state=DEAD)
    notice(subject, "second@example.org", state=SENT)
    notice(account(), state=SENT)

    assert is_undelivered(subject)


@pytest.mark.parametrize(("days", "counts"), [(29, True), (31, False)])
def test_after_thirty_days_it_is_no_news(days, counts):
    subject = account()
    notice(subject, state=DEAD, days=days)

    assert is_undelivered(subject) == counts
