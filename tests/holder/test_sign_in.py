"""Two pages: a password, then one field for either kind of code."""

import re

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.sessions.models import Session
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from recovery import totp
from recovery.enums import CodeKind, Operation, Outcome
from recovery.models import Account, AuditEvent, BackupCode, Throttle
from tests.factories import flag, fresh, last_event, live_set, phone_code
from tests.holder.visitor import (
    PASSWORD,
    Visitor,
    be_patient,
    holder,
    newcomer,
    one_time_code,
    set_password,
)

pytestmark = pytest.mark.django_db


def sign_ins(**filters):
    return AuditEvent.objects.filter(operation=Operation.HOLDER_SIGN_IN, **filters)


class TestPassword:
    def test_the_right_one_leads_to_the_second_page_and_signs_nobody_in(self):
        visitor = Visitor()

        answer = visitor.give_password(holder())

        assert answer.headers["location"] == reverse("recovery:second_factor")
        assert visitor.user_id is None

    def test_a_wrong_one_is_refused_and_leads_nowhere(self):
        visitor = Visitor()

        answer = visitor.give_password(holder(), "something else")

        assert answer.status_code == 409
        assert visitor.go("second_factor").headers["location"] == reverse("recovery:sign_in")

    def test_a_deactivated_account_reads_as_a_wrong_password(self):
        who = holder()
        type(who.account.user).objects.filter(pk=who.account.user_id).update(is_active=False)

        answer = Visitor().give_password(who)

        assert answer.context["refusal"].code == "wrong_password"

    def test_the_second_page_without_the_first_leads_back(self):
        for answer in (Visitor().go("second_factor"), Visitor().give_code("123456")):
            assert answer.headers["location"] == reverse("recovery:sign_in")

    def test_many_wrong_ones_have_to_wait(self):
        who, visitor = holder(), Visitor()
        for _ in range(4):
            visitor.give_password(who, "wrong")

        answer = visitor.give_password(who)

        assert answer.context["refusal"].code == "too_many_attempts"
        assert last_event().refusal == "too_many_attempts"


@pytest.mark.requirement("A7")
class TestNobodyLearnsWhoExists:
    def attempt(self, name, typed="wrong"):
        visitor = Visitor()
        rows = self.rows()
        with CaptureQueriesContext(connection) as queries:
            answer = visitor.post(reverse("recovery:sign_in"), {"name": name, "password": typed})
        statements = [
            re.sub(r'"s\d+_x\d+"', "…", query["sql"].split(" WHERE ")[0])[:60] for query in queries
        ]
        return answer, statements, self.rows() - rows

    def rows(self):
        models = (AuditEvent, Throttle, Session)
        return sum(model.objects.count() for model in models)

    @pytest.mark.parametrize("standing", ["active", "deactivated", "without a password", "frozen"])
    def test_known_and_unknown_get_the_same_page_statements_and_rows(self, standing):
        who = holder(frozen_at=timezone.now() if standing == "frozen" else None)
        users = type(who.account.user).objects.filter(pk=who.account.user_id)
        if standing == "deactivated":
            users.update(is_active=False)
        if standing == "without a password":
            users.update(password="!nothing")
        given = PASSWORD if standing == "deactivated" else "wrong"
        self.attempt("first@example.org")  # the source and the minute have their rows from here on

        known, known_statements, known_rows = self.attempt(who.name, given)
        unknown, statements, rows = self.attempt("nobody@example.org", given)

        assert (known.status_code, unknown.status_code) == (409, 409)
        assert str(known.context["refusal"]) == str(unknown.context["refusal"])
        assert known_statements == statements
        assert known_rows == rows

    @pytest.mark.parametrize("is_known", [True, False])
    def test_one_password_hash_is_computed_for_either(self, is_known, monkeypatch):
        computed = []
        encode = MD5PasswordHasher.encode
        monkeypatch.setattr(
            MD5PasswordHasher,
            "encode",
            lambda self, *given: computed.append(1) or encode(self, *given),
        )
        name = holder().name if is_known else "nobody@example.org"
        computed.clear()

        self.attempt(name)

        assert len(computed) == 1


