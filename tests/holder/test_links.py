"""Asking for a link, and what comes of one: the page tells nothing, the worker decides."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone

from recovery import actions, link_requests, links, passwords
from recovery.audit.tallies import SINGLY_A_MINUTE
from recovery.enums import LinkOrigin, LinkState, Operation, Outcome, RequestState, Role
from recovery.models import Account, AuditEvent, LinkRequest, Notice, RecoveryLink, Throttle
from tests.factories import account, address, fresh, grounds, last_event, open_link, staff
from tests.holder.visitor import (
    PASSWORD,
    Visitor,
    be_patient,
    bound_apps,
    holder,
    link_in,
    newcomer,
    one_time_code,
    run_worker,
    set_password,
)

pytestmark = pytest.mark.django_db


def asking(who, password=PASSWORD):
    visitor = Visitor()
    be_patient()
    visitor.give_password(who, password)
    return visitor


def ask(who, password=PASSWORD):
    """Ask through the page, let the worker decide, and return the wish as it stands."""
    asking(who, password).send("no_code")
    run_worker()
    return who.account.link_requests.latest("pk")


def path_of(token):
    return reverse("recovery:link", args=[token.reveal()])


def change_the_password(who):
    set_password(who.account.user, "what a thief has chosen")
    who.password = "what a thief has chosen"


def deactivate(who):
    get_user_model().objects.filter(pk=who.account.user_id).update(is_active=False)


def promote(who):
    who.account.user.groups.add(Group.objects.get(name=Role.AGENT))


def ask_before(who, *, times):
    for _ in range(times):
        LinkRequest.objects.create(account=who.account, source_address="192.0.2.9")


def ask_for_others(_who):
    for _ in range(link_requests.MOST_BY_SOURCE):
        LinkRequest.objects.create(account=account(), source_address="127.0.0.1")


def flood_the_mailbox(_who):
    for _ in range(link_requests.MOST_BY_ADDRESS):
        open_link(account())


REFUSALS = {
    "privileged": (promote, "subject_is_privileged"),
    "password just changed": (change_the_password, "password_too_new"),
    "address just added": (
        lambda who: address(who.account, "new@example.org", days=6.9),
        "address_too_new",
    ),
    "address just removed": (
        lambda who: (address(who.account, "old@example.org"), remove(who, "old@example.org")),
        "address_too_new",
    ),
    "asked too often": (lambda who: ask_before(who, times=3), "asked_too_often"),
    "asked too often from there": (ask_for_others, "asked_too_often"),
    "mailbox flooded": (flood_the_mailbox, "asked_too_often"),
    "frozen": (
        lambda who: Account.objects.filter(pk=who.account.pk).update(frozen_at=timezone.now()),
        "account_frozen",
    ),
    "no address": (lambda who: who.account.addresses.all().delete(), "no_suitable_address"),
    "unconfirmed address": (
        lambda who: who.account.addresses.update(confirmed_at=None, confirmed_from=""),
        "no_suitable_address",
    ),
}


def remove(who, text):
    who.account.addresses.filter(address=text).update(removed_at=timezone.now())


class TestAsking:
    def test_the_worker_sends_a_link_to_the_confirmed_address(self):
        who = holder()

        wish = ask(who)

        link = RecoveryLink.objects.get(account=who.account)
        assert (wish.state, wish.refusal) == (RequestState.GRANTED, "")
        assert (link.state, link.origin) == (LinkState.LIVE, LinkOrigin.HOLDER)
        assert link.address.address == "known@example.org"
        event = last_event(operation=Operation.ASK_RECOVERY_LINK)
        assert (event.outcome, event.source_address) == (Outcome.COMPLETED, "127.0.0.1")

    @pytest.mark.requirement("N6")
    def test_each_confirmed_address_hears_of_it_and_can_say_it_was_not_them(self):
        who = holder(addresses=("known@example.org", "other@example.org"))
        asking(who).send("no_code")

        told = [mail for mail in run_worker() if "/account/not-me/" in mail.body]

        assert sorted(mail.to[0] for mail in told) == ["known@example.org", "other@example.org"]
        assert last_event(operation=Operation.ASK_RECOVERY_LINK).detail["notices"] == 2

    def test_nobody_hears_of_one_that_was_refused(self):
        who = holder()
        promote(who)
        asking(who).send("no_code")

        assert run_worker() == []

    def test_only_a_few_wishes_of_one_account_wait_at_a_time(self):
        who = holder()
        visitor = asking(who)

        pages = [self.without_token(visitor.send("no_code")) for _ in range(8)]

        assert len(set(pages)) == 1
        assert who.account.link_requests.count() == link_requests.MOST_WAITING

    def test_refusals_of_one_source_are_counted_when_there_are_many(self):
        who = holder()
        promote(who)
        ask_before(who, times=15)

        run_worker()

        refused = AuditEvent.objects.filter(operation=Operation.ASK_RECOVERY_LINK)
        assert refused.count() == SINGLY_A_MINUTE

    def test_it_is_asked_for_after_the_password(self):
        who, visitor = holder(), Visitor()

        answer = visitor.send("no_code")

        assert answer.headers["location"] == reverse("recovery:sign_in")
        assert not who.account.link_requests.exists()

    @pytest.mark.requirement("A7")
    @pytest.mark.parametrize("standing", REFUSALS)
    def test_the_page_says_and_writes_the_same_whatever_will_come_of_it(self, standing):
        good, bad = holder(), holder(addresses=("other@example.org",))
        REFUSALS[standing][0](bad)
        before = set(LinkRequest.objects.values_list("pk", flat=True))

        pages = [asking(who, who.password).send("no_code") for who in (good, bad)]

        assert [page.status_code for page in pages] == [200, 200]
        assert len({self.without_token(page) for page in pages}) == 1
        rows = LinkRequest.objects.exclude(pk__in=before).values(
            "state", "refusal", "source_address"
        )
        assert len(rows) == 2
        assert rows[0] == rows[1]

    def without_token(self, page):
        token = str(page.context["csrf_token"])
        return page.content.decode().replace(token, "")

    @pytest.mark.parametrize("standing", REFUSALS)
    def test_the_worker_refuses(self, standing):
        who = holder()
        change, code = REFUSALS[standing]
        change(who)

        wish = ask(who, who.password)

        assert (wish.state, wish.refusal) == (RequestState.REFUSED, code)
        assert not who.account.links.exists()
        event = last_event(operation=Operation.ASK_RECOVERY_LINK)
        assert (event.outcome, event.refusal) == (Outcome.REFUSED, code)

    def test_and_whoever_was_deactivated_since(self):
        who = holder()
        asking(who).send("no_code")
        deactivate(who)

        run_worker()

        assert who.account.link_requests.get().refusal == "subject_inactive"

    def test_the_last_of_the_few_is_still_granted(self):
        who = holder()
        ask_before(who, times=2)

        run_worker()

        assert ask(who).state == RequestState.GRANTED

    @pytest.mark.requirement("A10")
    def test_a_password_that_is_a_week_old_is_settled(self):
        who = holder()
        change_the_password(who)
        week_ago = timezone.now() - timedelta(days=7, minutes=1)
        Account.objects.filter(pk=who.account.pk).update(password_changed_at=week_ago)

        assert ask(who, who.password).state == RequestState.GRANTED

    def test_and_so_is_one_that_was_used_with_the_authenticator_since(self):
        who = holder()
        change_the_password(who)
        Visitor().sign_in(who)

        assert ask(who, who.password).state == RequestState.GRANTED

    def test_a_hash_that_is_merely_upgraded_is_no_change(self):
        who = holder()
        user = who.account.user
        user.set_password(PASSWORD)
        user._password = None
        user.save(update_fields=["password"])

        assert ask(who).state == RequestState.GRANTED

    def test_nor_is_one_that_django_upgrades_at_a_sign_in(self, settings):
        who, visitor = holder(), Visitor()
        link, _ = open_link(who.account)
        settings.PASSWORD_HASHERS = [
            "django.contrib.auth.hashers.ScryptPasswordHasher",
            *settings.PASSWORD_HASHERS,
        ]

        visitor.give_password(who)

        assert fresh(who.account).user.password.startswith("scrypt$")
        assert fresh(link).state == LinkState.LIVE
        assert passwords.is_settled(fresh(who.account))

    @pytest.mark.parametrize("before", ["nothing", "set and saved", "upgraded"])
    def test_a_new_hash_that_is_merely_written_is_a_change(self, before, settings):
        """Nothing but Django's own upgrade leaves the password that it was on the object."""
        who = holder()
        link, _ = open_link(who.account)
        user = fresh(who.account).user
        if before == "set and saved":
            set_password(user, "something in between")
            link, _ = open_link(who.account)
        elif before == "upgraded":
            settings.PASSWORD_HASHERS = [
                "django.contrib.auth.hashers.ScryptPasswordHasher",
                *settings.PASSWORD_HASHERS,
            ]
            user.check_password(PASSWORD)

        user.password = make_password("the thief's own")
        user.save(update_fields=["password"])

        assert fresh(link).state == LinkState.WITHDRAWN
        assert not passwords.is_settled(fresh(who.account))

    def test_a_password_written_past_every_signal_is_not_trusted(self):
        who, other = holder(), newcomer()
        get_user_model().objects.filter(pk=who.account.user_id).update(
            password=other.account.user.password
        )

        assert ask(who).refusal == "password_too_new"

    def test_a_new_link_ends_the_old_one(self):
        who = holder()
        old, token = open_link(who.account)

        ask(who)

        assert fresh(old).state == LinkState.WITHDRAWN
        assert Visitor().get(path_of(token)).status_code == 410
        assert who.account.links.filter(state=LinkState.LIVE).count() == 1

    @pytest.mark.requirement("N25")
    def test_asking_again_resets_no_count(self):
        who = holder()
        Account.objects.filter(pk=who.account.pk).update(failures=42)
        Visitor().give_password(who, "wrong")
        counted = self.failures()

        for _ in range(2):
            link_requests.ask(who.account)
            run_worker()

        assert who.account.links.count() == 2
        assert fresh(who.account).failures == 42
        assert self.failures() == counted

    def failures(self):
        return sorted(Throttle.objects.values_list("key", "failures"))


