"""Many accounts at once: what each is left with is what it would have been left with by hand."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from recovery import actions, errors
from recovery.audit.linking import settle
from recovery.audit.verification import verify_ledger
from recovery.canonical import content_of
from recovery.enums import Enrolment, FlagOrigin, LinkState, Operation, Outcome
from recovery.models import Account, AuditEvent, Notice, RecoveryLink
from tests.factories import (
    account,
    actor,
    address,
    arranging,
    fresh,
    grounds,
    last_event,
    open_link,
    permissions,
    snapshot,
)

pytestmark = pytest.mark.django_db

MONTHS_AGO = timezone.now() - timedelta(days=90)
NEXT_WEEK = timezone.now() + timedelta(days=7)
NEXT_MONTH = timezone.now() + timedelta(days=30)
OPERATIONS = {
    Operation.REQUIRE_REENROLMENT: (
        actions.require_reenrolment,
        actions.require_reenrolment_of_many,
    ),
    Operation.LIFT_REENROLMENT: (actions.lift_reenrolment, actions.lift_reenrolment_of_many),
    Operation.SEND_RECOVERY_LINK: (actions.send_recovery_link, actions.send_recovery_links_to_many),
    Operation.WITHDRAW_RECOVERY_LINK: (
        actions.withdraw_recovery_link,
        actions.withdraw_recovery_links_of_many,
    ),
}
THEIR_OWN = {
    Account: {"id", "user_id", "seen_password"},
    AuditEvent: {"id", "subject_id", "subject_name", "trace", "salt", "content"},
    Notice: {"id", "account_id", "event_id", "link_id", "dedupe_key", "message_id"},
    RecoveryLink: {"id", "account_id", "address_id", "expires_at"},
    Account.history.model: {"history_id", "id", "user_id", "trace"},
}
"""Columns that name a row, or are made by chance."""

flags = st.sampled_from(
    [
        {},
        *(
            {
                "enrolment": Enrolment.REENROLMENT_REQUIRED,
                "reenrolment_required_at": MONTHS_AGO,
                "reenrolment_due_at": due_at,
                "reenrolment_origin": origin,
                "reenrolment_reason": "Before",
            }
            for due_at in (None, NEXT_WEEK)
            for origin in (FlagOrigin.DESK, FlagOrigin.REDEEMED)
        ),
    ]
)
states = st.fixed_dictionaries(
    {
        "enrolled": st.booleans(),
        "flag": flags,
        "frozen": st.booleans(),
        "addresses": st.lists(st.sampled_from([30, 8, 2, None]), max_size=3),
        "link": st.sampled_from([None, LinkState.QUEUED, LinkState.LIVE]),
        "user": st.sampled_from(
            [{}] * 6 + [{"is_active": False}, {"is_staff": True}, {"is_superuser": True}]
        ),
        "may": st.sampled_from([()] * 6 + [("view_account",), ("require_reenrolment",)]),
    }
)


@arranging()
def person(state):
    """Make somebody of that state."""
    owner = account(addresses=(), frozen_at=MONTHS_AGO if state["frozen"] else None)
    for number, days in enumerate(state["addresses"]):
        text = f"a{number}@example.org"
        address(owner, text, days=days or 0, confirmed=days is not None)
    if state["link"] and owner.addresses.exists():
        link, _ = open_link(owner, owner.addresses.first().address)
        RecoveryLink.objects.filter(pk=link.pk).update(state=state["link"])
    enrolled = {"enrolment": Enrolment.ENROLLED, "enrolled_at": MONTHS_AGO}
    standing = (enrolled if state["enrolled"] else {}) | state["flag"]
    Account.objects.filter(pk=owner.pk).update(**standing)
    type(owner.user)._default_manager.filter(pk=owner.user_id).update(**state["user"])
    owner.user.user_permissions.add(*permissions(*state["may"]))
    return fresh(owner)


def left(owner, since):
    """Read all that was written about an account since then, but for what is each row's own."""
    about = {
        Account: Account.objects.filter(pk=owner.pk),
        AuditEvent: AuditEvent.objects.filter(subject_id=str(owner.user_id), pk__gt=since),
        Notice: Notice.objects.filter(account=owner),
        RecoveryLink: RecoveryLink.objects.filter(account=owner),
        Account.history.model: Account.history.filter(id=owner.pk).order_by("history_id"),
    }
    return {
        model.__name__: [
            {name: told(value) for name, value in row.items() if name not in THEIR_OWN[model]}
            for row in (rows if rows.query.order_by else rows.order_by("pk")).values()
        ]
        for model, rows in about.items()
    }


def told(value):
    """Take times of this moment for the same, and links by where they are in the detail."""
    if isinstance(value, dict):
        return {name: told(one) for name, one in value.items() if name not in {"at", "link"}}
    if hasattr(value, "isoformat") and abs(value - timezone.now()) < timedelta(minutes=2):
        return "now"
    return value


def by_hand(verb, owner, agent, **said):
    try:
        verb(actor=agent, subject=owner, grounds=grounds(), **said)
    except errors.RecoveryError as refusal:
        return refusal.code
    return ""


def newest():
    return AuditEvent.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


class Twins(TestCase):
    """Each state twice: one is acted on by hand, the other among many."""

    @settings(max_examples=25, phases=[Phase.generate])  # to shrink takes minutes here
    @given(
        st.lists(states, min_size=1, max_size=6),
        st.sampled_from(list(OPERATIONS)),
        st.sampled_from([None, NEXT_WEEK - timedelta(days=1), NEXT_MONTH]),
    )
    def test_many_are_left_with_what_each_is_left_with_by_hand(self, population, operation, due_at):
        verb, verb_of_many = OPERATIONS[operation]
        said = {"due_at": due_at} if operation is Operation.REQUIRE_REENROLMENT else {}
        agent = actor(operation)
        singles = [*map(person, population), agent.user.recovery_account]
        many = [*map(person, population), agent.user.recovery_account]

        since = newest()
        codes = [by_hand(verb, owner, agent, **said) for owner in singles]
        expected = [left(owner, since) for owner in singles]
        since = newest()
        result = verb_of_many(
            actor=agent, subjects=[owner.pk for owner in many], grounds=grounds(), **said
        )

        for owner, twins in zip(many, expected, strict=True):
            for model, rows in left(owner, since).items():
                assert rows == twins[model]
        refusals = (result.refused.get(owner.pk) for owner in many)
        assert [refusal.code if refusal else "" for refusal in refusals] == codes
        check_own_columns(many[:-1], since, result)
        settle(connection)
        assert verify_ledger(columns=True).last >= len(many)


def check_own_columns(owners, since, result):
    """Look at the columns that no twin shares."""
    for owner in owners:
        event = AuditEvent.objects.get(subject_id=str(owner.user_id), pk__gt=since)
        assert event.subject_name == owner.user.get_username()
        assert event.content == content_of(vars(event))
        assert result.done.get(owner.pk) in {event.pk, None}
        assert (owner.pk in result.done) == (event.outcome == Outcome.COMPLETED)
        versions = Account.history.filter(trace=event.trace)
        assert {version.id for version in versions} <= {owner.pk}
        for notice in Notice.objects.filter(event_id=event.pk):
            assert notice.context["at"] == event.at.isoformat()
            assert notice.dedupe_key.startswith(f"event:{event.pk}:")
