import json
import stat
from datetime import timedelta
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.test import TestCase, override_settings
from django.urls import reverse
from django.utils import timezone

from project.demo import desk_work, organisation, welcome
from project.demo.cast import HOLDERS, SIGN_INS, STAFF
from project.demo.memory import Memory
from recovery import actions, link_requests, policy, totp
from recovery.actions.staff import roles_of
from recovery.actors import Actor, Grounds
from recovery.enums import AuthenticatorKind, Enrolment, Outcome, Proofing, Tier
from recovery.models import Account, AuditEvent, ContactAddress, TotpAuthenticator
from tests.holder.visitor import Visitor, link_in, run_worker

pytestmark = pytest.mark.stock_user_model  # the people of the fixture are Django's own users

Users = get_user_model()


def account_of(login):
    return Account.objects.select_related("user").get(user__username=login)


def at_the_desk(login):
    """A member of staff of the demo who has just proven their authenticator."""
    return Actor(
        user=account_of(login).user,
        name=login,
        verified_by=AuthenticatorKind.TOTP,
        verified_at=timezone.now(),
    )


def everything():
    """Whatever a second run could have reset."""
    return (
        list(Users.objects.order_by("pk").values_list("pk", "password", "is_staff", "last_name")),
        list(Account.objects.order_by("pk").values()),
        list(TotpAuthenticator.objects.order_by("pk").values()),
        list(ContactAddress.objects.order_by("pk").values()),
        AuditEvent.objects.count(),
    )


FAST = {"RECOVERY_ARGON2_MEMORY_KIB": 8, "RECOVERY_ARGON2_PASSES": 1}
"""What is tested is who stands where, and not the hash."""


def _made():
    """Run `manage.py demo` as far as its data."""
    call_command("demo", only_make=True, stdout=StringIO())
    return Memory.load()


@override_settings(DEBUG=True, DATABASE_IS_EMBEDDED=True, **FAST)
class TestFirstDay(TestCase):
    """One organisation for all of these: making it takes a while."""

    @classmethod
    def setUpClass(cls):
        directory = cls.enterClassContext(TemporaryDirectory())
        cls.enterClassContext(override_settings(VAR_DIR=Path(directory)))
        super().setUpClass()

    @classmethod
    def setUpTestData(cls):
        cls.memory = _made()

    def test_counters_are_true(self):
        call_command("reconcile", check=True)

    def test_every_state_that_a_list_filters_on_is_there(self):
        accounts, addresses = Account.objects, ContactAddress.objects
        now = timezone.now()

        assert accounts.count() >= 60
        assert accounts.filter(enrolment=Enrolment.NOT_ENROLLED).exists()
        assert accounts.without_codes().filter(enrolment=Enrolment.ENROLLED).exists()
        assert accounts.low_on_codes(limit=3).exists()
        assert accounts.filter(backup_codes_left=10).exists()
        assert accounts.flagged().filter(reenrolment_due_at__gt=now).exists()
        assert accounts.flagged().filter(reenrolment_due_at=None).exists()
        assert accounts.overdue().exists()
        assert accounts.filter(last_recovered_at__gt=now - timedelta(days=7)).exists()
        assert accounts.filter(tier=Tier.PRIVILEGED).count() == len(STAFF) + 1
        assert accounts.filter(user__is_active=False).exists()
        assert accounts.filter(addresses=None).exists()
        young = addresses.confirmed().filter(confirmed_at__gt=now - timedelta(days=7))
        assert young.exists()
        assert addresses.filter(account=account_of("ananya.sharma")).count() == 2

    def test_who_can_sign_in_has_a_password_and_an_authenticator(self):
        for login in SIGN_INS:
            account = account_of(login)

            assert account.user.check_password(self.memory.passwords[login])
            bound = TotpAuthenticator.objects.get(user=account.user, confirmed=True)
            assert totp.verify(bound, typed=totp.current_code(bound).reveal())
            assert roles_of(account) == ([STAFF[login].value] if login in STAFF else [])

    def test_nobody_else_can_sign_in(self):
        others = Users.objects.exclude(username__in=SIGN_INS)

        assert not any(user.check_password("") or user.has_usable_password() for user in others)
        assert not any(policy.permissions_of(user) for user in others)

    def test_passwords_are_kept_for_their_owner_alone_and_keys_are_not(self):
        path = settings.VAR_DIR / "demo.json"

        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert set(json.loads(path.read_text())) == {"mark", "passwords"}
        assert set(self.memory.passwords) == set(SIGN_INS)

    def test_two_demos_share_no_secret(self):
        other = Memory.fresh(SIGN_INS)

        assert other.mark != self.memory.mark
        assert not set(other.passwords.values()) & set(self.memory.passwords.values())

    def test_a_second_run_keeps_what_is_there(self):
        Users.objects.filter(username=SIGN_INS[0]).update(last_name="Renamed")
        before = everything()

        assert _made() == self.memory
        assert everything() == before

    def test_a_second_run_gives_back_no_authenticator_that_was_lost(self):
        actions.report_authenticator_lost(
            actor=at_the_desk("jonas.okafor"),
            subject=account_of(HOLDERS[0]),
            grounds=Grounds(reason="Stolen", proofing=Proofing.CALL_BACK),
        )
        before = everything()

        _made()

        assert everything() == before

    def test_a_second_run_flags_nobody_anew(self):
        actions.lift_reenrolment(
            actor=at_the_desk("maya.lindqvist"),
            subject=account_of("hanako.yamada"),
            grounds=Grounds(reason="Phone came back", proofing=Proofing.CALL_BACK),
        )

        _made()

        assert account_of("hanako.yamada").enrolment == Enrolment.ENROLLED

    def test_who_was_locked_out_is_brought_back_by_the_desk(self):
        login = HOLDERS[0]
        grounds = Grounds(reason="Stolen", proofing=Proofing.CALL_BACK)
        agent = desk_work.agent("maya.lindqvist")
        actions.report_authenticator_lost(actor=agent, subject=account_of(login), grounds=grounds)
        actions.send_recovery_link(actor=agent, subject=account_of(login), grounds=grounds)

        self.come_back(login)

        assert account_of(login).enrolment == Enrolment.ENROLLED

    def test_and_so_is_who_asks_for_a_link_themselves(self):
        login = HOLDERS[0]
        link_requests.ask(account_of(login))

        self.come_back(login)

        assert account_of(login).last_recovered_at is not None

    def come_back(self, login):
        """Open the link that the worker has mailed, with the password that the demo prints."""
        [path] = filter(None, (link_in(mail) for mail in run_worker() if "/link/" in mail.body))
        visitor = Visitor()
        visitor.open_link(path, self.memory.passwords[login])
        answer, _ = visitor.enrol()
        assert answer.headers["location"] == reverse("recovery:my_recovery")

    def test_what_is_printed_is_all_that_it_takes(self):
        printed = welcome.told(8123, self.memory)

        for needed in (
            *(f"{login} " for login in SIGN_INS),
            *self.memory.passwords.values(),
            "http://127.0.0.1:8123/console/",
            f"http://127.0.0.1:8123{reverse('recovery:sign_in')}",
            "http://127.0.0.1:8123/demo/mail/",
            "manage.py totp maya.lindqvist",
            f"lock {HOLDERS[0]} out",
        ):
            assert needed in printed

    def test_the_ledger_shows_a_refusal(self):
        refused = AuditEvent.objects.filter(outcome=Outcome.REFUSED)

        assert refused.filter(actor_name="maya.lindqvist", subject_name="jonas.okafor").exists()