class TestSecondFactor:
    def test_a_one_time_code_signs_in(self):
        who, visitor = holder(), Visitor()

        answer = visitor.sign_in(who)

        assert answer.headers["location"] == reverse("recovery:my_recovery")
        assert visitor.user_id == str(who.account.user_id)
        assert visitor.go("my_recovery").status_code == 200

    def test_it_leads_on_to_where_they_were_going(self):
        who, visitor = holder(), Visitor()
        visitor.give_password(who, next="/account/recovery/codes/")

        answer = visitor.give_code(one_time_code(who.app))

        assert answer.headers["location"] == "/account/recovery/codes/"

    @pytest.mark.parametrize(
        "elsewhere", ["https://evil.example.org/", "//evil.example.org", "javascript:alert(1)"]
    )
    def test_it_never_leads_to_another_site(self, elsewhere):
        who, visitor = holder(), Visitor()
        visitor.give_password(who, next=elsewhere)

        answer = visitor.give_code(one_time_code(who.app))

        assert answer.headers["location"] == reverse("recovery:my_recovery")

    def test_a_one_time_code_counts_once(self):
        who = holder()
        code = one_time_code(who.app)
        first, second = Visitor(), Visitor()
        first.give_password(who)
        second.give_password(who)

        first.give_code(code)
        answer = second.give_code(code)

        assert first.user_id is not None
        assert answer.context["refusal"].code == "wrong_code"

    @pytest.mark.requirement("N9")
    @pytest.mark.requirement("N24")
    def test_a_backup_code_opens_re_enrolment_and_no_session(self):
        who, visitor = holder(), Visitor()

        answer = visitor.recover_by_code(who)

        assert answer.headers["location"] == reverse("recovery:enrol")
        assert visitor.user_id is None
        assert fresh(who.account).must_enrol_now
        assert fresh(who.account).backup_codes_left == 9

    @pytest.mark.parametrize("shape", ["{}", " {} ", "lower"])
    def test_a_backup_code_is_told_by_its_shape_however_it_is_typed(self, shape):
        who, visitor = holder(), Visitor()
        code = who.codes[0]
        typed = code.lower() if shape == "lower" else shape.format(code)

        assert visitor.recover_by_code(who, typed).headers["location"] == reverse("recovery:enrol")

    def test_a_phone_code_does_the_same(self):
        who, visitor = holder(), Visitor()
        _, code = phone_code(who.account)

        visitor.recover_by_code(who, code)

        assert visitor.go("enrol").status_code == 200
        assert visitor.user_id is None

    def test_a_backup_code_counts_once(self):
        who = holder()
        code = who.codes[0]
        Visitor().recover_by_code(who, code)
        second = Visitor()

        answer = second.recover_by_code(who, code)

        assert answer.context["refusal"].code == "wrong_code"
        assert second.go("enrol").status_code == 302

    def test_somebody_elses_codes_are_wrong_codes(self):
        who, other, visitor = holder(), holder(), Visitor()
        visitor.give_password(who)

        for code in (other.codes[0], one_time_code(other.app)):
            be_patient()
            assert visitor.give_code(code).context["refusal"].code == "wrong_code"
        assert visitor.user_id is None

    def test_a_wrong_one_time_code_never_costs_a_backup_code_and_the_other_way_round(self):
        who, visitor = holder(), Visitor()
        visitor.give_password(who)

        visitor.give_code("000000")

        assert BackupCode.objects.filter(set=live_set(who.account), used_at=None).count() == 10
        assert fresh(who.account).failures == 0

    def test_what_was_typed_is_not_echoed(self):
        who, visitor = holder(), Visitor()
        visitor.give_password(who)

        answer = visitor.give_code("ZZZZ-ZZZZ-ZZZZ-ZZZZ")

        assert b"ZZZZ-ZZZZ" not in answer.content

    def test_wrong_codes_are_throttled(self):
        who, visitor = holder(), Visitor()
        visitor.give_password(who)
        for _ in range(4):
            visitor.give_code("000000")

        answer = visitor.give_code(totp_code(who))

        assert answer.context["refusal"].code == "too_many_attempts"
        assert visitor.user_id is None

    def test_the_page_is_kept_nowhere(self):
        visitor = Visitor()
        visitor.give_password(holder())

        answer = visitor.go("second_factor")

        assert "no-store" in answer.headers["cache-control"]
        assert answer.headers["referrer-policy"] == "same-origin"


def totp_code(who):
    """The code of this moment, without waiting for a delay."""
    return totp.current_code(who.app).reveal()


