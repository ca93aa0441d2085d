"""After issuing real codes, links and keys, each is looked for wherever it must not be."""

import json
import pickle
import re
from dataclasses import dataclass, field

import django_otp
import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.urls import reverse
from django.views.debug import get_exception_reporter_class

from recovery import actions, code_sets, codes, links, redemption, tasks, totp
from recovery.actors import Actor
from recovery.audit import ocsf
from recovery.enums import CodeKind, Role
from recovery.hashers import BackupCodeHasher
from recovery.models import AuditEvent, ChainEntry, Notice
from recovery.secret import Secret
from tests.factories import account, app, fresh, grounds, live_set, open_link, saved_codes, staff
from tests.plumbing.leaks import held, kept, mailed
from tests.plumbing.ocsf.validator import complaints

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.requirement("N7"),
    pytest.mark.requirement("A28"),
]

LINK = re.compile(r"/account/link/([^/\s\"]+)/")


@dataclass
class Issued:
    """What was handed out, in the clear."""

    codes: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    one_time_codes: list[str] = field(default_factory=list)

    @property
    def secrets(self):
        return [*self.codes, *self.tokens, *self.keys]


def leaked(issued, *places):
    """Name the secrets that are somewhere in these places, however they are written."""
    return [secret for secret in issued.secrets if held(secret, *places)]


@pytest.fixture
def issued(logged, client):
    """Issue one of everything, use some of it up and mistype some of it."""
    said, owner = {"actor": staff(Role.LEAD), "grounds": grounds(form="a form")}, account()
    out = Issued()

    saved = actions.regenerate_backup_codes(subject=owner, **said)
    said["grounds"] = grounds()
    aloud = actions.issue_phone_code(subject=owner, **said)
    out.codes += [code.reveal() for code in (*saved.codes, *aloud.codes)]
    out.codes.append(codes.generate(CodeKind.SAVED).reveal())

    enrolled = enrol(owner)
    out.keys += [enrolled.key.reveal(), totp.typeable(enrolled.key).reveal()]
    out.one_time_codes.append(totp.current_code(enrolled.authenticator).reveal())

    actions.send_recovery_link(subject=owner, **said)
    tasks.deliver_due()
    out.tokens += [token for message in mail.outbox for token in LINK.findall(message.body)]
    assert len(out.tokens) == 1

    spell(owner, out)
    client.get(reverse("recovery:link", args=out.tokens))
    client.post(reverse("recovery:link", args=out.tokens))
    client.post(reverse("recovery:link", args=out.tokens))
    tasks.deliver_due()
    return out


def enrol(owner):
    return actions.enrol_staff(
        actor=Actor.command("test"),
        subject=owner,
        grounds=grounds(),
        name="phone",
        role=Role.AGENT,
    )


def spell(owner, out):
    """Present codes in every way they are typed, right and wrong."""
    dashed = "-".join(codes.groups(Secret(out.codes[0])))
    redemption.redeem(owner.user, typed=dashed.lower())
    django_otp.verify_token(owner.user, live_set(owner).persistent_id, out.codes[1])
    django_otp.match_token(owner.user, out.codes[2])
    redemption.redeem(owner.user, typed=out.codes[-2])
    redemption.redeem(owner.user, typed=out.codes[-1])
    redemption.redeem(owner.user, typed=out.codes[3])
    redemption.redeem(owner.user, typed=out.codes[4][:-1])
    totp.verify_any(owner.user, typed=out.one_time_codes[0])


def test_the_search_finds_what_is_there(issued):
    dashed = "-".join(codes.groups(Secret(issued.codes[0]))).lower()

    assert leaked(issued, [f"codes: {dashed}"]) == [issued.codes[0]]
    assert leaked(issued, [f"GET /account/link/{issued.tokens[0]}/"]) == issued.tokens


def test_no_table_no_session_and_no_cache_holds_one(issued):
    tables = {row.partition(":")[0] for row in kept()}

    assert {"recovery_backupcode", "recovery_totpauthenticator"} <= tables
    assert leaked(issued, kept()) == []


def test_no_log_line_holds_one(issued, logged):
    said = "\n".join(logged)

    assert 'UPDATE "recovery_backupcode"' in said
    assert "/account/link/" in said
    assert leaked(issued, logged) == []


def test_no_mail_but_the_links_own_holds_one(issued):
    others = [text for text in mailed() if not LINK.search(text)]

    assert len(others) > 5
    assert leaked(issued, others) == []


def test_the_links_own_mail_holds_the_token_and_nothing_else(issued):
    (carrying,) = [message for message in mail.outbox if LINK.search(message.body)]

    assert leaked(issued, [carrying.body]) == issued.tokens
    assert issued.tokens[0] not in str(carrying.extra_headers) + carrying.subject


def test_no_notice_event_or_version_prints_one(issued):
    printed = [
        repr(row) + str(vars(row)) for row in (*AuditEvent.objects.all(), *Notice.objects.all())
    ]

    assert leaked(issued, printed) == []