@pytest.fixture
def empty(transactional_db, settings, tmp_path):
    """A database of nobody, in which a demo may be made."""
    settings.DEBUG = True
    settings.DATABASE_IS_EMBEDDED = True  # the suite's own, on PostgreSQL as well
    settings.VAR_DIR = tmp_path
    settings.RECOVERY_ARGON2_MEMORY_KIB = FAST["RECOVERY_ARGON2_MEMORY_KIB"]
    settings.RECOVERY_ARGON2_PASSES = FAST["RECOVERY_ARGON2_PASSES"]


def test_a_first_run_that_was_cut_short_is_finished_by_the_next(empty, monkeypatch):
    def cut_short(_memory):
        raise KeyboardInterrupt

    monkeypatch.setattr(organisation.sign_ins, "give", cut_short)
    with pytest.raises(CommandError, match="next run goes on"):
        _made()
    monkeypatch.undo()

    _made()

    assert ContactAddress.objects.count() >= 55
    assert Account.objects.overdue().exists()
    call_command("reconcile", check=True)


def test_a_database_of_other_people_is_refused(empty):
    Users.objects.create_user("somebody.real")

    with pytest.raises(CommandError, match="did not make"):
        _made()
    assert Users.objects.count() == 1
    assert Memory.load() is None


def test_neither_does_a_copied_file_open_it(empty):
    Users.objects.create_user("somebody.real")
    Memory.fresh(SIGN_INS).save()

    with pytest.raises(CommandError, match="did not make"):
        _made()
    assert Users.objects.count() == 1


def test_there_is_no_demo_outside_debug(empty, settings):
    settings.DEBUG = False

    with pytest.raises(CommandError, match="DEBUG"):
        call_command("demo", only_make=True)
    assert not Users.objects.exists()


def test_neither_is_there_one_in_a_database_that_somebody_named(empty, settings):
    settings.DATABASE_IS_EMBEDDED = False

    with pytest.raises(CommandError, match="DATABASE_URL= make demo"):
        call_command("demo", only_make=True)
    assert not Users.objects.exists()
