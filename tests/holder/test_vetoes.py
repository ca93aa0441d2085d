"""Every notice names whom to call and a way to say that it was not them; what that stops."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core import signing
from django.urls import reverse
from django.utils import timezone

from recovery import actions, totp, vetoes
from recovery.actors import Actor
from recovery.announcements import NOT_VETOABLE, WHAT_HAPPENED
from recovery.audit import Draft, append
from recovery.enums import EndReason, IncidentKind, LinkState, Operation, Outcome, Role
from recovery.models import AuditEvent, BackupCodeSet, ContactAddress, Incident, Notice
from recovery.notices import queue
from recovery.views.session import STAMP_KEY
from tests.factories import (
    address,
    app,
    fresh,
    grounds,
    last_event,
    open_link,
    phone_code,
    saved_codes,
    staff,
)
from tests.holder.visitor import (
    Visitor,
    be_patient,
    bound_apps,
    holder,
    link_in,
    one_time_code,
    run_worker,
    token_of,
)

pytestmark = pytest.mark.django_db

DETAIL = {
    Operation.REDEEM_BACKUP_CODE: {"left": 9},
    Operation.BIND_AUTHENTICATOR: {"left": 10},
    Operation.TAKE_BACKUP_CODES: {"left": 10},
    Operation.NOTE_FAILED_ATTEMPTS: {"failures": 5},
    Operation.KILL_AUTHENTICATOR: {"failures": 100},
    **{
        operation: {"address": "k…n@ex….org"}
        for operation in (
            Operation.ADD_ADDRESS,
            Operation.IMPORT_ADDRESS,
            Operation.CONFIRM_ADDRESS,
            Operation.REMOVE_ADDRESS,
        )
    },
}


def notice_of(who, operation=Operation.ADD_ADDRESS):
    """Let something happen and be told; return the event and the path of its veto."""
    event = append(
        Draft(
            operation=operation,
            actor=Actor.worker(),
            subject=who.account,
            detail=DETAIL.get(operation, {}),
        ),
        Outcome.COMPLETED,
    )
    queue(event, who.account)
    mail = run_worker()[-1]
    return event, link_in(mail), mail


def veto(who, operation=Operation.ADD_ADDRESS):
    event, path, _ = notice_of(who, operation)
    return event, Visitor().post(path)


def close(who):
    lead = staff(Role.LEAD)
    return actions.close_incident(actor=lead, subject=fresh(who.account), grounds=grounds())


@pytest.mark.requirement("N20")
class TestNotices:
    @pytest.mark.parametrize("operation", WHAT_HAPPENED)
    def test_each_says_what_happened_whom_to_call_and_how_to_repudiate(self, operation, settings):
        settings.RECOVERY_DESK_CONTACT = "extension 4242"

        _, path, mail = notice_of(holder(), operation)

        html = mail.alternatives[0][0]
        assert "extension 4242" in mail.body
        assert "extension 4242" in html
        assert "…" not in mail.body.replace("k…n@ex….org", "")
        if operation not in NOT_VETOABLE:
            assert path.startswith("/account/not-me/")
            assert path in html

    def test_it_is_built_on_the_configured_address(self, settings):
        settings.RECOVERY_BASE_URL = "https://desk.example.org"

        _, path, mail = notice_of(holder())

        assert f"https://desk.example.org{path}" in mail.body

    def test_times_are_in_the_zone_of_the_account(self):
        who = holder()
        visitor = Visitor()
        visitor.cookies["timezone"] = "Asia/Tokyo"
        visitor.sign_in(who)

        event, _, mail = notice_of(who)

        there = event.at.astimezone(ZoneInfo("Asia/Tokyo"))
        assert f"{there:%H:%M}" in mail.body

    @pytest.mark.requirement("A4")
    def test_a_burst_of_failures_is_told(self):
        who, visitor = holder(), Visitor()
        for _ in range(5):
            visitor.give_password(who)
            be_patient()
            visitor.give_code("000000")

        assert Notice.objects.get(operation=Operation.NOTE_FAILED_ATTEMPTS).context["values"] == {
            "failures": 5
        }


class TestLooking:
    @pytest.mark.parametrize("method", ["get", "head"])
    def test_changes_nothing(self, method):
        who = holder()
        event, path, _ = notice_of(who)

        answer = getattr(Visitor(), method)(path)

        assert answer.status_code == 200
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "no-store" in answer.headers["cache-control"]
        assert fresh(who.account).frozen_at is None
        assert not Incident.objects.exists()
        assert last_event().pk >= event.pk
        assert not AuditEvent.objects.filter(operation=Operation.VETO).exists()

    def test_says_what_it_is_about(self):
        _, path, _ = notice_of(holder())

        assert "was added to your account" in str(Visitor().get(path).context["what"])

    def test_needs_no_sign_in(self):
        _, path, _ = notice_of(holder())

        Visitor().post(path)

        assert Incident.objects.count() == 1


class TestVeto:
    def test_freezes_and_raises_an_incident(self):
        who = holder()

        event, answer = veto(who)

        incident = who.account.incidents.get()
        assert fresh(who.account).frozen_at is not None
        assert (incident.kind, incident.event_id) == (IncidentKind.VETO, event.pk)
        assert incident.closed_at is None
        assert answer.context["froze"] == incident.froze
        recorded = last_event(operation=Operation.VETO)
        assert recorded.outcome == Outcome.COMPLETED
        assert recorded.detail["event"] == event.pk
        assert recorded.source_address == "127.0.0.1"

    def test_suspends_what_was_added_since_and_leaves_what_was_there(self):
        who = holder()
        old_set = BackupCodeSet.objects.get(user_id=who.account.user_id, confirmed=True)
        event, path, _ = notice_of(who)
        new_app = app(who.account)
        new_address = address(who.account, "thief@example.org", days=0)
        saved_codes(who.account)

        Visitor().post(path)

        assert fresh(new_app).revoked_because == EndReason.VETOED
        assert fresh(who.app).confirmed
        assert fresh(new_address).removed_at is not None
        assert who.account.addresses.get(address="known@example.org").removed_at is None
        assert not BackupCodeSet.objects.filter(confirmed=True).exclude(pk=old_set.pk).exists()
        assert fresh(who.account).backup_codes_left == 0
        froze = who.account.incidents.get().froze
        assert (froze["authenticators"], froze["addresses"], froze["codes"]) == (1, 1, 1)
        assert event.at <= fresh(new_app).bound_at

    def test_an_address_confirmed_since_goes_though_it_was_added_before(self):
        who = holder()
        waiting = address(who.account, "thief@example.org", confirmed=False)
        _, path, _ = notice_of(who)
        ContactAddress.objects.filter(pk=waiting.pk).update(
            confirmed_at=timezone.now(), confirmed_from="test"
        )

        Visitor().post(path)

        assert fresh(waiting).removed_at is not None

    @pytest.mark.parametrize(
        "operation",
        [Operation.BIND_AUTHENTICATOR, Operation.TAKE_BACKUP_CODES, Operation.ADD_ADDRESS],
    )
    def test_what_the_event_itself_added_goes_with_it(self, operation):
        who, thief = holder(), Visitor()
        if operation == Operation.BIND_AUTHENTICATOR:
            thief.recover_by_code(who)
            thief.enrol()
        else:
            thief.sign_in(who)
        if operation == Operation.TAKE_BACKUP_CODES:
            codes = thief.send("new_codes").context["codes"]
            thief.send("take_codes", {"code": codes[0]})
        if operation == Operation.ADD_ADDRESS:
            thief.send("address_add", {"address": "thief@example.org"})
        mails = run_worker()
        notice = Notice.objects.filter(operation=operation, event_id__isnull=False).get()
        path = next(link_in(m) for m in mails if m.extra_headers["Message-ID"] == notice.message_id)

        Visitor().post(path)

        kept = who.account.addresses.filter(removed_at=None)
        assert [known.address for known in kept] == ["known@example.org"]
        if operation == Operation.BIND_AUTHENTICATOR:
            assert bound_apps(who) == []
        if operation != Operation.ADD_ADDRESS:
            assert not BackupCodeSet.objects.filter(confirmed=True).exists()

    def test_kills_links_and_phone_codes(self):
        who = holder()
        link, _ = open_link(who.account)
        code_set, _ = phone_code(who.account)

        veto(who)

        assert fresh(link).state == LinkState.WITHDRAWN
        assert fresh(code_set).ended_because == EndReason.VETOED

    def test_ends_every_session(self):
        who, visitor, thief = holder(), Visitor(), Visitor()
        visitor.sign_in(who)
        _, token = open_link(who.account)
        thief.open_link(reverse("recovery:link", args=[token.reveal()]))

        veto(who)

        assert visitor.go("my_recovery").status_code == 302
        assert visitor.user_id is None
        assert thief.go("enrol").status_code == 302

    def test_stops_an_authenticator_that_is_only_being_enrolled(self):
        who, thief = holder(), Visitor()
        thief.recover_by_code(who)
        current = thief.take_key()
        thief.prove(current())

        veto(who, Operation.REDEEM_BACKUP_CODE)

        assert thief.send("enrol_codes").status_code == 302
        assert bound_apps(who) == [who.app]

    def test_tells_every_lead_and_the_account_holder(self):
        who, lead = holder(), staff(Role.LEAD)
        address(lead.user.recovery_account, "lead@example.org")
        staff(Role.AGENT)

        veto(who)
        mails = run_worker()

        assert sorted(mail.to[0] for mail in mails) == ["known@example.org", "lead@example.org"]
        [to_lead] = [mail for mail in mails if mail.to == ["lead@example.org"]]
        assert "not-me" not in to_lead.body

    def test_counts_once_per_event(self):
        who = holder()
        _, path, _ = notice_of(who)
        Visitor().post(path)

        answers = [Visitor().post(path), Visitor().get(path)]

        assert {answer.status_code for answer in answers} == {410}
        assert who.account.incidents.count() == 1

    def test_another_event_can_be_vetoed_while_the_first_is_open(self):
        who = holder()
        _, first, _ = notice_of(who)
        _, second, _ = notice_of(who)

        assert [Visitor().post(path).status_code for path in (second, first)] == [200, 200]
        assert who.account.incidents.count() == 2

    def test_an_old_mail_cannot_freeze_again_after_a_lead_has_closed(self):
        who = holder()
        _, old, _ = notice_of(who)
        _, path, _ = notice_of(who)
        Visitor().post(path)
        close(who)

        answers = [Visitor().post(old), Visitor().post(path), Visitor().get(old)]

        assert {answer.status_code for answer in answers} == {410}
        assert fresh(who.account).frozen_at is None

    def test_a_newer_one_can(self):
        who = holder()
        veto(who)
        close(who)

        veto(who)

        assert fresh(who.account).frozen_at is not None


@pytest.mark.requirement("A31")
class TestTokens:
    def tampered(self, path):
        token = token_of(path).reveal()
        return path.replace(token, token[:-2] + ("aa" if token[-2:] != "aa" else "bb"))

    @pytest.mark.parametrize("method", ["get", "post"])
    @pytest.mark.parametrize(
        "what", ["tampered", "expired", "other salt", "nonsense", "not theirs"]
    )
    def test_a_token_that_is_not_ours_now_does_nothing_and_is_recorded(
        self, what, method, settings
    ):
        who, other = holder(), holder()
        event, path, _ = notice_of(who)
        if what == "tampered":
            path = self.tampered(path)
        elif what == "expired":
            settings.RECOVERY_VETO_LIFETIME = timedelta(seconds=-1)
        else:
            token = {
                "other salt": signing.dumps([event.pk, who.account.pk], salt="something else"),
                "nonsense": "nonsense",
                "not theirs": signing.dumps([event.pk, other.account.pk], salt=vetoes.SALT),
            }[what]
            path = reverse("recovery:veto", args=[token])

        answer = getattr(Visitor(), method)(path)

        assert answer.status_code == 410
        assert fresh(who.account).frozen_at is None
        assert fresh(other.account).frozen_at is None
        recorded = last_event()
        assert (recorded.operation, recorded.refusal) == ("veto", "veto_not_usable")


class TestWhileFrozen:
    def test_what_was_bound_before_signs_in(self):
        who, visitor = holder(), Visitor()
        veto(who)

        visitor.sign_in(who)

        assert visitor.go("my_recovery").status_code == 200

    def test_nothing_else_does(self):
        who = holder()
        _, path, _ = notice_of(who)
        new_app = app(who.account)
        _, codes = saved_codes(who.account)
        Visitor().post(path)

        visitor = Visitor()
        visitor.recover_by_code(who, codes[0])
        assert visitor.go("enrol").status_code == 302
        visitor.give_code(one_time_code(new_app))
        assert visitor.user_id is None

    def test_the_old_codes_do_not_either(self):
        who, visitor = holder(), Visitor()
        veto(who)

        answer = visitor.recover_by_code(who)

        assert answer.context["refusal"].code == "account_frozen"
        assert visitor.go("enrol").status_code == 302

    def test_whoever_has_nothing_is_sent_to_the_desk(self):
        who, visitor = holder(), Visitor()
        type(who.app).objects.filter(pk=who.app.pk).update(
            confirmed=False, revoked_at=timezone.now(), revoked_because=EndReason.REVOKED
        )
        veto(who)

        visitor.give_password(who)
        page = visitor.go("second_factor")

        assert page.context["is_frozen"]
        assert page.context["has_authenticator"] is False
        assert page.context["desk_contact"] in page.content.decode()

    def test_the_flag_that_a_thief_raised_shuts_nobody_out(self):
        who, thief, visitor = holder(), Visitor(), Visitor()
        thief.recover_by_code(who)
        [mail] = run_worker()
        Visitor().post(link_in(mail))

        visitor.sign_in(who)

        assert visitor.go("my_recovery").status_code == 200
        assert fresh(who.account).is_flagged  # and asked for once a lead has looked

    def test_nothing_can_be_changed(self):
        who, visitor = holder(), Visitor()
        address(who.account)
        veto(who)
        visitor.sign_in(who)
        second = ContactAddress.objects.get(address="second@example.org")
        spare = totp.bind(who.account.user, totp.new_key(), name="spare")

        answers = [
            visitor.send("address_add", {"address": "thief@example.org"}),
            visitor.send("address_remove", pk=second.pk),
            visitor.send("revoke", pk=spare.pk),
            visitor.send("new_authenticator"),
        ]

        assert [answer.context["refusal"].code for answer in answers] == ["account_frozen"] * 4
        assert visitor.session[STAMP_KEY]

    def test_a_lead_closes_it_and_the_freeze_goes(self):
        who = holder()
        veto(who)

        close(who)

        incident = who.account.incidents.get()
        assert (incident.closed_at is not None, incident.note) == (True, "Lost the phone")
        assert fresh(who.account).frozen_at is None
