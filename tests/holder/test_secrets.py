"""Keys, codes and links on the account holder's side: shown once, and then nowhere."""

import re

import pytest
from django.urls import reverse

from recovery import codes, links, tasks, totp, vetoes, worker
from recovery.enums import CodeKind, NoticeState, Role
from recovery.models import ContactAddress, Notice
from recovery.secret import Secret
from tests.console import desk
from tests.factories import open_link, phone_code
from tests.holder.test_enrolment import confirmation_in
from tests.holder.visitor import (
    PASSWORD,
    Visitor,
    be_patient,
    bound_apps,
    bytes_of_key,
    code_of_key,
    holder,
    link_in,
    one_time_code,
    run_worker,
)
from tests.plumbing.leaks import held, held_number, kept, mailed

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("N7"), pytest.mark.requirement("A28")]

NEW = "third@example.org"
TYPEABLE = totp.typeable


class Remembering(Visitor):
    """A browser that keeps what each page said, and apart what a page said that shows a secret."""

    def __init__(self):
        super().__init__()
        self.said, self.shown = [], []

    def request(self, **request):
        response = super().request(**request)
        self.said.append(str(response.headers) + response.content.decode())
        return response

    def take(self, response):
        """Put the page aside that has just shown something."""
        self.shown.append(self.said.pop())
        return response


def pages_of(who):
    """What the account holder and a lead see of the account afterwards."""
    visitor, lead = Remembering(), desk.as_role(Role.LEAD)
    visitor.sign_in(who)
    for route in ("my_recovery", "new_codes", "address_add", "enrol"):
        visitor.go(route)
    pages = (desk.FRONT, desk.LEDGER, desk.page_of(who.account))
    return [*visitor.said, *(desk.text(lead.get(page)) for page in pages)]


class TestThroughThePages:
    """Each is really handed out by a page or a mail, really used, and really looked for."""

    def test_a_key_and_the_codes_of_a_re_enrolment(self, logged):
        who, visitor = holder(), Remembering()
        spent = who.codes[0]
        visitor.recover_by_code(who)
        groups = visitor.take(visitor.send("enrol_key")).context["key_groups"]
        visitor.prove("000000")
        be_patient()
        first = code_of_key(groups)
        visitor.prove(first)
        visitor.send("enrol_finish", {"code": spent})
        fresh = visitor.take(visitor.send("enrol_codes")).context["codes"]
        visitor.send("enrol_finish", {"code": who.codes[1]})
        visitor.send("enrol_finish", {"code": fresh[3]})
        run_worker()

        [who.app] = bound_apps(who)
        places = (visitor.said, pages_of(who), mailed(), kept(), logged)
        assert visitor.user_id == str(who.account.user_id)
        for secret in (
            "".join(groups),
            bytes_of_key(groups).hex(),
            spent,
            who.codes[1],
            *undashed(fresh),
        ):
            assert held(secret, *places) == []
        assert held("".join(groups), visitor.shown)
        assert all(held(code, visitor.shown) for code in undashed(fresh))
        assert held_number(first, *places) == []

    def test_codes_taken_by_somebody_who_is_in(self, logged):
        who, visitor = holder(), Remembering()
        visitor.sign_in(who)
        fresh = visitor.take(visitor.send("new_codes")).context["codes"]
        visitor.send("take_codes", {"code": who.codes[0]})
        visitor.send("take_codes", {"code": fresh[5]})
        run_worker()

        places = (visitor.said, pages_of(who), mailed(), kept(), logged)
        for code in undashed(fresh):
            assert held(code, visitor.shown)
            assert held(code, *places) == []

    def test_a_phone_code_on_its_way_in(self, logged):
        who, visitor = holder(), Remembering()
        _, code = phone_code(who.account)

        visitor.recover_by_code(who, code)
        run_worker()

        assert visitor.go("enrol").status_code == 200
        assert held(code, visitor.said, pages_of(who), mailed(), kept(), logged) == []

    def test_a_link_that_was_asked_for_looked_at_mistyped_and_used(self, logged):
        who, visitor = holder(), Remembering()
        visitor.give_password(who)
        visitor.send("no_code")
        [path] = [found for mail in run_worker() if "/link/" in (found := link_in(mail) or "")]
        visitor.get(path)
        visitor.open_link(path, "wrong")
        visitor.open_link(path)
        visitor.open_link(path)
        run_worker()

        mails = mailed()
        [carrying] = [text for text in mails if path in text]
        others = [text for text in mails if text != carrying]
        places = (visitor.said, pages_of(who), others, kept(), logged)
        assert visitor.go("enrol").status_code == 200
        assert held(path.split("/")[-2], *places) == []

    def test_the_code_that_confirms_an_address(self, logged):
        who, visitor = holder(), Remembering()
        visitor.sign_in(who)
        visitor.send("address_add", {"address": NEW})
        added = ContactAddress.objects.get(address=NEW)
        code = confirmation_in(run_worker(), NEW)
        wrong = codes.generate(CodeKind.PHONE).reveal()
        for typed in (wrong, code):
            visitor.send("address_confirm", {"code": typed}, pk=added.pk)
        run_worker()

        others = [text for text in mailed() if "confirm your address" not in text]
        places = (visitor.said, pages_of(who), others, kept(), logged)
        assert ContactAddress.objects.get(address=NEW).confirmed_at
        for typed in (code.replace("-", ""), wrong):
            assert held(typed, *places) == []

    def test_the_link_that_says_it_was_not_me(self, logged):
        who, visitor = holder(), Remembering()
        visitor.sign_in(who)
        visitor.send("address_add", {"address": NEW})
        [path] = [found for mail in run_worker() if "/not-me/" in (found := link_in(mail) or "")]
        visitor.get(path)
        visitor.post(path)
        visitor.post(path)

        others = [text for text in mailed() if path not in text]
        token = path.split("/")[-2]
        assert who.account.incidents.exists()
        assert held(token, visitor.said, pages_of(who), others, kept(), logged) == []


