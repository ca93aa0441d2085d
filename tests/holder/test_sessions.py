"""Half signed in is not signed in, and neither is a recovery session."""

from datetime import timedelta

import django_otp
import pytest
from django.contrib.auth import get_user_model
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from recovery import actions, code_sets, links, redemption, totp
from recovery.actions.authenticators import end_sessions
from recovery.enums import CodeKind, EndReason, LinkState, Operation
from recovery.models import Account
from recovery.views import link as link_view
from recovery.views.session import HALF_KEY, RECOVERY_KEY, STAMP_KEY
from tests.factories import actor, fresh, grounds, live_set, phone_code
from tests.holder.visitor import (
    Visitor,
    bound_apps,
    half,
    holder,
    one_time_code,
    recovering,
    recovering_by_link,
    set_password,
)

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.holder.host_urls")]

REACHED = {"enrol", "enrol_key", "enrol_prove", "enrol_codes", "enrol_finish", "cancel"}
SAMPLES = {
    "pk": 1,
    "object_id": "1",
    "token": "made-up",
    "app_label": "recovery",
    "content_type_id": 1,
    "url": "x",
    "history_id": 1,
}


def routes(resolver=None, names=()):
    """Each named route of the whole site, ours and the host's, with a path that resolves to it."""
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            inner = (*names, entry.namespace) if entry.namespace else names
            yield from routes(entry, inner)
        elif isinstance(entry, URLPattern) and entry.name:
            yield ":".join((*names, entry.name)), _path_of(":".join((*names, entry.name)), entry)


def _path_of(name, entry):
    named = entry.pattern.converters or entry.pattern.regex.groupindex
    kwargs = {key: SAMPLES.get(key, "1") for key in named}
    return reverse(name, kwargs=kwargs, args=["1"] * (0 if named else entry.pattern.regex.groups))


def recovering_by_phone_code(who):
    visitor = Visitor()
    visitor.recover_by_code(who, phone_code(who.account)[1])
    return visitor


def regenerate(subject):
    actions.regenerate_backup_codes(
        actor=actor(Operation.REGENERATE_BACKUP_CODES), subject=subject, grounds=grounds()
    )


def phone_code_by_the_desk(subject):
    actions.issue_phone_code(
        actor=actor(Operation.ISSUE_PHONE_CODE), subject=subject, grounds=grounds()
    )


def report_lost(subject):
    actions.report_authenticator_lost(
        actor=actor(Operation.REPORT_AUTHENTICATOR_LOST), subject=subject, grounds=grounds()
    )


def freeze(subject):
    Account.objects.filter(pk=subject.pk).update(frozen_at=timezone.now())


STAGES = pytest.mark.parametrize("stage", [half, recovering, recovering_by_link])


def still_recovers(visitor):
    return visitor.go("enrol").status_code == 200


def still_finishes(visitor):
    return visitor.go("enrol_finish").status_code == 200


def edit(visitor, key, **changes):
    session = visitor.session
    session[key] = session[key] | changes
    session.save()


