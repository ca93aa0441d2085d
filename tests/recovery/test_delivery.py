"""From the outbox to the mail server: once when nobody dies, and never silently not at all."""

import re
from datetime import timedelta
from smtplib import SMTPRecipientsRefused, SMTPSenderRefused, SMTPServerDisconnected

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import transaction
from django.utils import timezone

from recovery import actions, delivery, errors, links, notices, tasks
from recovery.audit import audited
from recovery.enums import EndReason, LinkState, NoticeState, Operation, Outcome, Role
from recovery.models import AuditEvent, BackupCodeSet, Notice, RecoveryLink, RecoveryLinkToken
from recovery.secret import Secret
from tests.factories import account, fresh, grounds, last_event, open_link, phone_code, staff

pytestmark = pytest.mark.django_db


class Killed(BaseException):
    """What a signal is to a worker: nothing of ours catches it."""


LINK = re.compile(r"/account/link/([^/\s\"]+)/")


@pytest.fixture
def broken_server(monkeypatch):
    """A mail server that refuses; call it with another error to change its mind."""

    real = EmailBackend.send_messages

    def refuse_with(error):
        def send_messages(*args):
            if error is not None:
                raise error
            return real(*args)

        monkeypatch.setattr(EmailBackend, "send_messages", send_messages)

    refuse_with(SMTPServerDisconnected("gone with the text of a mail"))
    return refuse_with


def send_link(owner):
    return actions.send_recovery_link(actor=staff(Role.LEAD), subject=owner, grounds=grounds())


def flag(owner):
    return actions.require_reenrolment(actor=staff(Role.LEAD), subject=owner, grounds=grounds())


def link_mail():
    return Notice.objects.get(link__isnull=False)


def now_due():
    Notice.objects.update(next_attempt_at=timezone.now(), leased_until=None)


def tokens_mailed():
    return [LINK.search(message.body)[1] for message in mail.outbox if LINK.search(message.body)]


class TestQueue:
    @pytest.mark.requirement("N6")
    @pytest.mark.django_db(transaction=True)
    def test_what_is_rolled_back_is_told_to_nobody(self):
        owner, lead = account(), staff(Role.LEAD)

        with pytest.raises(errors.AlreadyFlagged):
            _queue_a_link_and_refuse(owner, lead)

        assert not Notice.objects.exists()
        assert not RecoveryLink.objects.exists()

    def test_no_mail_leaves_with_the_operation_itself(self):
        flag(account())

        assert mail.outbox == []
        assert Notice.objects.get().state == NoticeState.QUEUED

    def test_one_event_is_told_once_at_each_address(self):
        owner = account()
        event = flag(owner)

        with pytest.raises(Exception, match=r"(?i)unique"), transaction.atomic():
            notices.queue(event, owner)

    @pytest.mark.requirement("N7")
    def test_the_mail_of_a_link_holds_no_token_while_it_waits(self):
        send_link(account())

        assert link_mail().context == {}
        assert not RecoveryLinkToken.objects.exists()


