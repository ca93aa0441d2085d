"""Codes and links are shown once, and are then nowhere: each is really made, and really looked for.

What is searched: every response but the one that shows, every table, the session and cache stores,
every log line at DEBUG, the mails to administrators, and each kind of file that leaves the desk.
"""

import json
import re

import pytest
from django.apps import apps
from django.core import mail
from django.test import Client

from recovery import codes, mails, tasks
from recovery.enums import CodeKind, Operation, Role
from recovery.models import Notice, TotpAuthenticator
from tests import factories
from tests.console import desk
from tests.plumbing.leaks import held, held_number, kept, mailed, unzipped

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("N7"), pytest.mark.requirement("A28")]

CODE = re.compile(r'<code class="relay-clear">(.*?)</code>', re.DOTALL)
LINK = re.compile(r"/account/link/([^/\s]+)/")


def shown_codes(response):
    """Read the codes off the page that shows them."""
    return [re.sub(r"<.*?>|\s|-", "", shown) for shown in CODE.findall(desk.text(response))]


def every_page(client, subject):
    """Return what a lead can see or take out after the codes were shown."""
    event = factories.last_event()
    looked_at = [
        desk.FRONT,
        desk.ACCOUNTS,
        f"{desk.ACCOUNTS}?q=person",
        desk.page_of(subject),
        desk.dialog_of(subject, Operation.REGENERATE_BACKUP_CODES),
        f"{desk.ACCOUNTS}{subject.pk}/history/",
        f"{desk.ACCOUNTS}{subject.pk}/history/{subject.history.latest().pk}/",
        desk.LEDGER,
        f"{desk.LEDGER}{event.pk}/change/",
    ]
    seen = [desk.text(client.get(page)) for page in looked_at]
    for page in (desk.ACCOUNTS, desk.LEDGER):
        for kind in ("csv", "xlsx", "json"):
            made = desk.data(desk.take_out(client, desk.report_of(page), kind))
            seen.append(unzipped(made) if kind == "xlsx" else made.decode())
    return seen


@pytest.mark.parametrize(
    ("operation", "count", "length"),
    [(Operation.REGENERATE_BACKUP_CODES, 10, 16), (Operation.ISSUE_PHONE_CODE, 1, 8)],
)
def test_codes_are_in_the_one_response_and_nowhere_else(logged, operation, count, length):
    subject, client = factories.account(), desk.as_role(Role.LEAD)
    values = desk.filled(client, subject, operation)

    shown = client.post(desk.target_of(subject, operation), values)
    repeated = client.post(desk.target_of(subject, operation), values)
    tasks.deliver_due()
    seen = [desk.text(repeated), *every_page(client, subject)]
    mails = mailed()

    fresh = shown_codes(shown)
    assert [len(code) for code in fresh] == [length] * count
    assert mails
    for code in fresh:
        assert held(code, seen, mails, kept(), logged) == []


def test_nothing_of_a_code_is_in_the_session():
    subject, client = factories.account(), desk.as_role(Role.AGENT)

    shown = desk.operate(client, subject, Operation.REGENERATE_BACKUP_CODES)

    [first, *_] = shown_codes(shown)
    assert not held(first, [json.dumps(dict(client.session))])
    assert not held(first, [str(client.cookies)])


def test_the_page_with_codes_is_kept_by_nobody():
    response = desk.operate(
        desk.as_role(Role.AGENT), factories.account(), Operation.REGENERATE_BACKUP_CODES
    )

    assert "no-store" in response.headers["Cache-Control"]
    assert "private" in response.headers["Cache-Control"]
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert "ETag" not in response.headers


def test_coming_back_shows_no_code():
    """Back asks again by GET: for the operation, and for the account."""
    subject, client = factories.account(), desk.as_role(Role.AGENT)
    shown = shown_codes(desk.operate(client, subject, Operation.REGENERATE_BACKUP_CODES))

    again = client.get(desk.target_of(subject, Operation.REGENERATE_BACKUP_CODES))
    account = client.get(desk.page_of(subject))

    assert again.status_code == 405
    assert not held(shown[0], [desk.text(again), desk.text(account)])


def test_each_code_is_shown_with_its_spelling():
    page = desk.operate(desk.as_role(Role.AGENT), factories.account(), Operation.ISSUE_PHONE_CODE)

    [code] = shown_codes(page)
    words = re.findall(r"<li><b>(\w)</b> <span>([\w-]+)</span></li>", desk.text(page))
    assert "".join(character for character, _ in words) == code