class TestNoPageTakesThemForAUser:
    @STAGES
    def test_request_user_is_anonymous_on_every_route_of_the_host(self, stage, monkeypatch):
        seen = []
        from recovery.middleware import ReenrolmentMiddleware  # noqa: PLC0415 - to look inside

        process = ReenrolmentMiddleware.process_view
        monkeypatch.setattr(
            ReenrolmentMiddleware,
            "process_view",
            lambda self, request, *rest: (
                seen.append((request.path, request.user.is_authenticated))
                or process(self, request, *rest)
            ),
        )
        visitor = stage(holder())
        seen.clear()
        paths = {path for name, path in routes() if not name.endswith(":cancel")}

        for path in sorted(paths):
            visitor.get(path)

        assert {path for path, _ in seen} >= paths
        assert [path for path, is_user in seen if is_user] == []

    @STAGES
    def test_the_host_greets_nobody(self, stage):
        visitor = stage(holder())

        assert visitor.get("/host/page/").content == b"hello nobody"
        assert visitor.get("/host/api/").json() == {"signed_in": False}
        assert visitor.get(reverse("admin:index")).status_code == 302

    @pytest.mark.parametrize("stage", [recovering, recovering_by_link])
    def test_a_recovery_session_reaches_the_enrolment_and_nothing_else(self, stage):
        """Every route of the site answers as to a stranger, but for these few."""
        visitor = stage(holder())
        ends_it = {"recovery:cancel", "recovery:sign_out", "recovery:sign_in"}

        reached = {
            name.removeprefix("recovery:")
            for name, path in routes()
            if name not in ends_it and self.answer(visitor, path) != self.answer(Visitor(), path)
        }

        assert reached == REACHED - {"cancel"}

    def answer(self, visitor, path):
        answers = [visitor.get(path), visitor.post(path)]
        return [(answer.status_code, answer.headers.get("location")) for answer in answers]

    @pytest.mark.parametrize("stage", [recovering, recovering_by_link])
    @pytest.mark.parametrize(
        "route", ["my_recovery", "new_codes", "take_codes", "new_authenticator", "address_add"]
    )
    def test_it_reaches_neither_addresses_nor_codes_nor_revocation(self, stage, route):
        visitor = stage(holder())

        for answer in (visitor.go(route), visitor.send(route)):
            assert answer.status_code == 302
            assert answer.headers["location"].startswith(reverse("recovery:sign_in"))

    def test_half_signed_in_reaches_no_enrolment(self):
        visitor = half(holder())

        for route in REACHED - {"cancel"}:
            assert visitor.send(route).headers["location"] == reverse("recovery:second_factor")