class TestNotice:
    def test_it_says_what_happened_when_by_which_desk_and_whom_to_call(self, settings):
        settings.RECOVERY_DESK_NAME = "Desk of Example Ltd"
        settings.RECOVERY_DESK_CONTACT = "+44 20 7946 0000"
        event = flag(account())

        tasks.deliver_due()

        (message,) = mail.outbox
        html = message.alternatives[0].content
        for text in (message.body, html):
            assert "you will be asked to set up your authenticator again" in text
            assert f"{event.at:%Y-%m-%d %H:%M} UTC" in text
            assert "Desk of Example Ltd" in text
            assert "+44 20 7946 0000" in text

    def test_it_goes_to_each_address_by_itself(self):
        flag(account(addresses=("one@example.org", "two@example.org")))

        tasks.deliver_due()

        assert sorted(message.to for message in mail.outbox) == [
            ["one@example.org"],
            ["two@example.org"],
        ]
        assert not any(message.cc or message.bcc for message in mail.outbox)

    def test_a_name_with_a_line_break_or_markup_does_no_harm(self):
        owner = account()
        owner.text.display_name = 'Zoë\r\nBcc: x@example.org <script>alert("1")</script>'
        owner.text.save()
        flag(owner)

        tasks.deliver_due()

        (message,) = mail.outbox
        assert message.bcc == []
        assert "<script>" not in message.alternatives[0].content

    @pytest.mark.requirement("N6")
    def test_its_delivery_is_an_event(self):
        event = flag(account())

        tasks.deliver_due()

        sent = Notice.objects.get()
        assert (sent.state, sent.attempts) == (NoticeState.SENT, 1)
        assert last_event().operation == Operation.DELIVER_NOTICE
        assert last_event().detail == {
            "notice": sent.pk,
            "about": "require_reenrolment",
            "attempts": 1,
            "event": event.pk,
            "address": "k…n@ex….org",
        }

    def test_its_delivery_shares_the_trace_of_what_it_is_about(self):
        events = [flag(account()), flag(account(addresses=["other@example.org"]))]

        tasks.deliver_due()

        sent = AuditEvent.objects.filter(operation=Operation.DELIVER_NOTICE)
        assert {event.detail["event"]: event.trace for event in sent} == {
            event.pk: event.trace for event in events
        }
        assert events[0].trace != events[1].trace

    def test_it_is_sent_once(self):
        flag(account())

        tasks.deliver_due()
        tasks.deliver_due()

        assert len(mail.outbox) == 1

    def test_its_message_id_stays_the_same_in_a_retry(self, broken_server):
        flag(account())
        tasks.deliver_due()
        broken_server(None)
        now_due()

        tasks.deliver_due()

        assert mail.outbox[0].extra_headers["Message-ID"] == Notice.objects.get().message_id

    def test_a_deleted_account_does_not_stand_in_the_way(self):
        owner = account()
        flag(owner)
        owner.user.delete()

        assert tasks.deliver_due() == 1


class TestRetry:
    @pytest.mark.usefixtures("broken_server")
    def test_a_refused_mail_waits_longer_each_time(self):
        flag(account())
        waits = []

        for _ in range(4):
            now_due()
            assert tasks.deliver_due() == 0
            waits.append((Notice.objects.get().next_attempt_at - timezone.now()).total_seconds())

        assert [round(wait) for wait in waits] == [15, 30, 60, 120]

    def test_it_is_not_tried_before_its_time(self, broken_server):
        flag(account())
        tasks.deliver_due()
        broken_server(None)

        assert tasks.deliver_due() == 0
        assert mail.outbox == []

    def test_it_leaves_when_the_server_is_back(self, broken_server):
        flag(account())
        tasks.deliver_due()
        broken_server(None)
        now_due()

        assert tasks.deliver_due() == 1
        assert Notice.objects.get().attempts == 2

    @pytest.mark.requirement("N6")
    @pytest.mark.usefixtures("broken_server")
    def test_after_the_last_attempt_it_is_a_dead_letter_and_an_event(self, settings):
        settings.RECOVERY_NOTICE_ATTEMPTS = 3
        flag(account())

        for _ in range(5):
            now_due()
            tasks.deliver_due()

        dead = Notice.objects.get()
        assert (dead.state, dead.attempts) == (NoticeState.DEAD, 3)
        event = last_event()
        assert (event.operation, event.outcome) == (Operation.DELIVER_NOTICE, Outcome.FAILED)

    @pytest.mark.requirement("N7")
    @pytest.mark.parametrize(
        ("error", "kept"),
        [
            (SMTPServerDisconnected("the mail said x"), "SMTPServerDisconnected"),
            (SMTPSenderRefused(552, b"the mail said x", "y"), "SMTPSenderRefused 552"),
            (SMTPRecipientsRefused({"x": (550, b"no")}), "SMTPRecipientsRefused"),
            (OSError("the mail said x"), "OSError"),
        ],
    )
    def test_of_an_error_its_kind_alone_is_kept(self, broken_server, caplog, error, kept):
        broken_server(error)
        flag(account())

        tasks.deliver_due()

        assert Notice.objects.get().last_error == kept
        assert "the mail said x" not in caplog.text