@pytest.mark.requirement("W1")
class TestLooking:
    @pytest.mark.parametrize("method", ["get", "head"])
    def test_looking_uses_nothing_up(self, method):
        who = holder()
        link, token = open_link(who.account)
        visitor = Visitor()

        for _ in range(3):
            assert getattr(visitor, method)(path_of(token)).status_code == 200

        assert fresh(link).state == LinkState.LIVE
        assert visitor.open_link(path_of(token)).headers["location"] == reverse("recovery:enrol")

    @pytest.mark.parametrize("made_up", [False, True])
    def test_the_page_is_kept_nowhere_and_names_itself_to_nobody(self, made_up):
        _, token = open_link(holder().account)

        answer = Visitor().get(reverse("recovery:link", args=["x"]) if made_up else path_of(token))

        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "no-store" in answer.headers["cache-control"]

    def test_the_mail_is_written_with_the_configured_address_and_no_other(self, settings):
        settings.ALLOWED_HOSTS = ["*"]
        settings.RECOVERY_BASE_URL = "https://desk.example.org"
        who = holder()
        visitor = Visitor(headers={"host": "evil.example.com"})
        visitor.give_password(who)
        visitor.send("no_code")

        mails = run_worker()

        bodies = [
            str(part) for mail in mails for part in (mail.body, *mail.alternatives, mail.subject)
        ]
        assert any("https://desk.example.org/account/link/" in body for body in bodies)
        assert not [body for body in bodies if "evil" in body]

    @pytest.mark.requirement("N24")
    def test_it_signs_nobody_in_and_leads_only_to_enrolment(self):
        who = holder()
        _, token = open_link(who.account)
        visitor = Visitor()

        visitor.get(path_of(token))
        assert visitor.user_id is None
        visitor.open_link(path_of(token))

        assert visitor.user_id is None
        assert visitor.go("my_recovery").status_code == 302


