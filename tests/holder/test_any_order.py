"""Whatever the order in which several people act: nobody comes in without two factors.

A model beside the domain knows which factors are in force, and which browser has shown what. It is
not told what the domain answers, but for secrets that only the domain can make.
"""

from contextlib import ExitStack
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from recovery import actions, counters, errors, tasks
from recovery.actors import Actor
from recovery.announcements import NOT_VETOABLE, WHAT_HAPPENED
from recovery.enums import AuthenticatorKind, CodeKind, LinkState, Role
from recovery.models import (
    Account,
    AuditEvent,
    BackupCode,
    BackupCodeSet,
    ContactAddress,
    FailureTally,
    RecoveryLink,
    TotpAuthenticator,
)
from recovery.views.session import Recovering
from tests.factories import fresh, grounds, staff
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
from tests.plumbing.undone import undone

LIMIT = 6
WATCHED = {
    Account: ("enrolment", "enrolled_at", "frozen_at", "power_suspended_at", "backup_codes_left"),
    TotpAuthenticator: ("confirmed", "revoked_at"),
    BackupCodeSet: ("confirmed", "ended_at"),
    BackupCode: ("used_at",),
    RecoveryLink: ("state",),
    ContactAddress: ("confirmed_at", "removed_at"),
}

people = st.integers(0, 1)
browsers = st.integers(0, 1)
anyone = st.integers(0, 9)
kinds = st.sampled_from(["authenticator", "saved", "phone", "nonsense"])


@dataclass
class Known:
    """What is in force for one account, each with the event that put it there."""

    who: object
    apps: dict = field(default_factory=dict)
    saved: dict = field(default_factory=dict)
    phone: dict = field(default_factory=dict)
    link: str = ""
    password: str = PASSWORD
    frozen: bool = False

    def forget_since(self, event):
        """Drop what came with ``event`` or after it."""
        for held in (self.apps, self.saved):
            for one in [one for one, since in held.items() if since >= event]:
                del held[one]
        self.phone.clear()
        self.link = ""

    def forget_codes(self):
        self.saved.clear()
        self.phone.clear()


@dataclass
class Browser:
    """One browser, whose password was right in it, and why it may be through."""

    visitor: Visitor = field(default_factory=Visitor)
    half: int | None = None
    shown: tuple = ()

    @property
    def recovers(self):
        return Recovering.of(SimpleNamespace(session=self.visitor.session)) is not None

    @property
    def is_through(self):
        return (
            self.visitor.user_id is not None and self.visitor.go("my_recovery").status_code == 200
        )


def newest():
    return AuditEvent.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def recorded():
    """Events, and the failures that are counted in place of one each."""
    return newest(), sum(FailureTally.objects.values_list("count", flat=True))


def state():
    return {
        model: list(model.objects.order_by("pk").values_list("pk", *columns))
        for model, columns in WATCHED.items()
    }