def test_no_line_for_a_siem_holds_one(issued):
    lines = [ocsf.line_of(entry) for entry in ChainEntry.objects.select_related("event")]

    assert len(lines) > 5
    assert leaked(issued, lines) == []
    assert [complaints(json.loads(line)) for line in lines] == [[]] * len(lines)


def test_what_is_handed_out_is_never_pickled():
    owner, lead = account(), staff(Role.LEAD)
    handed_out = [
        actions.regenerate_backup_codes(actor=lead, subject=owner, grounds=grounds()),
        actions.issue_phone_code(actor=lead, subject=owner, grounds=grounds()),
        enrol(owner),
        code_sets.Prepared.saved(),
    ]

    for one in handed_out:
        with pytest.raises(TypeError, match="never serialised"):
            pickle.dumps(one)


class TestReports:
    """An error page or mail is made of an exception that is raised where a secret is at hand."""

    @pytest.fixture
    def owner(self):
        return account()

    def test_while_codes_are_hashed_for_issuing(self, owner, monkeypatch, rf):
        made = self._spy(monkeypatch, codes, "generate")
        self._break(monkeypatch, BackupCodeHasher, "encode")

        self._reported(
            rf.post("/"),
            lambda: [code.reveal() for code in made],
            actions.regenerate_backup_codes,
            actor=staff(Role.LEAD),
            subject=owner,
            grounds=grounds(),
        )

    def test_while_codes_are_stored(self, owner, monkeypatch, rf):
        made = self._spy(monkeypatch, codes, "generate")
        self._break(monkeypatch, code_sets, "_store")

        self._reported(
            rf.post("/"),
            lambda: [code.reveal() for code in made],
            actions.issue_phone_code,
            actor=staff(Role.LEAD),
            subject=owner,
            grounds=grounds(),
        )

    @pytest.mark.parametrize(
        ("holder", "name"),
        [(BackupCodeHasher, "encode"), (redemption, "spend"), (redemption, "_record")],
        ids=["hashing", "deciding", "recording"],
    )
    def test_while_a_code_is_redeemed(self, owner, monkeypatch, rf, holder, name):
        _, clear = saved_codes(owner)
        self._break(monkeypatch, holder, name)

        self._reported(
            rf.post("/account/sign-in/", {"otp_token": clear[0]}),
            lambda: [clear[0]],
            redemption.redeem,
            owner.user,
            typed=clear[0],
        )

    @pytest.mark.parametrize("name", ["find", "use", "token_digest"])
    def test_while_a_link_is_opened(self, owner, monkeypatch, rf, name):
        _, token = open_link(owner)
        self._break(monkeypatch, links, name)

        self._reported(
            rf.post(reverse("recovery:link", args=[token.reveal()])),
            lambda: [token.reveal()],
            actions.open_recovery_link,
            token=token,
        )

    def test_while_a_key_is_bound(self, owner, monkeypatch, rf):
        made = self._spy(monkeypatch, totp, "new_key")
        self._break(monkeypatch, totp.TotpAuthenticator.objects, "create")

        self._reported(
            rf.post("/"),
            lambda: [made[0].reveal(), totp.typeable(made[0]).reveal()],
            enrol,
            owner,
        )

    def test_while_a_one_time_code_is_verified(self, owner, monkeypatch, rf):
        key = totp.new_key()
        bound = app(owner, key=key)
        shown = totp.current_code(bound).reveal()
        self._break(monkeypatch, totp, "_take")

        self._reported(
            rf.post("/", {"code": shown}),
            lambda: [key.reveal(), totp.typeable(key).reveal()],
            totp.verify,
            bound,
            typed=shown,
        )

    def test_while_the_mail_of_a_link_is_handed_over(self, owner, monkeypatch, logged):
        actions.send_recovery_link(actor=staff(Role.LEAD), subject=owner, grounds=grounds())
        made = self._spy(monkeypatch, links, "make_token")
        monkeypatch.setattr(EmailBackend, "send_messages", self._quoting)

        tasks.deliver_due()

        token = made[0].reveal()
        assert held(token, logged, kept()) == []
        assert fresh(Notice.objects.get(link__isnull=False)).last_error == "OSError"

    def _quoting(self, messages):
        raise OSError(messages[0].body)

    def _spy(self, monkeypatch, holder, name):
        real, made = getattr(holder, name), []

        def note(*args, **kwargs):
            made.append(real(*args, **kwargs))
            return made[-1]

        monkeypatch.setattr(holder, name, note)
        return made

    def _break(self, monkeypatch, holder, name):
        def broken(*args, **kwargs):
            raise ZeroDivisionError

        monkeypatch.setattr(holder, name, broken)

    def _reported(self, request, secrets, call, *args, **kwargs):
        """Assert that the reports of what ``call`` raises hold its frames and no secret."""
        with pytest.raises(ZeroDivisionError) as raised:
            call(*args, **kwargs)
        report = (raised.type, raised.value, raised.tb)
        reporter = get_exception_reporter_class(request)(request, *report)
        text = reporter.get_traceback_text() + reporter.get_traceback_html()
        issued = Issued(codes=secrets())
        assert issued.codes
        assert call.__name__ in text
        assert leaked(issued, [text]) == []
