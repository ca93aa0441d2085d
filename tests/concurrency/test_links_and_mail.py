"""Links, mails, one-time codes and counts, when many come at once."""

from collections import Counter

import pytest
from django.core import mail

from recovery import actions, errors, tasks, throttling, totp
from recovery.actors import Actor, Source
from recovery.audit import Draft, append_failure, flush_tallies
from recovery.enums import OPEN_LINK_STATES, LinkState, NoticeState, Operation, Role
from recovery.models import AuditEvent, FailureTally, Notice, RecoveryLink, Throttle
from tests.concurrency import at_once
from tests.factories import account, app, fresh, grounds, open_link, staff

pytestmark = [pytest.mark.concurrency, pytest.mark.django_db(transaction=True)]

MANY = 16


def exceptions(outcomes):
    return Counter(type(outcome) for outcome in outcomes if isinstance(outcome, Exception))


@pytest.mark.requirement("N22")
def test_a_link_that_many_use_at_once_is_used_once():
    for _ in range(3):
        link, token = open_link(account())

        outcomes = at_once(MANY, lambda _, token=token: actions.open_recovery_link(token=token))

        refused = exceptions(outcomes)
        assert refused.keys() <= {errors.LinkNotUsable, errors.LinkReplayed}
        assert refused.total() == MANY - 1
        assert fresh(link).state == LinkState.USED


def test_links_sent_at_once_leave_one_that_is_open():
    owner, lead = account(), staff(Role.LEAD)

    outcomes = at_once(
        4, lambda _: actions.send_recovery_link(actor=lead, subject=owner, grounds=grounds())
    )

    assert not exceptions(outcomes)
    assert RecoveryLink.objects.filter(state__in=OPEN_LINK_STATES).count() == 1
    assert RecoveryLink.objects.filter(state=LinkState.WITHDRAWN).count() == 3
    assert Notice.objects.filter(link__isnull=False, state=NoticeState.QUEUED).count() == 1


def test_workers_at_once_send_each_notice_once():
    lead = staff(Role.LEAD)
    owners = [account(addresses=(f"person{number}@example.org",)) for number in range(12)]
    for owner in owners:
        actions.send_recovery_link(actor=lead, subject=owner, grounds=grounds())

    outcomes = at_once(4, lambda _: tasks.deliver_due())

    assert not exceptions(outcomes)
    assert sum(outcomes) == 24
    sent = Counter(message.extra_headers["Message-ID"] for message in mail.outbox)
    assert set(sent.values()) == {1}
    assert len(sent) == 24


@pytest.mark.requirement("N22")
def test_a_one_time_code_that_many_present_at_once_is_accepted_once():
    for _ in range(3):
        owner = account()
        bound = app(owner)
        code = totp.current_code(bound).reveal()

        outcomes = at_once(
            MANY, lambda _, one=(owner.user, code): totp.verify_any(one[0], typed=one[1])
        )

        assert not exceptions(outcomes)
        assert sum(map(bool, outcomes)) == 1


def test_one_time_codes_of_two_apps_at_once_never_meet_in_a_deadlock():
    owner = account()
    apps = [app(owner), app(owner)]

    outcomes = at_once(
        8,
        lambda number: totp.verify(
            apps[number % 2], typed=totp.current_code(apps[number % 2]).reveal()
        ),
    )

    assert not exceptions(outcomes)
    assert sum(outcomes) <= 2


@pytest.mark.requirement("N8")
def test_sign_ins_at_once_are_all_counted_under_their_source():
    outcomes = at_once(
        MANY,
        lambda number: throttling.admit(
            door=Operation.SIGN_IN, name=f"n{number}", source="192.0.2.1"
        ),
    )

    assert set(exceptions(outcomes)) <= {errors.TooManyAttempts}
    assert max(Throttle.objects.values_list("failures", flat=True)) == MANY


def test_failures_at_once_stand_on_the_ledger_up_to_ten_and_are_counted_beyond():
    stranger = Actor(user=None, name="", source=Source(address="192.0.2.1"))

    outcomes = at_once(
        MANY,
        lambda _: append_failure(
            Draft(operation=Operation.SIGN_IN, actor=stranger), errors.WrongPassword
        ),
    )

    assert not exceptions(outcomes)
    recorded = AuditEvent.objects.filter(operation=Operation.SIGN_IN).count()
    counted = sum(FailureTally.objects.values_list("count", flat=True))
    assert counted == MANY
    assert recorded in {10, MANY}  # the minute may have turned


def test_a_tally_that_two_workers_flush_is_one_event():
    minute_ago = tasks.timezone.now() - tasks.timedelta(minutes=2)
    FailureTally.objects.create(
        key="k", minute=minute_ago, operation=Operation.SIGN_IN, refusal="wrong_password", count=99
    )

    outcomes = at_once(4, lambda _: flush_tallies())

    assert not exceptions(outcomes)
    assert AuditEvent.objects.count() == 1