class AnyOrder(RuleBasedStateMachine):
    """Two accounts, two browsers, several members of staff."""

    def __init__(self):
        super().__init__()
        self.everything = ExitStack()
        self.everything.enter_context(undone())
        self.browsers = [Browser(), Browser()]
        self.lead = staff(Role.LEAD)
        self.every_app, self.every_code, self.every_link = [], [], []

    @initialize()
    def two_people(self):
        enrolled, invited = holder(), newcomer()
        since = newest()
        self.known = [
            Known(
                who=enrolled,
                apps={enrolled.app.pk: since},
                saved=dict.fromkeys(enrolled.codes, since),
            ),
            Known(who=invited),
        ]
        self.every_app = [enrolled.app]
        self.every_code = list(enrolled.codes)
        self.settled()

    def teardown(self):
        self.everything.close()

    # What the desk does.

    def by_the_desk(self, verb, person, **more):
        """Let a lead try it; done or refused, it is on the ledger."""
        subject, before = fresh(self.known[person].who.account), newest()
        try:
            return getattr(actions, verb)(
                actor=self.lead, subject=subject, grounds=grounds(), **more
            )
        except errors.RecoveryError:
            return None
        finally:
            assert newest() > before

    @rule(person=people)
    def issue(self, person):
        if issued := self.by_the_desk("regenerate_backup_codes", person):
            codes = [code.reveal() for code in issued.codes]
            self.known[person].saved = dict.fromkeys(codes, issued.event.pk)
            self.every_code += codes[:2]

    @rule(person=people)
    def read_aloud(self, person):
        if issued := self.by_the_desk("issue_phone_code", person):
            [code] = [code.reveal() for code in issued.codes]
            self.known[person].phone = {code: issued.event.pk}
            self.every_code.append(code)

    @rule(person=people)
    def send(self, person):
        if self.by_the_desk("send_recovery_link", person):
            self.mail_out(person)

    def mail_out(self, person):
        paths = [path for mail in run_worker() if "/link/" in (path := link_in(mail) or "")]
        if paths:
            self.known[person].link = paths[-1]
            self.every_link.append(paths[-1])

    @rule(person=people)
    def withdraw(self, person):
        if self.by_the_desk("withdraw_recovery_link", person):
            self.known[person].link = ""

    @rule(person=people)
    def flag(self, person):
        self.by_the_desk("require_reenrolment", person)

    @rule(person=people)
    def lift(self, person):
        self.by_the_desk("lift_reenrolment", person)

    @rule(person=people)
    def report_lost(self, person):
        if self.by_the_desk("report_authenticator_lost", person):
            self.known[person].apps.clear()
            self.known[person].forget_codes()
            self.sessions_end(person)

    @rule(person=people)
    def close(self, person):
        if self.by_the_desk("close_incident", person):
            self.known[person].frozen = False

    # What the account holder does, signed in with their authenticator.

    def by_themselves(self, verb, person, **more):
        user, before = self.known[person].who.account.user, newest()
        themselves = Actor(
            user=user,
            name=user.get_username(),
            verified_by=AuthenticatorKind.TOTP,
            verified_at=timezone.now(),
        )
        subject = fresh(self.known[person].who.account)
        try:
            return getattr(actions, verb)(actor=themselves, subject=subject, **more)
        except errors.RecoveryError:
            return None
        finally:
            assert newest() > before

    @rule(person=people)
    def freeze(self, person):
        if self.by_themselves("freeze_recovery", person):
            known = self.known[person]
            known.frozen, known.link = True, ""
            known.phone.clear()
            self.recoveries_end(person)

    @rule(person=people, which=anyone)
    def revoke(self, person, which):
        app = self.every_app[which % len(self.every_app)]
        if self.by_themselves("revoke_authenticator", person, authenticator_id=app.pk):
            self.known[person].apps.pop(app.pk, None)

    @rule(person=people)
    def change_address(self, person):
        """Take the address away that links go to, and put another on record as old as that."""
        known = ContactAddress.objects.kept().get(account=self.known[person].who.account)
        if self.by_themselves("remove_address", person, address_id=known.pk):
            self.known[person].link = ""
            self.recoveries_end(person, by="link")
            known.pk, known.removed_at, known._state.adding = None, None, True
            known.save()

    @rule(person=people)
    def reset_password(self, person):
        known = self.known[person]
        known.password += "!"
        user = type(known.who.account.user).objects.get(pk=known.who.account.user_id)
        set_password(user, known.password)
        known.link = ""
        self.sessions_end(person)

    @rule(person=people, which=st.integers(0, 3))
    def not_me(self, person, which):
        """By whichever of their mails."""
        told = [operation for operation in WHAT_HAPPENED if operation not in NOT_VETOABLE]
        account = fresh(self.known[person].who.account)
        about = AuditEvent.objects.filter(
            subject_id=str(account.user_id), operation__in=told, outcome="completed"
        ).order_by("-pk")[which : which + 1]
        for event in about:
            before = newest()
            try:
                actions.veto(subject=account, event=event)
            except errors.VetoNotUsable:
                pass
            else:
                self.known[person].frozen = True
                self.known[person].forget_since(event.pk)
                self.sessions_end(person)
            assert newest() > before

    @rule(person=people)
    def let_time_pass(self, person):
        """Links and phone codes run out."""
        past = timezone.now() - timezone.timedelta(seconds=1)
        account = self.known[person].who.account
        RecoveryLink.objects.filter(account=account, state=LinkState.LIVE).update(expires_at=past)
        phones = BackupCodeSet.objects.filter(user_id=account.user_id, kind=CodeKind.PHONE)
        phones.update(expires_at=past)
        tasks.expire_links()
        tasks.expire_phone_codes()
        self.known[person].link = ""
        self.known[person].phone.clear()

    # What somebody with a browser does.

    @rule(at=browsers, person=people, right=st.booleans())
    def give_password(self, at, person, right):
        browser, known = self.browsers[at], self.known[person]
        be_patient()
        answer = browser.visitor.give_password(known.who, known.password if right else "guess")
        if right:
            browser.half = person
        assert (answer.status_code == 302) == right

    @rule(at=browsers, kind=kinds, which=anyone)
    def give_code(self, at, kind, which):
        browser = self.browsers[at]
        person = browser.half if browser.half is not None else self.signed_in(browser)
        be_patient()
        typed, fits = self.pick(kind, which, person)
        browser.visitor.give_code(typed)
        self.note_a_death()
        if fits:
            browser.shown = (person, "password", kind)
            browser.half = None
            if kind != "authenticator":
                self.spend(person, typed)

    def pick(self, kind, which, person):
        """Something to type, and whether the model takes it for a second factor of ``person``."""
        known = self.known[person] if person is not None else Known(who=None)
        if kind == "authenticator":
            bound = [app for app in self.every_app if app.pk in known.apps]
            apps = (bound if which % 2 else None) or self.every_app
            app = apps[which % len(apps)]
            return one_time_code(app), app.pk in known.apps
        codes = [code for code in self.every_code if (len(code) > 8) == (kind == "saved")]
        if kind == "nonsense" or not codes:
            return "ZZZZ-ZZZZ-ZZZZ-ZZZZ", False
        held = known.saved if kind == "saved" else known.phone
        usable = [code for code in codes if code in held] if which % 2 else codes
        code = (usable or codes)[which % len(usable or codes)]
        return code, code in held and not known.frozen

    def spend(self, person, code):
        self.known[person].saved.pop(code, None)
        self.known[person].phone.pop(code, None)

    def note_a_death(self):
        for known in self.known:
            if fresh(known.who.account).failures >= LIMIT:
                known.forget_codes()

    @precondition(lambda self: self.every_link)
    @rule(at=browsers, which=anyone, person=people, right=st.booleans())
    def open_link(self, at, which, person, right):
        browser, known = self.browsers[at], self.known[person]
        path = self.every_link[-1 - which % len(self.every_link)]
        be_patient()
        browser.visitor.open_link(path, known.password if right else "guess")
        if right and path == known.link and not known.frozen and browser.recovers:
            browser.shown, browser.half, known.link = (person, "password", "link"), None, ""

    @rule(at=browsers, person=people, kind=kinds)
    def come_in(self, at, person, kind):
        """Both steps with what fits, so that chance alone does not have to find them."""
        if kind == "phone":
            self.read_aloud(person)
        self.give_password(at, person, right=True)
        self.give_code(at, kind, 1)

    @rule(at=browsers, person=people, kind=kinds)
    def come_back(self, at, person, kind):
        """The whole way, when nothing is in it."""
        self.come_in(at, person, kind)
        self.enrol(at)

    @rule(at=browsers, person=people)
    def come_by_a_link(self, at, person):
        self.send(person)
        if self.known[person].link:
            self.open_link(at, 0, person, right=True)

    @rule(at=browsers)
    def enrol(self, at):
        browser = self.browsers[at]
        if not browser.recovers:
            assert browser.visitor.send("enrol_key").status_code == 302
            return
        answer, codes = browser.visitor.enrol()
        assert answer.status_code == 302
        person = self.signed_in(browser)
        known = self.known[person]
        assert browser.shown[0] == person
        shown, since = browser.shown, AuditEvent.objects.filter(operation="bind_authenticator")
        event = since.latest("pk").pk
        self.sessions_end(person)
        browser.shown = shown
        [app] = bound_apps(known.who)
        self.every_app.append(app)
        self.every_code += codes[:2]
        known.apps, known.saved = {app.pk: event}, dict.fromkeys(codes, event)
        known.phone = {}

    @rule(at=browsers)
    def leave(self, at):
        self.browsers[at].visitor.send("sign_out")
        self.browsers[at].half, self.browsers[at].shown = None, ()

    def signed_in(self, browser):
        """Whose session a browser has."""
        for person, known in enumerate(self.known):
            if browser.visitor.user_id == str(known.who.account.user_id):
                return person
        return None

    def sessions_end(self, person):
        """From here on nobody may be through who was before."""
        for browser in self.browsers:
            if browser.shown[:1] == (person,):
                browser.shown = ()
            if browser.half == person:
                browser.half = None

    def recoveries_end(self, person, *, by=None):
        for browser in self.browsers:
            is_theirs = browser.shown[:1] == (person,) and not browser.is_through
            if is_theirs and by in {None, browser.shown[2]}:
                browser.shown = ()

    # What always holds.

    @invariant()
    def nobody_is_through_without_two_factors(self):
        for browser in self.browsers:
            if browser.recovers or browser.is_through:
                assert browser.shown, "through, and the model does not know why"

    @invariant()
    def never_two_live_sets_or_two_open_links(self):
        for known in getattr(self, "known", []):
            account = known.who.account
            for kind in CodeKind:
                live = BackupCodeSet.objects.filter(
                    user_id=account.user_id, kind=kind, confirmed=True
                )
                assert live.count() <= 1
            still_open = (LinkState.QUEUED, LinkState.LIVE)
            assert RecoveryLink.objects.filter(account=account, state__in=still_open).count() <= 1

    @invariant()
    def what_is_in_force_is_what_the_model_has(self):
        for known in getattr(self, "known", []):
            assert {app.pk for app in bound_apps(known.who)} == set(known.apps)

    @invariant()
    def the_counters_say_what_the_rows_say(self):
        assert list(counters.differences()) == []

    @invariant()
    def what_changed_is_on_the_ledger(self):
        now, events = state(), recorded()
        if now != self.last_state:
            assert events != self.last_recorded, "changed, and nothing was recorded"
        self.settled()

    @invariant()
    def once_enrolled_never_not_enrolled(self):
        for known in getattr(self, "known", []):
            account = fresh(known.who.account)
            assert account.enrolled_at is None or account.enrolment != "not_enrolled"

    last_state, last_recorded = None, None

    def settled(self):
        self.last_state, self.last_recorded = state(), recorded()


@pytest.mark.django_db
@pytest.mark.requirement("N15")
def test_nobody_comes_in_without_two_factors_in_whatever_order(settings):
    settings.RECOVERY_ARGON2_MEMORY_KIB, settings.RECOVERY_ARGON2_PASSES = 64, 1
    settings.RECOVERY_FAILURE_LIMIT = LIMIT

    run_state_machine_as_test(AnyOrder, settings=bounded())


def bounded():
    return settings(
        max_examples=10,
        stateful_step_count=40,
        phases=[Phase.generate],
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