class TestRechecked:
    @pytest.mark.parametrize(("minutes", "holds"), [(4.5, True), (5.1, False)])
    def test_a_right_password_waits_five_minutes(self, minutes, holds):
        visitor = half(holder())
        at = timezone.now() - timedelta(minutes=minutes)
        edit(visitor, HALF_KEY, at=at.isoformat())

        assert (visitor.go("second_factor").status_code == 200) is holds

    @pytest.mark.parametrize(("minutes", "holds"), [(14.5, True), (15.1, False)])
    def test_a_recovery_session_lasts_fifteen(self, minutes, holds):
        visitor = recovering(holder())
        at = timezone.now() - timedelta(minutes=minutes)
        edit(visitor, RECOVERY_KEY, at=at.isoformat())

        assert still_recovers(visitor) is holds

    @STAGES
    @pytest.mark.parametrize("change", ["password", "generation", "deactivated"])
    def test_it_ends_with_what_made_it_true(self, stage, change):
        who = holder()
        visitor = stage(who)
        {
            "password": lambda: set_password(who.account.user, "another one altogether"),
            "generation": lambda: end_sessions(who.account),
            "deactivated": lambda: get_user_model().objects.update(is_active=False),
        }[change]()
        route = "second_factor" if stage is half else "enrol"

        assert visitor.go(route).status_code == 302

    @pytest.mark.parametrize("stage", [recovering, recovering_by_link])
    def test_a_freeze_stops_it_at_the_next_request(self, stage):
        who = holder()
        visitor = stage(who)
        current = visitor.take_key()
        Account.objects.filter(pk=who.account.pk).update(frozen_at=timezone.now())

        answer = visitor.prove(current())

        assert answer.status_code == 302
        assert bound_apps(who) == [who.app]

    def test_a_link_that_is_taken_back_takes_its_session_with_it(self):
        who = holder()
        visitor = recovering_by_link(who)
        who.account.links.update(state=LinkState.WITHDRAWN)

        assert not still_recovers(visitor)

    def test_removing_the_address_of_a_used_link_ends_its_session(self):
        who = holder(addresses=("known@example.org", "second@example.org"))
        visitor = recovering_by_link(who)

        their = Visitor()
        their.sign_in(who)
        their.send("address_remove", pk=who.account.addresses.get(address="known@example.org").pk)

        assert not still_recovers(visitor)

    def test_reporting_the_authenticator_lost_ends_a_session_that_a_code_opened(self):
        who = holder()
        visitor = recovering(who)

        actions.report_authenticator_lost(
            actor=actor(Operation.REPORT_AUTHENTICATOR_LOST), subject=who.account, grounds=grounds()
        )

        assert not still_recovers(visitor)

    @pytest.mark.parametrize("stage", [recovering, recovering_by_phone_code])
    @pytest.mark.parametrize("change", [regenerate, phone_code_by_the_desk, report_lost, freeze])
    def test_what_the_desk_does_about_a_stolen_code_ends_its_session(self, stage, change):
        """The agent is told that the old codes are dead: so is what one of them has opened."""
        who = holder()
        thief = stage(who)
        current = thief.take_key()
        assert still_recovers(thief)

        change(fresh(who.account))

        assert not still_recovers(thief)
        assert thief.prove(current()).status_code == 302
        assert bound_apps(who) in ([who.app], [])

    @pytest.mark.parametrize("stage", [recovering, recovering_by_phone_code])
    def test_the_death_of_a_saved_set_ends_what_one_of_its_codes_opened(self, stage):
        who = holder()
        thief = stage(who)

        code_sets.end_kind(who.account, kind=CodeKind.SAVED, because=EndReason.TOO_MANY_FAILURES)

        assert still_recovers(thief) is (stage is recovering_by_phone_code)

    def test_a_redemption_of_another_code_of_the_set_ends_nothing(self):
        who = holder()
        visitor = recovering(who)

        other = recovering(who)

        assert still_recovers(visitor)
        assert still_recovers(other)

    @pytest.mark.parametrize("stage", [recovering, recovering_by_phone_code])
    def test_codes_that_wait_to_be_typed_back_end_nothing(self, stage):
        visitor = stage(holder())
        current = visitor.take_key()
        visitor.prove(current())

        visitor.take_codes()

        assert still_finishes(visitor)

    def test_a_code_that_a_login_of_the_hosts_took_is_bound_to_its_set_too(self):
        who, thief = holder(), Visitor()
        thief.force_login(who.account.user)
        session = thief.session
        session[STAMP_KEY] = session[STAMP_KEY] | {
            "device": live_set(who.account).persistent_id,
            "verified_at": timezone.now().isoformat(),
        }
        session.save()
        assert still_recovers(thief)

        regenerate(who.account)

        assert not still_recovers(thief)

    @pytest.mark.parametrize("stage", [recovering, recovering_by_link])
    def test_each_request_asks_one_thing_about_what_opened_it(
        self, stage, django_assert_max_num_queries
    ):
        visitor = stage(holder())
        still_recovers(visitor)

        with django_assert_max_num_queries(6):
            assert still_recovers(visitor)

    def test_revoking_the_authenticator_ends_the_session_that_it_opened(self):
        who = holder()
        thief, their = Visitor(), Visitor()
        thief.sign_in(who)
        thief.send("new_authenticator")
        assert still_recovers(thief)

        type(who.app).objects.filter(pk=who.app.pk).update(
            confirmed=False, revoked_at=timezone.now(), revoked_because="revoked"
        )

        assert not still_recovers(thief)
        assert not still_recovers(their)