class TestCrash:
    """A worker can be killed at any point. Here it dies by an exception that nothing catches."""

    def test_before_sending_the_next_worker_takes_over_after_the_lease(self, broken_server):
        broken_server(Killed())
        flag(account())
        _killed(tasks.deliver_due)
        broken_server(None)

        assert tasks.deliver_due() == 0
        _let_the_lease_run_out()

        assert tasks.deliver_due() == 1
        assert len(mail.outbox) == 1

    def test_between_sending_and_noting_it_leaves_two_mails_whose_links_open_once(
        self, monkeypatch
    ):
        send_link(account())
        with monkeypatch.context() as patch:
            patch.setattr(delivery, "_sent", _die)
            _killed(delivery.deliver, link_mail().pk)
        first = tokens_mailed()
        with pytest.raises(errors.LinkNotUsable):
            actions.open_recovery_link(token=Secret(first[0]))
        _let_the_lease_run_out()

        tasks.deliver_due()

        first, second = tokens_mailed()
        assert first != second
        assert actions.open_recovery_link(token=Secret(first))
        with pytest.raises(errors.LinkReplayed):
            actions.open_recovery_link(token=Secret(second))

    def test_a_mail_on_which_every_worker_dies_is_not_sent_for_ever(self, monkeypatch, settings):
        settings.RECOVERY_NOTICE_ATTEMPTS = 3
        flag(account())
        with monkeypatch.context() as patch:
            patch.setattr(delivery, "_sent", _die)
            for _ in range(3):
                _let_the_lease_run_out()
                _killed(tasks.deliver_due)
            _let_the_lease_run_out()
            tasks.deliver_due()

        assert len(mail.outbox) == 3
        assert Notice.objects.get().state == NoticeState.DEAD

    @pytest.mark.requirement("A35")
    def test_a_delivery_that_cannot_be_recorded_is_not_noted_as_done(self, monkeypatch):
        flag(account())
        monkeypatch.setattr(delivery, "append", _die)

        _killed(tasks.deliver_due)

        assert Notice.objects.get().state == NoticeState.QUEUED


