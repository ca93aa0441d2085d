"""Attacks, each played through the pages: what the thief gets, and what they do not."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from recovery import actions, errors
from recovery.enums import LinkState, Operation, Role
from recovery.models import Account, AuditEvent, ContactAddress, Notice, TotpAuthenticator
from tests.factories import fresh, grounds, last_event, open_link, staff
from tests.holder.visitor import (
    Visitor,
    bound_apps,
    confirmation_in,
    holder,
    link_in,
    make_stale,
    newcomer,
    one_time_code,
    run_worker,
    set_password,
)

pytestmark = pytest.mark.django_db

THIEF = "chosen by a thief"


def paths(mails, part):
    """The paths of links in mails, of one kind."""
    return [path for mail in mails if part in (path := link_in(mail) or "")]


@pytest.mark.requirement("A10")
@pytest.mark.requirement("N15")
class TestHijackedMailbox:
    """The thief reads the mail, so they reset the password, and then ask for a link."""

    def test_the_reset_kills_the_link_that_was_on_its_way(self):
        who, thief = holder(), Visitor()
        link, token = open_link(who.account)
        set_password(who.account.user, THIEF)

        thief.open_link(reverse("recovery:link", args=[token.reveal()]), THIEF)

        assert fresh(link).state == LinkState.WITHDRAWN
        assert thief.go("enrol").status_code == 302
        withdrawn = last_event(operation=Operation.WITHDRAW_RECOVERY_LINK)
        assert withdrawn.detail["link"] == link.pk
        assert Notice.objects.filter(event_id=withdrawn.pk).exists()

    def test_no_link_comes_within_seven_days_of_it(self):
        who, thief = holder(), Visitor()
        set_password(who.account.user, THIEF)
        thief.give_password(who, THIEF)

        thief.send("no_code")

        assert paths(run_worker(), "/link/") == []
        assert last_event(operation=Operation.ASK_RECOVERY_LINK).refusal == "password_too_new"

    def test_nor_by_resetting_again_and_again_while_the_owner_signs_in(self):
        who, thief = holder(), Visitor()
        Visitor().sign_in(who)
        set_password(who.account.user, THIEF)
        Account.objects.filter(pk=who.account.pk).update(
            password_changed_at=timezone.now() - timedelta(days=6)
        )
        set_password(who.account.user, THIEF + " anew")
        thief.give_password(who, THIEF + " anew")

        thief.send("no_code")

        assert paths(run_worker(), "/link/") == []

    def test_the_new_password_passes_no_second_factor(self):
        who, thief = holder(), Visitor()
        set_password(who.account.user, THIEF)

        thief.give_password(who, THIEF)

        for route in ("enrol", "my_recovery", "new_codes"):
            assert thief.go(route).status_code == 302
        assert bound_apps(who) == [who.app]
        assert fresh(who.account).backup_codes_left == 10

    def test_and_the_owner_still_comes_in_by_theirs(self):
        who = holder()
        set_password(who.account.user, THIEF)
        who.password = THIEF  # they reset it back: what counts is the authenticator
        visitor = Visitor()

        visitor.sign_in(who)

        assert visitor.user_id == str(who.account.user_id)


@pytest.mark.requirement("A4")
class TestStolenSession:
    """The thief sits at an open session: adds an address, waits, asks for a link to it."""

    def steal(self, who):
        owner, thief = Visitor(), Visitor()
        owner.sign_in(who)
        thief.cookies["sessionid"] = owner.cookies["sessionid"].value
        return thief

    def test_it_cannot_add_an_address_without_the_authenticator(self):
        who = holder()
        thief = self.steal(who)
        make_stale(thief)

        answer = thief.send("address_add", {"address": "thief@example.org"})

        assert answer.context["refusal"].code == "step_up_required"
        assert not ContactAddress.objects.filter(address="thief@example.org").exists()

    def test_what_it_adds_within_the_five_minutes_is_told_and_gets_no_link_for_a_week(self):
        who = holder()
        thief = self.steal(who)
        thief.send("address_add", {"address": "thief@example.org"})
        code = confirmation_in(mails := run_worker(), "thief@example.org")
        added = ContactAddress.objects.get(address="thief@example.org")
        thief.send("address_confirm", {"code": code}, pk=added.pk)

        told = [mail.to[0] for mail in mails if "was added" in mail.body]
        assert told == ["known@example.org"]
        asking = Visitor()
        asking.give_password(who)
        asking.send("no_code")
        assert paths(run_worker(), "/link/") == []

    def test_the_owner_says_not_me_and_it_never_gets_one(self):
        who = holder()
        thief = self.steal(who)
        thief.send("address_add", {"address": "thief@example.org"})
        mails = run_worker()
        added = ContactAddress.objects.get(address="thief@example.org")
        thief.send("address_confirm", {"code": confirmation_in(mails, added.address)}, pk=added.pk)
        [path] = paths([mail for mail in mails if mail.to == ["known@example.org"]], "/not-me/")

        Visitor().post(path)

        assert thief.go("my_recovery").status_code == 302
        assert fresh(added).removed_at is not None
        later = timezone.now() - timedelta(days=30)
        ContactAddress.objects.filter(pk=added.pk).update(confirmed_at=later, added_at=later)
        with pytest.raises(errors.AccountFrozen):
            actions.send_recovery_link(
                actor=staff(Role.LEAD), subject=fresh(who.account), grounds=grounds()
            )

    def test_it_cannot_take_codes_or_bind_an_authenticator(self):
        who = holder()
        thief = self.steal(who)
        make_stale(thief)

        assert thief.send("new_codes").context["refusal"].code == "step_up_required"
        assert thief.send("new_authenticator").context["refusal"].code == "step_up_required"
        assert bound_apps(who) == [who.app]

    def test_it_removes_no_address_to_keep_the_owner_from_hearing(self):
        who = holder()
        thief = self.steal(who)
        known = who.account.addresses.get()

        thief.send("address_remove", pk=known.pk)

        told = Notice.objects.filter(operation=Operation.REMOVE_ADDRESS)
        assert [notice.address for notice in told] == ["known@example.org"]
        assert paths(run_worker(), "/not-me/")


class TestForwardedLink:
    @pytest.mark.requirement("N15")
    def test_whoever_it_was_forwarded_to_needs_the_password_of_its_account(self):
        who, thief = holder(), holder()
        set_password(thief.account.user, THIEF)
        _, token = open_link(who.account)
        visitor = Visitor()

        for typed in (THIEF, "guess one", "guess two"):
            visitor.open_link(reverse("recovery:link", args=[token.reveal()]), typed)

        assert visitor.go("enrol").status_code == 302
        assert bound_apps(who) == [who.app]
        assert bound_apps(thief) == [thief.app]

    def test_somebody_signed_in_as_themselves_does_not_open_it_either(self):
        who, thief, visitor = holder(), holder(), Visitor()
        visitor.sign_in(thief)
        link, token = open_link(who.account)

        visitor.open_link(reverse("recovery:link", args=[token.reveal()]), "guess")

        assert fresh(link).state == LinkState.LIVE
        assert visitor.user_id == str(thief.account.user_id)

    def test_after_its_owner_opened_it_it_is_a_replay(self):
        who = holder()
        _, token = open_link(who.account)
        path = reverse("recovery:link", args=[token.reveal()])
        Visitor().open_link(path)

        answer = Visitor().open_link(path)

        assert answer.status_code == 410
        assert last_event().refusal == "link_replayed"


@pytest.mark.requirement("N17")
class TestStolenCodeAfterALoss:
    def lose(self, who):
        actions.report_authenticator_lost(
            actor=staff(Role.LEAD), subject=fresh(who.account), grounds=grounds()
        )

    def test_the_code_is_dead_with_the_phone(self):
        who, thief = holder(), Visitor()
        self.lose(who)

        answer = thief.recover_by_code(who)

        assert answer.context["refusal"].code == "wrong_code"
        assert thief.go("enrol").status_code == 302

    def test_so_is_the_phone(self):
        who, thief = holder(), Visitor()
        self.lose(who)
        thief.give_password(who)

        thief.give_code(one_time_code(who.app))

        assert thief.user_id is None

    def test_and_a_recovery_that_the_code_had_opened_before(self):
        who, thief = holder(), Visitor()
        thief.recover_by_code(who)
        current = thief.take_key()
        thief.prove(current())
        codes = thief.take_codes()

        self.lose(who)
        thief.send("enrol_finish", {"code": codes[0]})

        assert thief.user_id is None
        assert bound_apps(who) == []


@pytest.mark.requirement("N15")
class TestFlaggedUser:
    """The thief knows the password and talks the desk into flagging the account."""

    @pytest.mark.parametrize("by_setting", [True, False])
    def test_the_password_alone_binds_nothing(self, by_setting, settings):
        settings.RECOVERY_FIRST_ENROLMENT_BY_PASSWORD = by_setting
        who, thief = holder(), Visitor()
        actions.require_reenrolment(actor=staff(Role.LEAD), subject=who.account, grounds=grounds())

        thief.give_password(who)
        for route in ("enrol_key", "enrol_prove", "enrol_codes", "enrol_finish"):
            assert thief.send(route).status_code == 302

        assert not TotpAuthenticator.objects.filter(confirmed=False).exists()
        assert bound_apps(who) == [who.app]

    def test_nor_does_a_session_of_the_hosts_own_login(self):
        who, thief = holder(), Visitor()
        thief.force_login(who.account.user)
        actions.require_reenrolment(actor=staff(Role.LEAD), subject=who.account, grounds=grounds())

        for route in ("enrol_key", "enrol_prove", "enrol_codes", "enrol_finish"):
            assert thief.send(route).status_code == 302

        assert bound_apps(who) == [who.app]

    def test_for_somebody_never_enrolled_an_invitation_is_needed(self):
        who, thief = newcomer(), Visitor()
        actions.require_reenrolment(actor=staff(Role.LEAD), subject=who.account, grounds=grounds())

        thief.give_password(who)

        assert thief.send("enrol_key").status_code == 302


class TestFirstToReEnrol:
    """The thief has password and a backup code, and is quicker than the owner's mail."""

    def test_not_me_throws_them_out_and_their_authenticator_with_them(self):
        who, thief = holder(), Visitor()
        thief.recover_by_code(who)
        mails = run_worker()
        thief.enrol()
        assert thief.user_id == str(who.account.user_id)
        [stolen] = bound_apps(who)
        [path] = paths(mails, "/not-me/")

        Visitor().post(path)

        assert thief.go("my_recovery").status_code == 302
        assert thief.user_id is None
        again = Visitor()
        again.give_password(who)
        again.give_code(one_time_code(stolen))
        assert again.user_id is None
        assert again.go("enrol").status_code == 302

    def test_so_does_the_notice_of_the_binding_itself(self):
        who, thief = holder(), Visitor()
        thief.recover_by_code(who)
        _, codes = thief.enrol()
        [stolen] = bound_apps(who)
        bound = [mail for mail in run_worker() if "A new authenticator was bound" in mail.body]

        Visitor().post(link_in(bound[0]))

        again = Visitor()
        again.sign_in(type(who)(account=who.account, app=stolen, codes=[]))
        assert again.user_id is None
        again.recover_by_code(who, codes[0])
        assert again.go("enrol").status_code == 302
        assert bound_apps(who) == []

    def test_they_cannot_use_the_owners_old_mail_to_lock_the_owner_out_again(self):
        who, thief = holder(), Visitor()
        thief.recover_by_code(who)
        [path] = paths(run_worker(), "/not-me/")
        Visitor().post(path)
        actions.close_incident(
            actor=staff(Role.LEAD), subject=fresh(who.account), grounds=grounds()
        )

        Visitor().post(path)

        assert fresh(who.account).frozen_at is None
        assert who.account.incidents.count() == 1

    def test_everything_they_did_is_on_the_ledger(self):
        who, thief = holder(), Visitor()
        thief.recover_by_code(who)
        thief.enrol()

        done = list(
            AuditEvent.objects.filter(
                subject_id=str(who.account.user_id), source_address="127.0.0.1"
            )
            .order_by("pk")
            .values_list("operation", flat=True)
        )

        assert done == ["redeem_backup_code", "bind_authenticator", "holder_sign_in"]