def undashed(shown):
    return [code.replace("-", "") for code in shown]


def left(secret, *places):
    """Find a secret of any kind."""
    return held_number(secret, *places) if secret.isdecimal() else held(secret, *places)


class At:
    """Somebody who stands before a page that takes or shows a secret: what they then send."""

    def __init__(self, made):
        self.who, self.visitor, self.made = holder(), Visitor(), made
        self.visitor.raise_request_exception = False

    def key(self):
        self.visitor.recover_by_code(self.who)
        return lambda: self.visitor.send("enrol_key")

    def proof(self):
        self.key()
        current = self.visitor.take_key()
        return lambda: self.visitor.prove(current())

    def codes(self):
        self.proof()()
        return lambda: self.visitor.send("enrol_codes")

    def finish(self):
        self.codes()
        typed = self.visitor.take_codes()[0]
        return lambda: self.visitor.send("enrol_finish", {"code": typed})

    def new_codes(self):
        self.visitor.sign_in(self.who)
        return lambda: self.visitor.send("new_codes")

    def take_codes(self):
        self.new_codes()
        typed = self.visitor.send("new_codes").context["codes"][0]
        return lambda: self.visitor.send("take_codes", {"code": typed})

    def second_factor(self):
        self.visitor.give_password(self.who)
        be_patient()
        self.made.append(self.who.codes[0])
        return lambda: self.visitor.give_code(self.who.codes[0])

    def one_time_code(self):
        self.visitor.give_password(self.who)
        code = one_time_code(self.who.app)
        self.made.append(code)
        return lambda: self.visitor.give_code(code)

    def confirmation(self):
        self.visitor.sign_in(self.who)
        self.visitor.send("address_add", {"address": NEW})
        code = confirmation_in(run_worker(), NEW)
        added = ContactAddress.objects.get(address=NEW)
        return lambda: self.visitor.send("address_confirm", {"code": code}, pk=added.pk)

    def link(self):
        _, token = open_link(self.who.account)
        self.made += [PASSWORD, token.reveal()]
        path = reverse("recovery:link", args=[token.reveal()])
        return lambda: self.visitor.open_link(path)

    def link_page(self):
        self.link()
        path = reverse("recovery:link", args=[self.made[-1]])
        return lambda: self.visitor.get(path)

    def veto(self):
        self.visitor.sign_in(self.who)
        self.visitor.send("address_add", {"address": NEW})
        [path] = [found for mail in run_worker() if "/not-me/" in (found := link_in(mail) or "")]
        self.made.append(path.split("/")[-2])
        return lambda: self.visitor.post(path)


PAGE = ("recovery.views.pages.render", "django.template.defaulttags.CsrfTokenNode.render")
HASHING = ("recovery.hashers.Recipe.digest", "recovery.hashers.BackupCodeHasher.encode")
STORING = (
    "recovery.models.BackupCodeSet.objects.create",
    "recovery.models.BackupCode.objects.bulk_create",
)
FRAMES = {
    "key": (
        "recovery.encryption.encrypt",
        "recovery.models.TotpAuthenticator.objects.create",
        "recovery.views.session.Recovering.begin",
        "recovery.totp.provisioning_uri",
        "recovery.totp.typeable",
        "recovery.views.enrolment.qr_picture",
        "recovery.views.enrolment._in_fours",
        "segno.make",
        *PAGE,
    ),
    "proof": (
        "recovery.enrolment.prove",
        "recovery.totp.verify_pending",
        "recovery.totp._matching_step",
        "recovery.encryption.decrypt",
    ),
    "codes": (*HASHING, *STORING, "recovery.codes.groups", *PAGE),
    "finish": (
        "recovery.enrolment.typed_back_digest",
        "recovery.codes.read",
        *HASHING,
        "recovery.actions.bind_authenticator",
        "recovery.enrolment.activate_codes",
        "recovery.views.enrolment.complete",
    ),
    "new_codes": (*HASHING, *STORING, "recovery.codes.groups", *PAGE),
    "take_codes": (
        "recovery.actions.take_backup_codes",
        "recovery.codes.read",
        *HASHING,
        "recovery.enrolment.activate_codes",
    ),
    "second_factor": (
        "recovery.second_factor.show",
        "recovery.redemption.redeem",
        "recovery.codes.read",
        *HASHING,
        "recovery.redemption.spend",
        "recovery.redemption._record",
        "recovery.views.session.Recovering.open",
    ),
    "one_time_code": (
        "recovery.totp.verify_any",
        "recovery.totp._read",
        "recovery.totp._take",
        "recovery.encryption.decrypt",
        "recovery.views.sign_in.complete",
    ),
    "confirmation": (
        "recovery.actions.confirm_address",
        "recovery.confirmations.require_right_code",
        *HASHING,
        "recovery.confirmations.forget",
    ),
    "link": (
        "recovery.links.find",
        "recovery.links.token_digest",
        "recovery.views.link.checked_password",
        "recovery.actions.open_recovery_link",
        "recovery.links.use",
        "recovery.views.session.Recovering.open",
    ),
    "link_page": ("recovery.actions.look_at_link", *PAGE),
    "veto": ("recovery.vetoes.read", "recovery.actions.veto", PAGE[0]),
}
EACH_FRAME = [(page, frame) for page, frames in FRAMES.items() for frame in frames]


