"""Binding an authenticator and taking codes: what is shown once, and what ends only then."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone
from django_otp import devices_for_user
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from recovery import actions, codes, enrolment, tasks, totp
from recovery.actions.recovery_links import suitable_address
from recovery.actors import Actor
from recovery.claims import Claim, fingerprint
from recovery.enums import CodeKind, EndReason, Enrolment, LinkPurpose, Operation, Role, Way
from recovery.errors import NoSuitableAddress, WayClosed
from recovery.models import (
    Account,
    AuditEvent,
    BackupCodeSet,
    ContactAddress,
    Notice,
    TotpAuthenticator,
)
from tests.factories import (
    account,
    actor,
    address,
    flag,
    fresh,
    grounds,
    last_event,
    live_set,
    open_link,
    phone_code,
    staff,
)
from tests.holder.visitor import (
    PASSWORD,
    Visitor,
    bound_apps,
    confirmation_in,
    holder,
    link_in,
    make_stale,
    newcomer,
    one_time_code,
    recovering,
    recovering_by_link,
    run_worker,
    set_password,
)

pytestmark = pytest.mark.django_db


def works(who, code):
    """Whether a backup code still opens anything."""
    visitor = Visitor()
    visitor.recover_by_code(who, code)
    return visitor.go("enrol").status_code == 200


def report_lost(subject):
    actions.report_authenticator_lost(
        actor=actor(Operation.REPORT_AUTHENTICATOR_LOST), subject=subject, grounds=grounds()
    )


def reset_password(subject):
    set_password(subject.user, "another one altogether")


def remove_address(subject):
    kept = subject.addresses.filter(address="known@example.org")
    kept.update(removed_at=timezone.now())


def new_codes(subject):
    actions.regenerate_backup_codes(
        actor=actor(Operation.REGENERATE_BACKUP_CODES), subject=subject, grounds=grounds()
    )


def freeze(subject):
    Account.objects.filter(pk=subject.pk).update(frozen_at=timezone.now())


class TestShownOnce:
    def test_the_key_is_in_one_answer_and_nowhere_else(self):
        who = holder()
        visitor = recovering(who)
        shown = visitor.send("enrol_key")
        key = "".join(shown.context["key_groups"])

        later = [visitor.go(route) for route in ("enrol", "enrol_prove", "enrol_codes")]

        assert key in shown.content.decode().replace(" ", "") or shown.context["qr"]
        assert "no-store" in shown.headers["cache-control"]
        assert not [page for page in later if key in page.content.decode()]
        assert key not in str(dict(visitor.session))

    def test_it_is_not_shown_by_looking(self):
        assert recovering(holder()).go("enrol_key").status_code == 405

    def test_a_reload_of_that_form_shows_no_second_key(self):
        who = holder()
        visitor = recovering(who)
        turn = visitor.go("enrol").context["turn"]
        visitor.send("enrol_key", {"turn": turn})
        begun = TotpAuthenticator.objects.get(user_id=who.account.user_id, confirmed=False)

        answer = visitor.send("enrol_key", {"turn": turn})

        assert answer.status_code == 302
        assert fresh(begun).encrypted_key == begun.encrypted_key

    def test_the_codes_are_in_one_answer_and_nowhere_else(self):
        who = holder()
        visitor = recovering(who)
        current = visitor.take_key()
        visitor.prove(current())
        shown = visitor.send("enrol_codes")

        later = [visitor.go("enrol_codes"), visitor.go("enrol_finish")]

        assert len(shown.context["codes"]) == 10
        for code in shown.context["codes"]:
            assert code in shown.content.decode()
            assert not [page for page in later if code in page.content.decode()]
            assert code not in str(dict(visitor.session))

    def test_codes_come_only_after_the_authenticator_was_proven(self):
        visitor = recovering(holder())
        visitor.take_key()

        answer = visitor.send("enrol_codes")

        assert answer.headers["location"] == reverse("recovery:enrol")

    def test_a_wrong_first_code_proves_nothing(self):
        who = holder()
        visitor = recovering(who)
        visitor.take_key()

        answer = visitor.prove("000000")

        assert answer.context["refusal"].code == "wrong_code"
        assert visitor.send("enrol_codes").status_code == 302

    def test_the_old_authenticators_code_does_not_prove_the_new_one(self):
        who = holder()
        visitor = recovering(who)
        visitor.take_key()

        assert visitor.prove(one_time_code(who.app)).status_code == 409

    def test_a_key_that_is_being_enrolled_works_nowhere_yet(self):
        who = holder()
        visitor = recovering(who)
        current = visitor.take_key()
        visitor.prove(current())
        TotpAuthenticator.objects.update(last_step=-1)

        other = Visitor()
        other.give_password(who)
        other.give_code(current())

        assert other.user_id is None


class TestInForce:
    def test_nothing_ends_and_nothing_works_before_a_code_is_typed_back(self):
        who = holder()
        codes = list(who.codes)
        visitor = recovering(who)
        current = visitor.take_key()
        visitor.prove(current())
        new = visitor.take_codes()

        assert bound_apps(who) == [who.app]
        assert live_set(who.account).codes.exclude(digest="").count() == 9
        assert not works(who, new[0])
        assert works(who, codes[1])

    @pytest.mark.parametrize("typed", ["", "ZZZZ-ZZZZ-ZZZZ-ZZZZ", "old", "000000"])
    def test_only_one_of_the_new_codes_will_do(self, typed):
        who = holder()
        visitor = recovering(who)
        current = visitor.take_key()
        visitor.prove(current())
        visitor.take_codes()

        answer = visitor.send("enrol_finish", {"code": who.codes[3] if typed == "old" else typed})

        assert answer.status_code in {409, 422}
        assert bound_apps(who) == [who.app]
        assert visitor.user_id is None

    @pytest.mark.requirement("A31")
    @pytest.mark.parametrize("typed", ["ZZZZ-ZZZZ-ZZZZ-ZZZZ", "0000-0000-0000-0000", "000000"])
    def test_what_was_not_typed_back_right_is_recorded(self, typed):
        who = holder()
        visitor = recovering(who)
        current = visitor.take_key()
        visitor.prove(current())
        visitor.take_codes()

        visitor.send("enrol_finish", {"code": typed})

        event = last_event()
        assert (event.operation, event.refusal) == ("bind_authenticator", "not_typed_back")

    @pytest.mark.requirement("N9")
    def test_typing_one_back_puts_the_new_in_force_and_the_old_out(self):
        who = holder()
        old_codes = list(who.codes)
        visitor = recovering(who)

        answer, codes = visitor.enrol()

        assert answer.headers["location"] == reverse("recovery:my_recovery")
        [bound] = bound_apps(who)
        assert bound != who.app
        assert bound.name == "new phone"
        assert fresh(who.app).revoked_because == EndReason.REPLACED
        assert fresh(who.account).backup_codes_left == 10
        assert not works(who, old_codes[5])
        assert works(who, codes[0])  # typing it back has not used it up

    @pytest.mark.requirement("N17")
    def test_what_the_host_project_bound_goes_with_the_old(self):
        who = holder()
        user = who.account.user
        stock = [
            model.objects.create(user=user, name="old") for model in (TOTPDevice, StaticDevice)
        ]

        recovering(who).enrol()

        assert list(devices_for_user(user)) == [*bound_apps(who), live_set(who.account)]
        event = last_event(operation=Operation.BIND_AUTHENTICATOR)
        assert event.detail["revoked"] == 3
        assert set(event.detail["host_devices"]) == {one.persistent_id for one in stock}

    def test_it_lifts_the_flag_and_signs_in(self):
        who = holder()
        visitor = recovering(who)
        before = fresh(who.account)

        visitor.enrol()

        now = fresh(who.account)
        assert before.must_enrol_now
        assert (now.enrolment, now.reenrolment_origin) == (Enrolment.ENROLLED, "")
        assert now.last_recovered_at is not None
        assert visitor.user_id == str(who.account.user_id)
        assert visitor.go("my_recovery").status_code == 200

    @pytest.mark.requirement("W1")
    def test_every_other_session_ends(self):
        who = holder()
        elsewhere, console = Visitor(), Visitor()
        elsewhere.sign_in(who)
        console.force_login(who.account.user)
        rival = recovering(who)

        recovering(who).enrol()

        assert elsewhere.go("my_recovery").status_code == 302
        assert elsewhere.user_id is None
        console.go("my_recovery")
        assert console.user_id is None
        assert rival.go("enrol").status_code == 302

    def test_the_failure_count_starts_anew(self):
        who = holder()
        Account.objects.filter(pk=who.account.pk).update(failures=7)

        recovering(who).enrol()

        assert fresh(who.account).failures == 0

    def test_the_codes_are_as_many_as_the_account_says(self):
        who = holder()
        recovering(who).enrol()

        stored = live_set(who.account).codes.filter(used_at=None).exclude(digest="").count()
        assert stored == fresh(who.account).backup_codes_left == 10
        sets = BackupCodeSet.objects.filter(user_id=who.account.user_id)
        assert sets.filter(confirmed=True).count() == 1
        assert not sets.filter(confirmed=False, ended_at=None).exists()

    @pytest.mark.parametrize("way", ["code", "link"])
    @pytest.mark.parametrize(
        "change", [report_lost, reset_password, remove_address, new_codes, freeze]
    )
    def test_what_is_taken_back_before_the_lock_binds_nothing(self, way, change, monkeypatch):
        """The page was let through; the slow hash and the wait for the lock come after that."""
        who = holder(addresses=("known@example.org", "second@example.org"))
        visitor = recovering_by_link(who) if way == "link" else recovering(who)
        current = visitor.take_key()
        visitor.prove(current())
        codes = visitor.take_codes()
        pending = TotpAuthenticator.objects.filter(confirmed=False, revoked_at=None).get()
        hash_it = enrolment.typed_back_digest

        def meanwhile(*args):
            digest = hash_it(*args)
            change(fresh(who.account))
            return digest

        monkeypatch.setattr(enrolment, "typed_back_digest", meanwhile)
        answer = visitor.send("enrol_finish", {"code": codes[0]})

        survives = {("code", remove_address), ("link", new_codes)}
        assert (pending in bound_apps(who)) is ((way, change) in survives)
        assert (visitor.user_id is not None) is ((way, change) in survives)
        if change is not freeze and (way, change) not in survives:
            assert answer.headers["location"] == reverse("recovery:second_factor")
            assert last_event().refusal == "recovery_ended"

    def test_finishing_twice_binds_once(self):
        who = holder()
        visitor = recovering(who)
        _, codes = visitor.enrol()

        visitor.send("enrol_finish", {"code": codes[0]})

        assert len(bound_apps(who)) == 1
        assert AuditEvent.objects.filter(operation=Operation.BIND_AUTHENTICATOR).count() == 1


class TestHalfWay:
    @pytest.mark.parametrize("way", ["code", "link"])
    def test_coming_back_in_the_same_browser_goes_on_with_the_same_key(self, way):
        """A closed tab costs nothing: the key that is in the app already is the one that counts."""
        who = holder()
        visitor = recovering_by_link(who) if way == "link" else recovering(who)
        current = visitor.take_key()

        back = visitor.go("enrol")

        assert "go on with the code" in back.content.decode()
        assert visitor.prove(current()).headers["location"] == reverse("recovery:enrol_codes")
        assert visitor.go("enrol").headers["location"] == reverse("recovery:enrol_codes")
        codes = visitor.take_codes()
        assert visitor.go("enrol_codes").context["were_shown"]
        visitor.send("enrol_finish", {"code": codes[0]})
        assert visitor.user_id == str(who.account.user_id)

    @pytest.mark.parametrize("way", ["code", "link"])
    def test_coming_back_by_the_sign_in_page_goes_on_too(self, way):
        """Else a second code would be asked for, and whoever had one has none left."""
        who = holder()
        visitor = recovering_by_link(who) if way == "link" else recovering(who)
        current = visitor.take_key()

        answer = visitor.give_password(who)

        assert answer.headers["location"] == reverse("recovery:enrol")
        assert visitor.prove(current()).headers["location"] == reverse("recovery:enrol_codes")
        assert fresh(who.account).backup_codes_left == (10 if way == "link" else 9)

    def test_another_person_at_the_same_browser_begins_anew(self):
        who, other = holder(), holder()
        visitor = recovering(who)

        answer = visitor.give_password(other)

        assert answer.headers["location"] == reverse("recovery:second_factor")

    @pytest.mark.parametrize(
        ("way", "spent"),
        [
            ("code", "9 of your old backup codes are left"),
            ("phone", "You need a new code from the desk"),
            ("link", "You need a new link"),
            ("authenticator", "sign in with your authenticator again"),
        ],
    )
    def test_leaving_says_what_it_costs_and_is_true(self, way, spent):
        who = holder()
        visitor = Visitor()
        if way == "link":
            visitor = recovering_by_link(who)
        elif way == "authenticator":
            flag(who.account)
            visitor.sign_in(who)
        else:
            visitor.recover_by_code(who, phone_code(who.account)[1] if way == "phone" else None)
        current = visitor.take_key()
        visitor.prove(current())

        assert spent in " ".join(visitor.go("enrol_codes").content.decode().split())
        visitor.send("cancel")

        assert bound_apps(who) == [who.app]
        assert fresh(who.account).backup_codes_left == (9 if way == "code" else 10)
        assert visitor.go("enrol").status_code == 302
        assert visitor.give_password(who).headers["location"] == reverse("recovery:second_factor")
        visitor.sign_in(who)
        assert visitor.go("enrol").status_code == (302 if way == "link" else 200)
        assert visitor.send("enrol_codes").status_code == 302

    def test_the_same_session_goes_on_where_it_was(self):
        visitor = recovering(holder())
        current = visitor.take_key()
        visitor.prove(current())

        assert visitor.go("enrol").headers["location"] == reverse("recovery:enrol_codes")

    def test_nobody_finishes_what_another_session_began(self):
        """Else a thief leaves their own authenticator to be put in force by its victim."""
        who = holder()
        thief = recovering(who)
        current = thief.take_key()
        thief.prove(current())

        visitor = Visitor()
        visitor.sign_in(who)
        assert visitor.go("enrol").status_code == 200
        assert visitor.send("enrol_codes").headers["location"] == reverse("recovery:enrol")
        visitor.enrol()

        [bound] = bound_apps(who)
        assert bound.name == "new phone"
        TotpAuthenticator.objects.update(last_step=-1)
        assert not totp.verify(bound, typed=current())

    def test_what_nobody_finished_within_a_day_is_deleted(self):
        who = holder()
        visitor = recovering(who)
        current = visitor.take_key()
        visitor.prove(current())
        visitor.take_codes()
        days_ago = timezone.now() - timedelta(days=2)
        TotpAuthenticator.objects.filter(confirmed=False).update(bound_at=days_ago)
        BackupCodeSet.objects.filter(confirmed=False).update(issued_at=days_ago)

        tasks.forget_unfinished_enrolments()

        assert bound_apps(who) == [who.app]
        assert not TotpAuthenticator.objects.filter(confirmed=False).exists()
        assert live_set(who.account)


@pytest.mark.requirement("N15")
@pytest.mark.requirement("N17")
class TestWhatOpensIt:
    @pytest.mark.parametrize("by_setting", [True, False])
    @pytest.mark.parametrize("flagged", [True, False])
    def test_never_the_password_alone_once_enrolled(self, flagged, by_setting, settings):
        settings.RECOVERY_FIRST_ENROLMENT_BY_PASSWORD = by_setting
        who, visitor = holder(), Visitor()
        actions.report_authenticator_lost(
            actor=actor(Operation.REPORT_AUTHENTICATOR_LOST), subject=who.account, grounds=grounds()
        )
        if not flagged:
            Account.objects.update(
                enrolment="enrolled", reenrolment_required_at=None, reenrolment_origin=""
            )

        visitor.give_password(who)

        assert visitor.go("enrol").status_code == 302
        assert visitor.send("enrol_key").status_code == 302
        assert bound_apps(who) == []

    @pytest.mark.parametrize("origin", ["redeemed", "reported_lost"])
    def test_nor_for_somebody_whose_codes_were_used_or_lost(self, origin, settings):
        """They had another factor once: codes that the desk gave, though never an app."""
        settings.RECOVERY_FIRST_ENROLMENT_BY_PASSWORD = True
        who, visitor = newcomer(), Visitor()
        flag(who.account, origin=origin)

        visitor.give_password(who)

        assert visitor.go("enrol").status_code == 302

    @pytest.mark.parametrize(
        ("way", "opens"),
        [
            (Way.AUTHENTICATOR, True),
            (Way.BACKUP_CODE, True),
            (Way.PHONE_CODE, True),
            (Way.LINK, True),
            (Way.INVITATION, False),
            (Way.PASSWORD, False),
        ],
    )
    def test_the_action_itself_asks_by_what_way(self, way, opens):
        who = holder()
        visitor = recovering(who)
        current = visitor.take_key()
        visitor.prove(current())
        codes = visitor.take_codes()
        begun = TotpAuthenticator.objects.get(confirmed=False, revoked_at=None)
        user = fresh(who.account).user
        claim = Claim(generation=0, password=fingerprint(user), at=timezone.now())

        def bind():
            return actions.bind_authenticator(
                actor=Actor.holder(who.account.user, verified_by=None),
                subject=fresh(who.account),
                way=way,
                begun=begun.pk,
                typed=codes[0],
                claim=claim,
            )

        if opens:
            assert bind().authenticator == begun
        else:
            with pytest.raises(WayClosed):
                bind()
            assert bound_apps(who) == [who.app]

    def test_an_authenticator_that_is_still_valid_opens_it(self):
        who, visitor = holder(), Visitor()
        flag(who.account)

        visitor.sign_in(who)
        assert visitor.user_id is None
        visitor.enrol()

        assert visitor.user_id == str(who.account.user_id)
        assert fresh(who.account).last_recovered_at is None

    def test_an_invitation_opens_a_first_one(self):
        who = newcomer()
        actions.send_recovery_link(actor=staff(Role.LEAD), subject=who.account, grounds=grounds())
        [path] = [found for mail in run_worker() if "/link/" in (found := link_in(mail) or "")]
        assert who.account.links.get().purpose == LinkPurpose.INVITATION

        visitor = Visitor()
        visitor.open_link(path)
        visitor.enrol()

        assert visitor.user_id == str(who.account.user_id)
        assert fresh(who.account).enrolled_at is not None
        assert last_event(operation=Operation.BIND_AUTHENTICATOR).detail["way"] == "invitation"

    def test_an_invited_member_of_staff_comes_in_by_it(self):
        who = newcomer()
        actions.invite_staff(
            actor=staff(Role.LEAD), subject=who.account, grounds=grounds(), role=Role.AGENT
        )
        [path] = [found for mail in run_worker() if "/link/" in (found := link_in(mail) or "")]

        visitor = Visitor()
        visitor.open_link(path)
        visitor.enrol()

        assert visitor.user_id == str(who.account.user_id)
        assert fresh(who.account).power_suspended_at is None


class TestMarks:
    def promoted(self, **state):
        who = holder(**state)
        who.account.user.groups.add(Group.objects.get(name=Role.AGENT))
        type(who.account.user).objects.filter(pk=who.account.user_id).update(is_staff=True)
        return who

    @pytest.mark.parametrize("way", [recovering, recovering_by_link])
    def test_a_recovered_member_of_staff_has_no_power_until_confirmed(self, way):
        lead = staff(Role.LEAD)
        address(lead.user.recovery_account, "lead@example.org")
        who = self.promoted()

        visitor = way(who)
        visitor.enrol()

        assert fresh(who.account).power_suspended_at is not None
        assert visitor.go("my_recovery").status_code == 200
        assert visitor.get(reverse("admin:index")).status_code != 200
        mail = next(mail for mail in run_worker() if mail.to == ["lead@example.org"])
        assert "until a lead confirms" in mail.body

    def test_replacing_a_valid_authenticator_takes_no_power(self):
        who = self.promoted()
        flag(who.account)
        visitor = Visitor()
        visitor.sign_in(who)

        visitor.enrol()

        assert fresh(who.account).power_suspended_at is None

    def test_nor_does_it_give_any_back(self):
        who = self.promoted(power_suspended_at=timezone.now())
        flag(who.account)
        visitor = Visitor()
        visitor.sign_in(who)

        visitor.enrol()

        assert fresh(who.account).power_suspended_at is not None

    @pytest.mark.requirement("N19")
    @pytest.mark.parametrize(("others", "marked"), [((), True), (("second@example.org",), False)])
    def test_an_account_told_only_where_the_link_went_is_marked(self, others, marked):
        who = holder(addresses=("known@example.org", *others))

        recovering_by_link(who).enrol()

        assert (fresh(who.account).told_only_at_link_address_at is not None) is marked

    @pytest.mark.requirement("N19")
    def test_recovering_by_a_code_leaves_no_such_mark(self):
        who = holder()

        recovering(who).enrol()

        assert fresh(who.account).told_only_at_link_address_at is None

    @pytest.mark.requirement("N2")
    @pytest.mark.requirement("N19")
    def test_every_confirmed_address_hears_of_it_by_mail_after_the_fact(self):
        who = holder(addresses=("known@example.org", "second@example.org"))
        address(who.account, "unconfirmed@example.org", confirmed=False)

        recovering(who).enrol()

        told = Notice.objects.filter(operation=Operation.BIND_AUTHENTICATOR)
        addresses = ["known@example.org", "second@example.org"]
        assert sorted(told.values_list("address", flat=True)) == addresses
        sent = [mail for mail in run_worker() if "A new authenticator was bound" in mail.body]
        assert sorted(mail.to[0] for mail in sent) == addresses

    @pytest.mark.requirement("N9")
    def test_the_redemption_is_told_with_how_many_are_left(self):
        who = holder()

        recovering(who)

        [mail] = run_worker()
        assert "9 are left" in mail.body


def stepped_up():
    who, visitor = holder(addresses=("known@example.org", "second@example.org")), Visitor()
    visitor.sign_in(who)
    return who, visitor


class TestMyRecovery:
    SENSITIVE = {
        "new_codes": {},
        "new_authenticator": {},
        "address_add": {"address": "third@example.org"},
    }

    @pytest.mark.parametrize("route", SENSITIVE)
    def test_a_proof_older_than_five_minutes_is_not_enough(self, route):
        _, visitor = stepped_up()
        make_stale(visitor)

        answer = visitor.send(route, self.SENSITIVE[route])

        assert answer.context["refusal"].code == "step_up_required"
        assert not ContactAddress.objects.filter(address="third@example.org").exists()

    @pytest.mark.parametrize("route", SENSITIVE)
    @pytest.mark.parametrize("kind", ["backup code", "wrong", "used before"])
    def test_a_backup_code_never_counts_as_one(self, route, kind):
        who, visitor = stepped_up()
        make_stale(visitor)
        used = totp.current_code(who.app).reveal()
        typed = {"backup code": who.codes[0], "wrong": "000000", "used before": used}[kind]

        answer = visitor.send(route, self.SENSITIVE[route] | {"one_time_code": typed})

        assert answer.context["refusal"].code == "wrong_code"
        assert fresh(who.account).backup_codes_left == 10
        assert not ContactAddress.objects.filter(address="third@example.org").exists()

    @pytest.mark.parametrize("route", SENSITIVE)
    def test_a_fresh_one_is_asked_for_in_place(self, route):
        who, visitor = stepped_up()
        make_stale(visitor)
        code = one_time_code(who.app)

        answer = visitor.send(route, self.SENSITIVE[route] | {"one_time_code": code})

        assert answer.status_code in {200, 302}
        if answer.status_code == 200:
            assert answer.context["refusal"] is None

    def test_removing_and_revoking_ask_for_one_too(self):
        who, visitor = stepped_up()
        make_stale(visitor)
        second = who.account.addresses.get(address="second@example.org")
        spare = totp.bind(who.account.user, totp.new_key(), name="tablet")

        answers = [
            visitor.send("address_remove", pk=second.pk),
            visitor.send("revoke", pk=spare.pk),
        ]

        assert [answer.context["refusal"].code for answer in answers] == ["step_up_required"] * 2
        assert fresh(second).removed_at is None
        assert fresh(spare).confirmed

    def test_new_codes_are_in_force_when_one_was_typed_back(self):
        who, visitor = stepped_up()
        codes = visitor.send("new_codes").context["codes"]
        assert works(who, who.codes[0])
        visitor = Visitor()
        flag_free(who)
        visitor.sign_in(who)
        codes = visitor.send("new_codes").context["codes"]

        visitor.send("take_codes", {"code": codes[4]})

        assert fresh(who.account).backup_codes_left == 10
        assert not works(who, who.codes[1])
        assert works(who, codes[4])

    def test_the_page_never_shows_codes(self):
        who, visitor = stepped_up()

        page = visitor.go("my_recovery")

        assert not [code for code in who.codes if code in page.content.decode()]
        assert page.context["account"].backup_codes_left == 10

    def test_the_last_authenticator_stays(self):
        who, visitor = stepped_up()

        answer = visitor.send("revoke", pk=who.app.pk)

        assert answer.context["refusal"].code == "last_authenticator"
        assert last_event().refusal == "last_authenticator"
        assert bound_apps(who) == [who.app]

    def test_another_can_go_and_is_told_of(self):
        who, visitor = stepped_up()
        spare = totp.bind(who.account.user, totp.new_key(), name="tablet")

        visitor.send("revoke", pk=spare.pk)

        assert bound_apps(who) == [who.app]
        assert Notice.objects.filter(operation=Operation.REVOKE_AUTHENTICATOR).count() == 2

    def test_nobody_touches_what_belongs_to_another(self):
        other, (who, visitor) = holder(), stepped_up()
        totp.bind(other.account.user, totp.new_key(), name="tablet")
        theirs = other.account.addresses.get()

        visitor.send("revoke", pk=other.app.pk)
        visitor.send("address_remove", pk=theirs.pk)

        assert fresh(other.app).confirmed
        assert fresh(theirs).removed_at is None
        assert bound_apps(who) == [who.app]

    def test_a_new_authenticator_by_choice_replaces_the_old(self):
        who, visitor = stepped_up()

        visitor.send("new_authenticator")
        assert visitor.user_id is None
        visitor.enrol()

        [bound] = bound_apps(who)
        assert bound != who.app
        assert visitor.user_id == str(who.account.user_id)

    def test_while_frozen_it_is_refused_and_nobody_is_signed_out(self):
        who, visitor = stepped_up()
        Account.objects.update(frozen_at=timezone.now())

        answer = visitor.send("new_authenticator")

        assert answer.context["refusal"].code == "account_frozen"
        assert visitor.user_id == str(who.account.user_id)

    def test_freezing_needs_no_fresh_proof_and_stops_links(self):
        who, visitor = stepped_up()
        link, _ = open_link(who.account)
        make_stale(visitor)

        visitor.send("freeze")

        assert fresh(who.account).frozen_at is not None
        assert fresh(link).state == "withdrawn"
        assert who.account.incidents.get().closed_at is None


def flag_free(who):
    Account.objects.filter(pk=who.account.pk).update(
        enrolment="enrolled", reenrolment_required_at=None, reenrolment_origin=""
    )


class TestAddresses:
    def add(self, visitor, text="third@example.org"):
        visitor.send("address_add", {"address": text})
        return ContactAddress.objects.get(address=text)

    def test_a_code_goes_to_the_address_and_a_notice_to_the_confirmed(self):
        who, visitor = stepped_up()

        added = self.add(visitor)
        mails = run_worker()

        assert confirmation_in(mails, "third@example.org")
        told = [mail.to[0] for mail in mails if "was added" in mail.body]
        assert sorted(told) == ["known@example.org", "second@example.org"]
        assert added.confirmed_at is None
        assert added.account == who.account

    @pytest.mark.requirement("A4")
    def test_the_code_confirms_it_and_everybody_is_told(self):
        _, visitor = stepped_up()
        added = self.add(visitor)
        code = confirmation_in(run_worker(), "third@example.org")

        visitor.send("address_confirm", {"code": code}, pk=added.pk)

        assert fresh(added).confirmed_at is not None
        told = [mail.to[0] for mail in run_worker()]
        assert sorted(told) == ["known@example.org", "second@example.org", "third@example.org"]

    @pytest.mark.requirement("A21")
    def test_a_code_sent_for_one_address_fails_for_another(self):
        _, visitor = stepped_up()
        third, fourth = self.add(visitor), self.add(visitor, "fourth@example.org")
        code = confirmation_in(run_worker(), "third@example.org")

        answer = visitor.send("address_confirm", {"code": code}, pk=fourth.pk)

        assert answer.context["refusal"].code == "wrong_code"
        assert fresh(fourth).confirmed_at is None
        assert fresh(third).confirmed_at is None

    @pytest.mark.requirement("A21")
    def test_and_for_another_person(self):
        _, visitor = stepped_up()
        added = self.add(visitor)
        code = confirmation_in(run_worker(), "third@example.org")
        _, stranger = stepped_up()

        answer = stranger.send("address_confirm", {"code": code}, pk=added.pk)

        assert answer.context["refusal"].code == "wrong_code"
        assert fresh(added).confirmed_at is None

    @pytest.mark.requirement("A21")
    def test_after_five_wrong_guesses_the_right_one_fails_too(self):
        _, visitor = stepped_up()
        added = self.add(visitor)
        code = confirmation_in(run_worker(), "third@example.org")

        for _ in range(5):
            wrong = codes.generate(CodeKind.PHONE).reveal()
            visitor.send("address_confirm", {"code": wrong}, pk=added.pk)
        answer = visitor.send("address_confirm", {"code": code}, pk=added.pk)

        assert answer.context["refusal"].code == "wrong_code"
        assert fresh(added).confirmed_at is None

    @pytest.mark.requirement("A31")
    def test_a_wrong_guess_is_recorded(self):
        _, visitor = stepped_up()
        added = self.add(visitor)
        run_worker()

        visitor.send("address_confirm", {"code": "ZZZZ-ZZZZ"}, pk=added.pk)

        event = last_event()
        assert (event.operation, event.refusal) == ("confirm_address", "wrong_code")

    def test_a_code_works_once_and_for_a_day(self):
        _, visitor = stepped_up()
        added = self.add(visitor)
        code = confirmation_in(run_worker(), "third@example.org")
        added.confirmation.expires_at = timezone.now() - timedelta(seconds=1)
        added.confirmation.save()

        answer = visitor.send("address_confirm", {"code": code}, pk=added.pk)

        assert answer.context["refusal"].code == "wrong_code"

    @pytest.mark.requirement("A4")
    def test_a_removed_address_is_told_too_and_its_link_dies(self):
        who, visitor = stepped_up()
        link, _ = open_link(who.account)

        visitor.send("address_remove", pk=link.address_id)

        told = [mail.to[0] for mail in run_worker() if "was removed" in mail.body]
        assert sorted(told) == ["known@example.org", "second@example.org"]
        assert fresh(link).state == "withdrawn"

    def test_a_new_one_gets_no_link_for_seven_days(self):
        owner = account(addresses=())
        young = address(owner, days=0)
        with pytest.raises(NoSuitableAddress):
            suitable_address(owner)

        week_ago = timezone.now() - timedelta(days=7, minutes=1)
        ContactAddress.objects.filter(pk=young.pk).update(confirmed_at=week_ago)
        assert suitable_address(owner) == young

    def test_the_same_address_is_not_added_twice_and_not_without_end(self):
        _, visitor = stepped_up()
        again = visitor.send("address_add", {"address": "KNOWN@example.org"})
        for number in range(3):
            self.add(visitor, f"more{number}@example.org")

        answer = visitor.send("address_add", {"address": "onemore@example.org"})

        assert again.context["refusal"].code == "address_taken"
        assert answer.context["refusal"].code == "too_many_addresses"


def test_the_password_stays_theirs():
    """Nothing in an enrolment sets or shows a password (A10)."""
    who = holder()

    recovering(who).enrol()

    assert fresh(who.account).user.check_password(PASSWORD)
