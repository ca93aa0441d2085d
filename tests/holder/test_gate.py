"""Whoever has to re-enrol reaches nothing else: any page, any method, any login."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from recovery import actions
from recovery.actions.authenticators import end_sessions
from recovery.conf import conf
from recovery.enums import Operation
from recovery.errors import EnrolmentRequired
from recovery.gate import require_enrolled
from recovery.middleware.reenrolment import OWN_PAGES
from recovery.models import Account
from recovery.views.session import STAMP_KEY
from tests.factories import actor, flag, grounds, saved_codes
from tests.holder.test_sessions import routes
from tests.holder.visitor import (
    PASSWORD,
    Visitor,
    be_patient,
    holder,
    newcomer,
    one_time_code,
)

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.holder.host_urls")]

METHODS = ("get", "head", "post", "put", "patch", "delete", "options")


def signed_in(**state):
    who, visitor = holder(**state), Visitor()
    visitor.sign_in(who)
    return who, visitor


def host_login(who, token):
    visitor = Visitor()
    be_patient()
    answer = visitor.post("/host/login/", {"name": who.name, "password": PASSWORD, "token": token})
    assert answer.status_code == 200
    return visitor


def is_gated(answer):
    return answer.status_code == 302 and answer.headers["location"].startswith(
        reverse("recovery:enrol")
    )


class TestShut:
    def test_every_route_by_every_method_leads_to_the_enrolment(self):
        who, visitor = signed_in()
        flag(who.account)
        open_ones = {*OWN_PAGES, *conf.GATE_ALLOWED}
        shut = {path for name, path in routes() if name not in open_ones}

        passed = [
            (method, path)
            for path in sorted(shut)
            for method in METHODS
            if not is_gated(getattr(visitor, method)(path))
        ]

        assert "/host/page/" in shut
        assert reverse("admin:index") in shut
        assert reverse("recovery:my_recovery") in shut
        assert passed == []

    @pytest.mark.parametrize("method", METHODS)
    def test_whoever_asks_for_json_gets_a_problem_and_no_page(self, method):
        who, visitor = signed_in()
        flag(who.account)

        answer = getattr(visitor, method)("/host/api/", headers={"accept": "application/json"})

        assert self.is_problem(answer)

    @pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
    def test_and_so_does_whoever_sends_it(self, method):
        who, visitor = signed_in()
        flag(who.account)

        answer = getattr(visitor, method)("/host/api/", {"a": 1}, content_type="application/json")

        assert self.is_problem(answer)
        assert answer.json()["code"] == "enrolment_required"
        assert answer.json()["status"] == 403
        assert answer.json()["enrolment"] == conf.BASE_URL + reverse("recovery:enrol")

    @pytest.mark.parametrize(
        "accept",
        [
            "application/json, text/plain, */*",
            "application/json, text/javascript, */*; q=0.01",
            "text/html;q=0.5, application/json",
            "image/png",
        ],
    )
    def test_and_whoever_would_rather_have_it_than_a_page(self, accept):
        who, visitor = signed_in()
        flag(who.account)

        assert self.is_problem(visitor.get("/host/api/", headers={"accept": accept}))

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"accept": "*/*"},
            {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"},
        ],
    )
    def test_a_browser_and_who_says_nothing_are_led_to_the_page(self, headers):
        who, visitor = signed_in()
        flag(who.account)

        assert is_gated(visitor.get("/host/api/", headers=headers))

    def is_problem(self, answer):
        kind = answer.headers["content-type"]
        return (answer.status_code, kind) == (403, "application/problem+json")

    def test_somebody_who_is_signed_in_elsewhere_is_caught_at_their_next_click(self):
        who, visitor = signed_in()
        assert visitor.get("/host/page/").status_code == 200

        actions.require_reenrolment(
            actor=actor(Operation.REQUIRE_REENROLMENT), subject=who.account, grounds=grounds()
        )

        assert is_gated(visitor.get("/host/page/"))

    def test_the_next_page_is_not_forgotten(self):
        who, visitor = signed_in()
        flag(who.account)

        location = visitor.get("/host/page/?a=1").headers["location"]
        answer = visitor.get(location)
        answer = visitor.post(answer.headers["location"], {"code": one_time_code(who.app)})
        finished, _ = visitor.enrol()

        assert finished.headers["location"] == "/host/page/?a=1"

    def test_the_session_alone_does_not_enrol_a_flagged_account(self):
        who, visitor = signed_in()
        flag(who.account)

        assert (
            visitor.send("enrol_key")
            .headers["location"]
            .startswith(reverse("recovery:second_factor"))
        )

    def test_a_due_date_is_a_banner_until_it_has_passed(self):
        who, visitor = signed_in()
        flag(who.account, due_at=timezone.now() + timedelta(days=1))
        assert visitor.get("/host/page/").content == f"hello {who.name}".encode()

        Account.objects.filter(pk=who.account.pk).update(
            reenrolment_due_at=timezone.now() - timedelta(seconds=1)
        )

        assert is_gated(visitor.get("/host/page/"))

    def test_a_deployment_may_open_routes_of_its_own(self, settings):
        who, visitor = signed_in()
        flag(who.account)
        settings.RECOVERY_GATE_ALLOWED = ("host:page",)

        assert visitor.get("/host/page/").status_code == 200
        assert is_gated(visitor.get("/host/api/"))

    def test_the_flag_of_one_gates_no_other(self):
        flag(holder().account)
        _, visitor = signed_in()

        assert visitor.get("/host/page/").status_code == 200


class TestByACode:
    """In whatever login: here in django-otp's own, of which we know nothing."""

    def test_an_authenticator_lets_through(self):
        who = holder()

        visitor = host_login(who, one_time_code(who.app))

        assert visitor.get("/host/page/").content == f"hello {who.name}".encode()

    def test_a_code_gates(self):
        who = holder()

        visitor = host_login(who, who.codes[0])

        assert is_gated(visitor.get("/host/page/"))

    def test_also_when_the_set_was_replaced_and_the_flag_is_gone(self):
        who = holder()
        visitor = host_login(who, who.codes[0])
        saved_codes(who.account)
        Account.objects.filter(pk=who.account.pk).update(
            enrolment="enrolled", reenrolment_required_at=None, reenrolment_origin=""
        )

        assert is_gated(visitor.get("/host/page/"))

    def test_also_when_its_row_is_gone(self):
        who = holder()
        visitor = host_login(who, who.codes[0])
        who.account.user.backupcodeset_set.all().delete()
        Account.objects.filter(pk=who.account.pk).update(
            enrolment="enrolled", reenrolment_required_at=None, reenrolment_origin=""
        )

        assert is_gated(visitor.get("/host/page/"))

    def test_the_code_they_gave_there_opens_the_enrolment_here(self):
        """It may have been their only one: nobody is asked for a second."""
        who = holder()
        visitor = host_login(who, who.codes[0])

        visitor.get("/host/page/", follow=True)
        answer, _ = visitor.enrol()

        assert answer.status_code == 302
        assert visitor.user_id == str(who.account.user_id)
        assert visitor.get("/host/page/").status_code == 200

    def test_but_not_a_quarter_of_an_hour_later(self):
        who = holder()
        visitor = host_login(who, who.codes[0])
        session = visitor.session
        long_ago = (timezone.now() - timedelta(minutes=16)).isoformat()
        session[STAMP_KEY] = session[STAMP_KEY] | {"verified_at": long_ago}
        session.save()

        assert visitor.go("enrol").headers["location"].startswith(reverse("recovery:second_factor"))

    def test_a_password_alone_in_the_hosts_login_enrols_nobody(self):
        who = holder()
        flag(who.account)
        visitor = Visitor()
        visitor.force_login(who.account.user)

        assert visitor.go("enrol").headers["location"].startswith(reverse("recovery:second_factor"))