@pytest.mark.parametrize(("page", "frame"), EACH_FRAME)
def test_an_error_in_a_frame_that_holds_one_tells_none(logged, reports, monkeypatch, page, frame):
    made = note_what_is_made(monkeypatch)
    send = getattr(At(made), page)()
    del logged[:], reports[:]
    monkeypatch.setattr(frame, breaking(made, "it broke"))

    response = send()

    monkeypatch.undo()
    assert response.status_code == 500
    assert any("it broke" in report for report in reports)
    places = (reports, logged, kept(), [response.content.decode()])
    assert [found for secret in clear(made) for found in left(secret, *places)] == []


MAILING = ("recovery.mails._compose", "recovery.mails.render_to_string")
SENDING = (
    "recovery.mails.EmailMultiAlternatives.attach_alternative",
    "recovery.mails.EmailMultiAlternatives.send",
    "django.core.mail.backends.locmem.EmailBackend.send_messages",
    "recovery.delivery._sent",
    "recovery.delivery._end",
)
WORKER_FRAMES = {
    "a link": (
        "recovery.links.token_digest",
        "recovery.models.RecoveryLinkToken.objects.create",
        "recovery.mails.with_link",
        *MAILING,
        *SENDING,
        "recovery.links.handed_over",
    ),
    "a confirmation": (
        *HASHING,
        "recovery.models.AddressConfirmation.objects.update_or_create",
        "recovery.mails.with_confirmation",
        *MAILING,
        *SENDING,
    ),
    "a notice": (*MAILING, *SENDING),
}


@pytest.mark.parametrize(
    ("about", "frame"),
    [(about, frame) for about, frames in WORKER_FRAMES.items() for frame in frames],
)
def test_an_error_of_the_worker_tells_none_though_its_text_quotes_it(
    logged, reports, monkeypatch, about, frame
):
    made = note_what_is_made(monkeypatch)
    waiting(about)
    del made[:]
    monkeypatch.setattr(frame, breaking(made))

    worker._run(tasks.deliver_due)

    monkeypatch.undo()
    assert made
    assert any("RuntimeError" in line for line in logged)
    assert not Notice.objects.exclude(state=NoticeState.QUEUED).exists()
    places = (reports, logged, kept())
    assert [found for secret in clear(made) for found in left(secret, *places)] == []


def waiting(about):
    """Leave one mail for the worker that will carry a secret."""
    who = holder()
    run_worker()
    if about == "a link":
        links.queue(who.account, who.account.addresses.get(), operation="send_recovery_link")
        return
    visitor = Visitor()
    visitor.sign_in(who)
    visitor.send("address_add", {"address": NEW})
    is_other = {"address": NEW} if about == "a notice" else {"context__confirms__isnull": True}
    Notice.objects.filter(**is_other).delete()


def breaking(made, text=None):
    """What raises while it holds a secret itself; its text quotes that, if no other is given."""

    def broken(*args, **kwargs):
        secret, given = made[-1] if isinstance(made[-1], str) else made[-1].reveal(), (args, kwargs)
        raise RuntimeError(text or secret, len(given))

    return broken


def note_what_is_made(monkeypatch):
    """Keep each key, code and token that is made, so that it can be looked for."""
    made = []

    def noting(holder, name):
        make = getattr(holder, name)

        def noted(*args, **kwargs):
            made.append(make(*args, **kwargs))
            return made[-1]

        monkeypatch.setattr(holder, name, noted)

    noting(totp, "new_key")
    noting(codes, "generate")
    noting(vetoes, "token_for")
    noting(links.secrets, "token_urlsafe")
    return made


def clear(made):
    """Each secret in the spellings in which it is shown."""
    for secret in made:
        text = secret if isinstance(secret, str) else secret.reveal()
        yield text
        if re.fullmatch(r"[0-9a-f]{40,}", text):
            yield TYPEABLE(Secret(text)).reveal()