@pytest.mark.requirement("A29")
class TestLedger:
    def test_a_sign_in_says_by_which_way(self):
        who = holder()

        Visitor().sign_in(who)

        event = sign_ins().get()
        assert (event.outcome, event.detail["way"]) == (Outcome.COMPLETED, "authenticator")
        assert event.subject_id == event.actor_id == str(who.account.user_id)
        assert event.verified_by == "totp"
        assert event.source_address == "127.0.0.1"

    def test_a_wrong_password_is_on_it(self):
        who = holder()

        Visitor().give_password(who, "wrong")

        event = sign_ins().get()
        assert (event.outcome, event.refusal) == (Outcome.REFUSED, "wrong_password")
        assert event.subject_id == str(who.account.user_id)

    def test_so_is_one_for_nobody_without_the_name_that_was_typed(self):
        Visitor().post(reverse("recovery:sign_in"), {"name": "my pass word", "password": "x"})

        event = sign_ins().get()
        assert event.refusal == "wrong_password"
        assert "my pass word" not in str(event.__dict__)

    @pytest.mark.parametrize(
        ("typed", "kind"), [("000000", "authenticator"), ("ZZZZ-ZZZZ-ZZZZ-ZZZZ", "backup_code")]
    )
    def test_a_wrong_code_is_on_it_with_its_kind(self, typed, kind):
        who, visitor = holder(), Visitor()
        visitor.give_password(who)

        visitor.give_code(typed)

        event = sign_ins().get()
        assert (event.outcome, event.refusal) == (Outcome.REFUSED, "wrong_code")
        assert event.detail["way"] == kind

    @pytest.mark.parametrize("kind", CodeKind)
    def test_a_redeemed_code_is_on_it_with_its_kind(self, kind):
        who = holder()
        code = phone_code(who.account)[1] if kind == CodeKind.PHONE else who.codes[0]

        Visitor().recover_by_code(who, code)

        event = last_event(operation__startswith="redeem")
        expected = "phone_code" if kind == CodeKind.PHONE else "backup_code"
        assert (event.outcome, event.verified_by) == (Outcome.COMPLETED, expected)

    @pytest.mark.parametrize(("typed", "outcome"), [("", "completed"), ("000000", "refused")])
    def test_a_step_up_is_on_it(self, typed, outcome):
        who, visitor = holder(), Visitor()
        visitor.sign_in(who)

        visitor.send("new_codes", {"one_time_code": typed or one_time_code(who.app)})

        assert last_event(operation=Operation.HOLDER_STEP_UP).outcome == outcome

    @pytest.mark.parametrize("typed", ["ZZZZ-ZZZZ-ZZZZ-ZZZZ", "12345"])
    def test_a_step_up_by_what_is_no_one_time_code_is_on_it(self, typed):
        who, visitor = holder(), Visitor()
        visitor.sign_in(who)

        visitor.send("new_codes", {"one_time_code": typed})

        event = last_event(operation=Operation.HOLDER_STEP_UP)
        assert (event.outcome, event.refusal) == (Outcome.REFUSED, "wrong_code")
        assert event.detail == {"way": "backup_code"}

    def test_a_sign_out_is_on_it(self):
        who, visitor = holder(), Visitor()
        visitor.sign_in(who)

        visitor.send("sign_out")

        assert last_event().operation == Operation.HOLDER_SIGN_OUT
        assert last_event().subject_id == str(who.account.user_id)


class TestStandings:
    def test_a_frozen_account_signs_in_with_its_authenticator(self):
        who, visitor = holder(frozen_at=timezone.now()), Visitor()

        visitor.sign_in(who)

        assert visitor.user_id == str(who.account.user_id)

    def test_a_frozen_account_takes_no_code_and_spends_none(self):
        who, visitor = holder(frozen_at=timezone.now()), Visitor()

        answer = visitor.recover_by_code(who)

        assert answer.context["refusal"].code == "account_frozen"
        assert fresh(who.account).backup_codes_left == 10

    def test_a_frozen_flagged_account_still_comes_in_by_its_authenticator(self):
        """Nobody can enrol while frozen: the flag waits until a lead has looked."""
        who, visitor = holder(frozen_at=timezone.now()), Visitor()
        flag(who.account)

        visitor.sign_in(who)

        assert visitor.user_id == str(who.account.user_id)
        assert visitor.go("my_recovery").status_code == 200

    def test_somebody_never_enrolled_gets_no_further_by_the_password_alone(self):
        visitor = Visitor()

        answer = visitor.give_password(newcomer())

        assert answer.headers["location"] == reverse("recovery:second_factor")
        assert visitor.go("enrol").status_code == 302
        assert visitor.go("second_factor").context["has_authenticator"] is False

    def test_a_setting_lets_the_password_alone_begin_a_first_enrolment(self, settings):
        settings.RECOVERY_FIRST_ENROLMENT_BY_PASSWORD = True
        who, visitor = newcomer(), Visitor()

        answer = visitor.give_password(who)

        assert answer.headers["location"] == reverse("recovery:enrol")
        assert visitor.user_id is None
        visitor.enrol()
        assert visitor.user_id == str(who.account.user_id)

    def test_the_setting_opens_nothing_for_the_once_enrolled(self, settings):
        settings.RECOVERY_FIRST_ENROLMENT_BY_PASSWORD = True
        who, visitor = holder(), Visitor()
        flag(who.account)

        answer = visitor.give_password(who)

        assert answer.headers["location"] == reverse("recovery:second_factor")
        assert visitor.go("enrol").status_code == 302

    @pytest.mark.requirement("N25")
    def test_the_account_counts_on_through_a_redeemed_code(self):
        who = holder()
        Account.objects.filter(pk=who.account.pk).update(failures=7)

        Visitor().recover_by_code(who)

        assert fresh(who.account).failures == 7

    def test_a_password_set_anew_meanwhile_ends_what_was_half_signed_in(self):
        who, visitor = holder(), Visitor()
        visitor.give_password(who)
        set_password(who.account.user, "another one altogether")

        answer = visitor.give_code(one_time_code(who.app))

        assert answer.headers["location"] == reverse("recovery:sign_in")
        assert visitor.user_id is None