class TestOpening:
    def test_the_password_opens_a_recovery_session(self):
        who = holder()
        link, token = open_link(who.account)
        visitor = Visitor()

        visitor.open_link(path_of(token))

        assert visitor.go("enrol").status_code == 200
        assert fresh(link).state == LinkState.USED
        event = last_event(operation=Operation.OPEN_RECOVERY_LINK)
        assert (event.outcome, event.source_address) == (Outcome.COMPLETED, "127.0.0.1")

    @pytest.mark.requirement("N15")
    @pytest.mark.parametrize("given", ["", "wrong", "what another one has"])
    def test_a_link_alone_opens_nothing(self, given):
        who = holder()
        set_password(holder().account.user, "what another one has")
        link, token = open_link(who.account)
        visitor = Visitor()

        visitor.open_link(path_of(token), given)

        assert visitor.go("enrol").status_code == 302
        assert bound_apps(who) == [who.app]
        assert fresh(link).state == LinkState.LIVE

    def test_the_form_can_name_no_other_account(self):
        who, thief = holder(), holder()
        set_password(thief.account.user, "the thief's own password")
        _, token = open_link(who.account)
        visitor = Visitor()

        visitor.post(path_of(token), {"password": "the thief's own password", "name": thief.name})

        assert visitor.go("enrol").status_code == 302

    def test_five_wrong_passwords_kill_it(self):
        who = holder()
        link, token = open_link(who.account)
        for _ in range(5):
            assert Visitor().open_link(path_of(token), "wrong").status_code == 409

        assert fresh(link).state == LinkState.WITHDRAWN
        assert Visitor().open_link(path_of(token)).status_code == 410

    def test_that_end_is_on_the_ledger_and_told(self):
        who = holder()
        link, token = open_link(who.account)
        for _ in range(5):
            Visitor().open_link(path_of(token), "wrong")

        event = AuditEvent.objects.get(operation=Operation.WITHDRAW_RECOVERY_LINK)
        assert event.detail["link"] == link.pk
        assert "Five wrong passwords" in event.reason
        assert Notice.objects.filter(event_id=event.pk).exists()

    def test_a_sixth_is_not_even_compared(self):
        who = holder()
        link, token = open_link(who.account)
        RecoveryLink.objects.filter(pk=link.pk).update(password_failures=5)

        assert Visitor().open_link(path_of(token)).status_code == 410
        assert fresh(link).state == LinkState.LIVE
        event = last_event()
        assert (event.operation, event.refusal) == ("open_recovery_link", "link_not_usable")
        assert event.subject_id == str(who.account.user_id)

    def test_a_right_one_and_one_that_came_too_early_are_given_back(self):
        who = holder()
        link, token = open_link(who.account)
        for _ in range(4):
            Visitor().give_password(who, "wrong")
        Visitor().post(path_of(token), {"password": PASSWORD})

        assert fresh(link).password_failures == 0
        Visitor().open_link(path_of(token))
        assert (fresh(link).state, fresh(link).password_failures) == (LinkState.USED, 0)

    def test_four_do_not(self):
        who = holder()
        _, token = open_link(who.account)
        for _ in range(4):
            Visitor().open_link(path_of(token), "wrong")

        assert Visitor().open_link(path_of(token)).status_code == 302

    def test_the_throttle_is_the_one_of_the_sign_in(self):
        who = holder()
        link, token = open_link(who.account)
        for _ in range(4):
            Visitor().give_password(who, "wrong")

        answer = Visitor().post(path_of(token), {"password": PASSWORD})

        assert answer.context["refusal"].code == "too_many_attempts"
        assert fresh(link).state == LinkState.LIVE
        assert last_event().refusal == "too_many_attempts"

    @pytest.mark.requirement("A29")
    def test_a_wrong_password_is_on_the_ledger(self):
        who = holder()
        _, token = open_link(who.account)

        Visitor().open_link(path_of(token), "wrong")

        event = last_event()
        assert (event.operation, event.refusal) == ("open_recovery_link", "wrong_password")
        assert event.subject_id == str(who.account.user_id)

    def test_two_tabs_open_it_once(self):
        who = holder()
        _, token = open_link(who.account)
        first, second = Visitor(), Visitor()
        first.get(path_of(token))
        second.get(path_of(token))

        first.open_link(path_of(token))
        answer = second.open_link(path_of(token))

        assert answer.status_code == 410
        assert second.go("enrol").status_code == 302
        assert first.go("enrol").status_code == 200

    def test_a_deactivated_owner_gets_nowhere(self):
        who = holder()
        link, token = open_link(who.account)
        deactivate(who)

        Visitor().open_link(path_of(token))

        assert fresh(link).state == LinkState.LIVE

    def test_an_invitation_is_refused_at_the_door_to_whoever_enrolled_meanwhile(self):
        who = holder()
        link, token = open_link(who.account)
        RecoveryLink.objects.filter(pk=link.pk).update(purpose="invitation")
        visitor = Visitor()

        answer = visitor.open_link(path_of(token))

        assert answer.context["refusal"].code == "way_closed"
        assert visitor.go("enrol").status_code == 302


