"""Sending a subject the way back in, taking it back, and what a claimant makes of it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from recovery import actions, errors, links
from recovery.actors import Source, current_source
from recovery.enums import LinkState, NoticeState, Operation
from recovery.models import Notice, RecoveryLink, RecoveryLinkToken
from recovery.secret import Secret
from tests.factories import (
    account,
    actor,
    address,
    fresh,
    grounds,
    last_event,
    open_link,
    refused,
)

pytestmark = pytest.mark.django_db


def send(subject, address_id=None, by=None):
    agent = by or actor(Operation.SEND_RECOVERY_LINK)
    return actions.send_recovery_link(
        actor=agent, subject=subject, grounds=grounds(), address_id=address_id
    )


def withdraw(subject, by=None):
    agent = by or actor(Operation.WITHDRAW_RECOVERY_LINK)
    return actions.withdraw_recovery_link(actor=agent, subject=subject, grounds=grounds())


class TestSend:
    def test_a_link_waits_for_the_worker_and_has_no_token_yet(self):
        link = send(account())

        assert link.state == LinkState.QUEUED
        assert link.expires_at is None
        assert not RecoveryLinkToken.objects.exists()

    def test_its_mail_goes_to_the_address_and_the_notice_to_all(self):
        subject = account(addresses=("first@example.org", "second@example.org"))

        link = send(subject)

        mail = Notice.objects.get(link=link)
        assert mail.address == link.address.address
        assert Notice.objects.filter(link=None).count() == 2

    @pytest.mark.requirement("N13")
    def test_it_goes_to_the_address_that_was_confirmed_longest_ago(self):
        subject = account(addresses=())
        address(subject, "young@example.org", days=8)
        address(subject, "old@example.org", days=80)

        assert send(subject).address.address == "old@example.org"

    @pytest.mark.requirement("N13")
    def test_the_agent_may_choose_among_the_confirmed(self):
        subject = account()
        second = address(subject)

        assert send(subject, second.pk).address == second

    @pytest.mark.requirement("N13")
    @pytest.mark.parametrize(
        "known",
        [{"confirmed": False}, {"days": 6.99}, {"days": 0}],
        ids=["unconfirmed", "younger than seven days", "confirmed today"],
    )
    def test_an_address_that_could_be_a_thiefs_gets_none(self, known):
        subject = account(addresses=())
        chosen = address(subject, **known)

        refused(errors.NoSuitableAddress, send, subject)
        refused(errors.NoSuitableAddress, send, subject, chosen.pk)

    @pytest.mark.requirement("N13")
    def test_seven_days_are_enough(self):
        subject = account(addresses=())
        address(subject, days=7.01)

        assert send(subject)

    def test_a_removed_address_gets_none(self):
        subject = account()
        subject.addresses.update(removed_at=timezone.now())

        refused(errors.NoSuitableAddress, send, subject)

    def test_somebody_elses_address_gets_none(self):
        theirs = account().addresses.get()

        refused(errors.NoSuitableAddress, send, account(), theirs.pk)

    def test_another_link_ends_the_first(self):
        subject = account()
        first, token = open_link(subject)

        send(subject)

        assert fresh(first).state == LinkState.WITHDRAWN
        with pytest.raises(errors.LinkNotUsable):
            actions.open_recovery_link(token=token)
        assert last_event(operation=Operation.SEND_RECOVERY_LINK).detail["withdrawn"] == 1

    def test_the_event_names_the_address_by_its_mask(self):
        send(account())

        event = last_event(operation=Operation.SEND_RECOVERY_LINK)
        assert event.detail["address"] == "k…n@ex….org"


class TestWithdraw:
    def test_a_link_that_has_not_left_never_leaves(self):
        subject = account()
        link = send(subject)

        withdraw(subject)

        assert fresh(link).state == LinkState.WITHDRAWN
        assert Notice.objects.get(link=link).state == NoticeState.CANCELLED

    def test_a_link_that_has_left_opens_nothing(self):
        subject = account()
        link, token = open_link(subject)

        withdraw(subject)

        assert not links.use(link)
        assert not links.find(token).is_usable

    def test_without_an_open_link_there_is_nothing_to_withdraw(self):
        refused(errors.NoOpenLink, withdraw, account())

    def test_a_used_one_is_not_open(self):
        subject = account()
        link, _ = open_link(subject)
        links.use(link)

        refused(errors.NoOpenLink, withdraw, subject)


class TestOpen:
    def test_a_live_link_opens_once(self):
        _, token = open_link(account())

        link = actions.open_recovery_link(token=token)

        assert fresh(link).state == LinkState.USED
        with pytest.raises(errors.LinkReplayed):
            actions.open_recovery_link(token=token)

    @pytest.mark.requirement("N1")
    def test_the_event_names_the_link_and_where_it_was_opened_from(self):
        link, token = open_link(account())
        reset = current_source.set(Source(address="198.51.100.9", user_agent="curl"))

        actions.open_recovery_link(token=token)
        current_source.reset(reset)

        event = last_event(operation=Operation.OPEN_RECOVERY_LINK)
        assert event.detail["link"] == link.pk
        assert (event.source_address, event.user_agent) == ("198.51.100.9", "curl")
        assert (event.actor_id, event.subject_id) == ("", str(link.account.user_id))

    @pytest.mark.requirement("N6")
    def test_the_subject_is_told(self):
        _, token = open_link(account())

        actions.open_recovery_link(token=token)

        assert Notice.objects.filter(operation=Operation.OPEN_RECOVERY_LINK, link=None).exists()

    @pytest.mark.requirement("A30")
    @pytest.mark.parametrize("token", ["made-up", "", "\0", "x" * 10_000, "🔑"], ids=ascii)
    def test_a_made_up_token_is_refused_and_recorded(self, token):
        refused(errors.LinkNotUsable, open_made_up, token)

        assert last_event().subject_id == ""

    @pytest.mark.requirement("N11")
    def test_an_expired_link_is_refused_before_any_worker_has_noticed(self):
        link, token = open_link(account())
        RecoveryLink.objects.filter(pk=link.pk).update(expires_at=timezone.now())

        refused(errors.LinkNotUsable, open_made_up, token.reveal())

        assert last_event().subject_id == str(link.account.user_id)

    @pytest.mark.requirement("N11")
    def test_one_that_runs_out_while_it_is_opened_is_not_used(self):
        link, _ = open_link(account())
        RecoveryLink.objects.filter(pk=link.pk).update(expires_at=timezone.now())

        assert not links.use(link)

    @pytest.mark.requirement("N11")
    def test_it_lives_ten_minutes_from_its_hand_over(self):
        link, _ = open_link(account())

        assert link.expires_at - link.handed_over_at == timedelta(minutes=10)

    def test_a_token_of_a_link_that_has_not_been_handed_over_opens_nothing(self):
        link = send(account())
        token = links.make_token(link)

        refused(errors.LinkNotUsable, open_made_up, token.reveal())

    def test_two_mails_of_one_link_open_once_in_all(self):
        link, first = open_link(account())
        second = links.make_token(link)

        actions.open_recovery_link(token=second)

        refused(errors.LinkReplayed, open_made_up, first.reveal())


def open_made_up(token, by=None):
    actions.open_recovery_link(token=Secret(token))