class TestWhatEndsTheSessionsWhileAFactorIsShown:
    """The session that comes of it is of the generation that has just ended."""

    @pytest.fixture
    def end_meanwhile(self, monkeypatch):
        def end_after(module, name):
            real = getattr(module, name)

            def shown(*args, **kwargs):
                result = real(*args, **kwargs)
                end_sessions(Account.objects.get(user_id=self.who.account.user_id))
                return result

            monkeypatch.setattr(module, name, shown)

        self.who = holder()
        return end_after

    def test_at_a_sign_in(self, end_meanwhile):
        visitor = Visitor()
        end_meanwhile(totp, "verify_any")

        visitor.sign_in(self.who)

        assert visitor.get("/host/page/").content == b"hello nobody"
        assert visitor.user_id is None

    @pytest.mark.parametrize("shown", ["app", "code"])
    def test_at_a_login_of_the_hosts(self, end_meanwhile, shown):
        visitor = Visitor()
        token = one_time_code(self.who.app) if shown == "app" else self.who.codes[0]
        end_meanwhile(django_otp, "match_token")

        answer = visitor.post(
            "/host/login/",
            {"name": self.who.name, "password": self.who.password, "token": token},
        )

        assert answer.content == b"in"
        assert visitor.get("/host/page/").content == b"hello nobody"
        assert visitor.user_id is None

    def test_at_a_recovery_by_code(self, end_meanwhile):
        end_meanwhile(redemption, "redeem")

        assert not still_recovers(recovering(self.who))

    def test_at_a_recovery_by_link(self, end_meanwhile):
        end_meanwhile(link_view, "checked_password")

        assert not still_recovers(recovering_by_link(self.who))

    def test_between_the_binding_and_the_session_that_comes_of_it(self, end_meanwhile):
        visitor = recovering(self.who)
        end_meanwhile(actions, "bind_authenticator")

        visitor.enrol()

        assert visitor.get("/host/page/").content == b"hello nobody"

    def test_at_the_console(self, end_meanwhile):
        get_user_model().objects.filter(pk=self.who.account.user_id).update(is_staff=True)
        code, visitor = one_time_code(self.who.app), Visitor()
        name = {"name": self.who.name, "password": self.who.password}
        visitor.post(reverse("admin:login"), name)
        end_meanwhile(totp, "verify_any")

        answer = visitor.post(reverse("admin:one_time_code"), {"one_time_code": code})

        assert answer.headers["location"] == reverse("admin:index")
        assert visitor.get("/host/page/").content == b"hello nobody"
        assert visitor.user_id is None


class TestSessionKeys:
    def test_each_stage_has_a_session_of_its_own(self):
        who, visitor = holder(), Visitor()
        visitor.go("sign_in")
        keys = [visitor.session.session_key]

        visitor.give_password(who)
        keys.append(visitor.session.session_key)
        visitor.give_code(who.codes[0])
        keys.append(visitor.session.session_key)
        visitor.enrol()
        keys.append(visitor.session.session_key)

        assert len(set(keys)) == len(keys)

    def test_the_old_key_opens_nothing(self):
        who, visitor, thief = holder(), Visitor(), Visitor()
        visitor.give_password(who)
        fixed = visitor.cookies["sessionid"].value
        visitor.give_code(one_time_code(who.app))

        thief.cookies["sessionid"] = fixed

        assert thief.user_id is None
        assert thief.go("second_factor").status_code == 302

    @STAGES
    def test_nothing_that_was_typed_is_kept_in_the_session(self, stage):
        who = holder()
        codes = list(who.codes)
        kept = str(dict(stage(who).session))

        assert who.password not in kept
        assert not [code for code in codes if code in kept]

    def test_signing_out_ends_the_session(self):
        who, visitor = holder(), Visitor()
        visitor.sign_in(who)

        visitor.send("sign_out")

        assert visitor.user_id is None
        assert visitor.go("my_recovery").status_code == 302

    @pytest.mark.parametrize("stage", [recovering, recovering_by_link])
    def test_cancelling_ends_a_recovery_session(self, stage):
        visitor = stage(holder())

        answer = visitor.send("cancel")

        assert answer.headers["location"] == reverse("recovery:sign_in")
        assert RECOVERY_KEY not in visitor.session

    def test_signing_out_is_not_done_by_looking(self):
        who, visitor = holder(), Visitor()
        visitor.sign_in(who)

        assert visitor.go("sign_out").status_code == 405
        assert visitor.user_id is not None


def test_a_used_link_is_bound_to_the_browser_that_used_it():
    who = holder()
    visitor = recovering_by_link(who)

    assert fresh(links.open_link_of(who.account) or who.account.links.get()).state == LinkState.USED
    assert still_recovers(visitor)
    assert not still_recovers(Visitor())