def expire(who, link):
    link.expires_at = timezone.now() - timedelta(seconds=1)
    link.save()


def use(who, link):
    links.use(link)


def withdraw(who, link):
    links.end(link, state=LinkState.WITHDRAWN)


def freeze(who, link):
    Account.objects.filter(pk=who.account.pk).update(frozen_at=timezone.now())


def remove_its_address(who, link):
    visitor = Visitor()
    visitor.sign_in(who)
    visitor.send("address_remove", pk=link.address_id)


def reset_the_password(who, link):
    set_password(who.account.user, PASSWORD + " anew")


def nothing(who, link):
    pass


UNUSABLE = {
    "expired": expire,
    "used": use,
    "withdrawn": withdraw,
    "frozen": freeze,
    "address removed": remove_its_address,
    "password reset": reset_the_password,
    "made up": nothing,
}


class TestUnusable:
    def broken(self, why):
        who = holder()
        address(who.account)
        link, token = open_link(who.account)
        UNUSABLE[why](who, link)
        return who, reverse("recovery:link", args=["made-up"]) if why == "made up" else path_of(
            token
        )

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_every_kind_gets_the_same_calm_page(self, method):
        pages = []
        for why in UNUSABLE:
            _, path = self.broken(why)
            be_patient()
            pages.append(getattr(Visitor(), method)(path, {"password": PASSWORD}))

        assert {page.status_code for page in pages} == {410}
        assert len({page.content for page in pages}) == 1
        assert pages[0].context["usable"] is False

    @pytest.mark.requirement("A31")
    @pytest.mark.parametrize("method", ["get", "head", "post"])
    @pytest.mark.parametrize("why", UNUSABLE)
    def test_and_each_is_recorded(self, why, method):
        who, path = self.broken(why)

        getattr(Visitor(), method)(path, {"password": PASSWORD})

        event = last_event()
        assert (event.operation, event.outcome) == ("open_recovery_link", Outcome.REFUSED)
        expected = "link_replayed" if why == "used" else "link_not_usable"
        assert event.refusal == expected
        assert event.subject_id == ("" if why == "made up" else str(who.account.user_id))

    @pytest.mark.parametrize("why", UNUSABLE)
    def test_none_opens_a_recovery_session(self, why):
        _, path = self.broken(why)
        visitor = Visitor()

        visitor.open_link(path)
        visitor.open_link(path, PASSWORD + " anew")

        assert visitor.go("enrol").status_code == 302


def test_a_link_that_the_desk_sends_reaches_the_person_and_brings_them_in():
    """Lost phone, link, new authenticator, ten codes, in."""
    who = holder()
    lead = staff(Role.LEAD)
    actions.send_recovery_link(actor=lead, subject=who.account, grounds=grounds())
    [path] = [link for mail in run_worker() if "/link/" in (link := link_in(mail) or "")]
    visitor = Visitor()
    visitor.open_link(path)
    answer, codes = visitor.enrol()

    assert answer.headers["location"] == reverse("recovery:my_recovery")
    assert visitor.user_id == str(who.account.user_id)
    assert len(codes) == 10
    assert who.app not in bound_apps(who)
    assert not Notice.objects.filter(state="dead").exists()
    assert one_time_code(bound_apps(who)[0])