def test_shown_codes_are_those_that_work():
    subject = factories.account()
    shown = shown_codes(
        desk.operate(desk.as_role(Role.AGENT), subject, Operation.REGENERATE_BACKUP_CODES)
    )

    assert factories.live_set(subject, CodeKind.SAVED).verify_token(shown[3])


def test_a_recovery_link_is_in_the_mail_and_nowhere_else(logged):
    subject, client = factories.account(), desk.as_role(Role.LEAD)
    sent = desk.operate(client, subject, Operation.SEND_RECOVERY_LINK)
    tasks.deliver_due()
    [token] = {
        match[1] for message in mail.outbox if (match := LINK.search(str(message.message())))
    }
    opened = [Client().get(f"/account/link/{token}/"), Client().head(f"/account/link/{token}/")]
    used = Client().post(f"/account/link/{token}/")

    seen = [desk.text(sent), *every_page(client, subject), *(desk.text(page) for page in opened)]
    places = (seen, [desk.text(used)], kept(), logged)
    assert [page.status_code for page in opened] == [200, 200]
    assert held(token, *places) == []


def test_a_link_that_no_mail_server_takes_is_in_no_log_and_in_no_row(logged, monkeypatch):
    tokens, make = [], mails.with_link

    def noted(notice, token):
        tokens.append(token.reveal())
        return make(notice, token)

    def broken(message, **kwargs):
        raise OSError(f"refused: {message.body}")

    subject, client = factories.account(), desk.as_role(Role.LEAD)
    desk.operate(client, subject, Operation.SEND_RECOVERY_LINK)
    monkeypatch.setattr(mails, "with_link", noted)
    monkeypatch.setattr("django.core.mail.EmailMultiAlternatives.send", broken)
    tasks.deliver_due()

    assert tokens
    assert Notice.objects.exclude(last_error="").exists()
    seen = every_page(client, subject)
    assert held(tokens[0], seen, kept(), logged) == []


def test_a_key_of_an_authenticator_is_nowhere(logged):
    person = desk.member(Role.LEAD)
    client = desk.signed_in(person)
    subject = factories.account()
    key = factories.totp.new_key()
    factories.app(subject, key=key)
    typeable = factories.totp.typeable(key).reveal()

    seen = every_page(client, subject)

    assert TotpAuthenticator.objects.filter(user=subject.user).exists()
    for secret in (key.reveal(), typeable):
        assert held(secret, seen, kept(), logged) == []


def test_a_typed_one_time_code_is_nowhere(logged):
    person = desk.member(Role.AGENT)
    code = desk.one_time_code(person)
    client = desk.half_signed_in(person)
    client.post(desk.CODE_PAGE, {"one_time_code": code})

    assert held_number(code, kept(), logged) == []


FRAMES = {
    "code_sets.replace": "recovery.code_sets.replace",
    "append": "recovery.audit.operations.append",
    "notices.queue": "recovery.notices.queue",
    "relay.page": "console.relay.page",
    "spell": "console.relay.spell",
    "each_context": "console.sites.ConsoleSite.each_context",
    "template": "django.template.response.TemplateResponse.render",
}


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize(
    "operation", [Operation.REGENERATE_BACKUP_CODES, Operation.ISSUE_PHONE_CODE], ids=str
)
def test_an_error_in_a_frame_that_holds_codes_mails_none(
    logged, reports, monkeypatch, frame, operation
):
    made = note_what_is_made(monkeypatch)
    subject, client = factories.account(), desk.as_role(Role.AGENT)
    values = desk.filled(client, subject, operation)
    client.raise_request_exception = False

    def broken(*args, **kwargs):
        secret, given = made[0].reveal(), args
        raise RuntimeError("it broke", len(secret), len(given))

    monkeypatch.setattr(FRAMES[frame], broken)
    response = client.post(desk.target_of(subject, operation), values)

    assert response.status_code == 500
    assert any("it broke" in report for report in reports)
    for code in made:
        assert held(code.reveal(), reports, logged, kept(), [desk.text(response)]) == []


def note_what_is_made(monkeypatch):
    """Keep each code that is made, so that it can be looked for."""
    made, generate = [], codes.generate

    def noted(kind):
        made.append(generate(kind))
        return made[-1]

    monkeypatch.setattr(codes, "generate", noted)
    return made


def test_no_model_of_the_console_or_the_domain_has_a_page_of_secrets():
    secretive = {"BackupCode", "BackupCodeSet", "TotpAuthenticator", "RecoveryLinkToken"}

    histories = {model.__name__ for model in apps.get_models() if "Historical" in model.__name__}

    assert not {name for name in histories if name.removeprefix("Historical") in secretive}
