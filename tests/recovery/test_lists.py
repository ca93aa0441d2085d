"""The words that lists are narrowed by: one meaning on a page, in a job and in a report."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from recovery.audit import Draft, append
from recovery.enums import Enrolment, Operation, Outcome, Tier
from recovery.errors import FilterUnknown
from recovery.hours import HourOfWeek
from recovery.lists import ACCOUNT_FILTERS, narrow_accounts, narrow_events, storable
from recovery.models import Account, AccountText, AuditEvent
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.any_user_model]


def kept(**asked):
    return list(narrow_accounts(Account.objects.order_by("pk"), asked))


@pytest.mark.parametrize(
    ("asked", "state", "other"),
    [
        ({"codes": "none"}, {}, {"backup_codes_left": 1, "backup_codes_total": 1}),
        ({"recovered": "never"}, {}, {"last_recovered_at": timezone.now()}),
        ({"recovered": "day"}, {"last_recovered_at": timezone.now()}, {}),
        ({"tier": "privileged"}, {"tier": Tier.PRIVILEGED}, {}),
        ({"enrolment__exact": "enrolled"}, {"enrolment": Enrolment.ENROLLED}, {}),
    ],
)
def test_a_filter_keeps_what_it_says(asked, state, other):
    wanted = factories.account(**state)
    factories.account(**other)

    assert kept(**asked) == [wanted]


def test_every_word_that_was_searched_for_has_to_be_there():
    wanted, other = factories.account(), factories.account()
    AccountText.objects.filter(pk=wanted.pk).update(folded="zoe orsted")

    assert kept(q="Ørst ZOË") == [wanted]
    assert other not in kept(q="Ørst zoe")


@pytest.mark.parametrize("asked", [{"codes": "many"}, {"color": "red"}, {"flag": ""}])
def test_what_nobody_knows_is_refused_and_not_passed_over(asked):
    with pytest.raises(FilterUnknown):
        kept(**asked)


def test_a_page_may_pass_over_it():
    account = factories.account()

    assert list(narrow_accounts(Account.objects.all(), {"codes": "x"}, passing_over=True)) == [
        account
    ]


def test_each_value_of_each_filter_can_be_asked_of_the_database():
    for name, values in ACCOUNT_FILTERS.items():
        for value in values:
            kept(**{name: value})


def test_filters_of_events_mean_the_same_after_they_were_stored():
    at = datetime(2026, 11, 20, 12, tzinfo=UTC)
    for hours, outcome in ((0, Outcome.COMPLETED), (1, Outcome.FAILED), (30, Outcome.COMPLETED)):
        draft = Draft(
            operation=Operation.SIGN_OUT,
            actor=factories.Actor.stranger(),
            at=at + timedelta(hours=hours),
        )
        append(draft, outcome)
    asked = {"since": at, "until": at + timedelta(days=1), "operation": ["sign_out"]}
    again = json.loads(json.dumps(storable(asked)))

    events = AuditEvent.objects.order_by("pk")
    assert list(narrow_events(events, again)) == list(narrow_events(events, asked))
    assert narrow_events(events, again).count() == 2
    assert narrow_events(events, again | {"outcome": "failed"}).count() == 1
    in_hour = json.loads(json.dumps(storable({"in_hour": HourOfWeek.parse("5T13 UTC")})))
    assert narrow_events(events, again | in_hour).get().at == at + timedelta(hours=1)


def test_an_hour_of_the_week_needs_a_span_of_time():
    with pytest.raises(FilterUnknown):
        narrow_events(AuditEvent.objects.all(), {"in_hour": "5T13 UTC"})


def test_an_unknown_filter_of_events_is_refused():
    with pytest.raises(FilterUnknown):
        narrow_events(AuditEvent.objects.all(), {"colour": "red"})