class TestLink:
    def test_its_lifetime_counts_from_the_hand_over(self):
        link = send_link(account())
        RecoveryLink.objects.update(requested_at=timezone.now() - timedelta(minutes=25))

        tasks.deliver_due()

        handed = fresh(link)
        assert handed.state == LinkState.LIVE
        assert timezone.now() - handed.handed_over_at < timedelta(minutes=1)
        assert handed.expires_at - handed.handed_over_at == timedelta(minutes=10)

    @pytest.mark.requirement("N1")
    def test_its_hand_over_is_an_event(self):
        link = send_link(account())

        tasks.deliver_due()

        event = last_event(operation=Operation.HAND_OVER_RECOVERY_LINK)
        assert event.detail["link"] == link.pk
        assert event.actor_name == "worker"

    def test_its_token_opens_it(self):
        send_link(account())

        tasks.deliver_due()

        (token,) = tokens_mailed()
        assert actions.open_recovery_link(token=Secret(token))

    def test_its_address_is_the_configured_one(self, settings):
        settings.RECOVERY_BASE_URL = "https://desk.example.org/"
        send_link(account())

        tasks.deliver_due()

        bodies = [message.body for message in mail.outbox if LINK.search(message.body)]
        assert "https://desk.example.org/account/link/" in bodies[0]

    def test_the_mail_says_how_long_it_lives(self):
        send_link(account())

        tasks.deliver_due()

        (body,) = [message.body for message in mail.outbox if LINK.search(message.body)]
        assert "within 10 minutes" in body

    def test_one_that_could_not_be_handed_over_in_half_an_hour_is_cancelled(self, broken_server):
        link = send_link(account())
        RecoveryLink.objects.update(requested_at=timezone.now() - timedelta(minutes=31))

        assert tasks.cancel_stuck_links() == 1

        assert fresh(link).state == LinkState.CANCELLED
        assert link_mail().state == NoticeState.DEAD
        event = last_event()
        assert (event.operation, event.outcome) == (Operation.CANCEL_RECOVERY_LINK, Outcome.FAILED)
        broken_server(None)
        now_due()
        tasks.deliver_due()
        assert tokens_mailed() == []

    def test_before_that_it_waits(self):
        link = send_link(account())
        RecoveryLink.objects.update(requested_at=timezone.now() - timedelta(minutes=29))

        assert tasks.cancel_stuck_links() == 0
        assert fresh(link).state == LinkState.QUEUED

    def test_one_that_was_withdrawn_while_its_mail_left_opens_nothing(self, monkeypatch):
        owner = account()
        link = send_link(owner)
        send = mail.EmailMultiAlternatives.send

        def withdraw_meanwhile(message, *args):
            links.end(fresh(link), state=LinkState.WITHDRAWN)
            return send(message, *args)

        monkeypatch.setattr(mail.EmailMultiAlternatives, "send", withdraw_meanwhile)
        delivery.deliver(link_mail().pk)

        (token,) = tokens_mailed()
        with pytest.raises(errors.LinkNotUsable):
            actions.open_recovery_link(token=Secret(token))
        assert fresh(link).state == LinkState.WITHDRAWN

    def test_one_that_was_withdrawn_before_never_leaves(self):
        link = send_link(account())
        RecoveryLink.objects.update(state=LinkState.WITHDRAWN, ended_at=timezone.now())

        assert not delivery.deliver(link_mail().pk)
        assert link_mail().state == NoticeState.CANCELLED
        assert fresh(link).state == LinkState.WITHDRAWN

    @pytest.mark.requirement("N11")
    def test_one_that_ran_out_is_noted_as_expired(self):
        link, _ = open_link(account())
        RecoveryLink.objects.update(expires_at=timezone.now())

        assert tasks.expire_links() == 1
        assert fresh(link).state == LinkState.EXPIRED
        event = last_event()
        assert (event.operation, event.detail["link"]) == (Operation.EXPIRE_RECOVERY_LINK, link.pk)
        assert event.subject_id == str(link.account.user_id)

    def test_one_that_a_second_mail_has_renewed_lives_on(self, monkeypatch):
        link, _ = open_link(account())
        RecoveryLink.objects.update(expires_at=timezone.now())
        stale = tasks._has_run_out

        def renewed_meanwhile(found):
            RecoveryLink.objects.update(expires_at=timezone.now() + timedelta(minutes=10))
            return stale(found)

        monkeypatch.setattr(tasks, "_has_run_out", renewed_meanwhile)

        assert tasks.expire_links() == 0
        assert fresh(link).state == LinkState.LIVE


def test_a_phone_code_that_ran_out_is_ended_and_recorded():
    code_set, _clear = phone_code(account())
    BackupCodeSet.objects.update(expires_at=timezone.now())

    assert tasks.expire_phone_codes() == 1

    assert fresh(code_set).ended_because == EndReason.EXPIRED
    event = last_event()
    assert (event.operation, event.detail["set"]) == (Operation.EXPIRE_PHONE_CODE, code_set.pk)
    assert tasks.expire_phone_codes() == 0


def test_every_task_does_nothing_where_there_is_nothing_to_do():
    assert [task() for task in tasks.TASKS] == [0] * len(tasks.TASKS)
    assert not AuditEvent.objects.exists()


def _queue_a_link_and_refuse(owner, lead):
    operation = Operation.SEND_RECOVERY_LINK
    with audited(operation, actor=lead, subject=owner, grounds=grounds()):
        links.queue(owner, owner.addresses.get(), operation=operation)
        raise errors.AlreadyFlagged


def _let_the_lease_run_out():
    Notice.objects.update(leased_until=timezone.now(), next_attempt_at=timezone.now())


def _die(*args, **kwargs):
    raise Killed


def _killed(call, *args):
    with pytest.raises(Killed):
        call(*args)