class TestGeneration:
    def test_another_generation_ends_the_session(self):
        who, visitor = signed_in()
        end_sessions(who.account)

        assert visitor.get("/host/page/").content == b"hello nobody"
        assert visitor.user_id is None

    def test_a_session_without_one_ends(self):
        _, visitor = signed_in()
        session = visitor.session
        del session[STAMP_KEY]
        session.save()

        assert visitor.get("/host/page/").content == b"hello nobody"

    def test_a_login_of_the_hosts_own_carries_it(self):
        who = newcomer()
        Account.objects.filter(pk=who.account.pk).update(session_generation=5)
        visitor = Visitor()

        visitor.force_login(who.account.user)

        assert visitor.get("/host/page/").content == f"hello {who.name}".encode()


class TestCost:
    def count(self, visitor, settings, *, gate):
        middleware = [name for name in settings.MIDDLEWARE if gate or "Reenrolment" not in name]
        settings.MIDDLEWARE = middleware
        visitor.handler.load_middleware()
        with CaptureQueriesContext(connection) as queries:
            assert visitor.get("/host/page/").status_code == 200
        return len(queries)

    def test_it_asks_for_nothing_that_did_not_come_with_the_user(self, settings):
        _, visitor = signed_in()
        visitor.get("/host/page/")

        with_gate = self.count(visitor, settings, gate=True)

        assert with_gate == self.count(visitor, settings, gate=False)

    def test_it_asks_the_database_once_where_the_host_has_a_backend_of_its_own(self, settings):
        settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
        _, visitor = signed_in()
        visitor.get("/host/page/")

        with_gate = self.count(visitor, settings, gate=True)

        assert with_gate - self.count(visitor, settings, gate=False) == 1

    def test_and_not_at_all_for_nobody(self, settings):
        assert self.count(Visitor(), settings, gate=True) == 0


class TestApis:
    def test_the_hook_refuses_the_flagged(self):
        who = holder()
        require_enrolled(who.account.user)
        flag(who.account)

        with pytest.raises(EnrolmentRequired):
            require_enrolled(who.account.user)

    def test_it_lets_pass_until_the_date(self):
        who = holder()
        flag(who.account, due_at=timezone.now() + timedelta(days=1))

        require_enrolled(who.account.user)
