"""What every page says to the browser, and what it does not ask of it."""

import re

import pytest
from django.test import Client

from recovery.enums import Operation, Role
from recovery.models import AccountText, AuditEvent
from tests import factories
from tests.console import desk

pytestmark = pytest.mark.django_db

INLINE = re.compile(r"""<[^>]+\s(?:style|on\w+)\s*=\s*["']""", re.IGNORECASE)
BARE_SCRIPT = re.compile(r"<(?:script|style)(?![^>]*\b(?:src|nonce)=)[^>]*>", re.IGNORECASE)
DATA_SCRIPT = re.compile(r'<script[^>]*type="application/json"[^>]*>', re.IGNORECASE)
SCRIPT_URL = re.compile(r"""(?:href|src|action)=["']\s*javascript:""", re.IGNORECASE)
FOREIGN = re.compile(
    r"""<(?:script|link|img|iframe|form)[^>]*(?:src|href|action)=["'](?:https?:)?//"""
)


def every_response():
    """Return one response of each kind that the console gives, by what it is."""
    subject = factories.account()
    factories.saved_codes(subject)
    factories.app(subject)
    factories.flag(subject)
    client, half = desk.as_role(Role.LEAD), desk.half_signed_in(desk.member(Role.AGENT))
    event = AuditEvent.objects.latest("pk")
    pages = {
        "front": desk.FRONT,
        "accounts": desk.ACCOUNTS,
        "a search": f"{desk.ACCOUNTS}?q=<script>alert(1)</script>",
        "account": desk.page_of(subject),
        "history": f"{desk.ACCOUNTS}{subject.pk}/history/",
        "version": f"{desk.ACCOUNTS}{subject.pk}/history/{subject.history.latest().pk}/",
        "accounts report": desk.report_of(desk.ACCOUNTS),
        "ledger": desk.LEDGER,
        "event": f"{desk.LEDGER}{event.pk}/change/",
        "ledger report": desk.report_of(desk.LEDGER),
        "nothing": "/console/nothing/",
        "not by GET": desk.target_of(subject, Operation.ISSUE_PHONE_CODE),
    }
    found = {name: client.get(page) for name, page in pages.items()}
    for operation in Operation:
        if operation in desk.OWN_QUESTIONS or operation.value.startswith(("issue", "regen")):
            found[f"dialog of {operation}"] = client.get(desk.dialog_of(subject, operation))
    found["codes"] = desk.operate(client, subject, Operation.REGENERATE_BACKUP_CODES)
    found["a refusal"] = desk.operate(client, subject, Operation.ISSUE_PHONE_CODE, form_mark="x")
    found["handed back"] = desk.operate(client, subject, Operation.ISSUE_PHONE_CODE, reason="")
    found["not for the role"] = desk.as_role(Role.AGENT).get(desk.LEDGER)
    found["sign in"] = Client().get(desk.LOGIN)
    found["one-time code"] = half.get(desk.CODE_PAGE)
    found["a link"] = Client().get("/account/link/none/")
    return found


def unlike(wrong):
    """Return the names of the responses for which ``wrong`` is true."""
    return [name for name, response in every_response().items() if wrong(response)]


def policy(response):
    parts = response.headers["Content-Security-Policy"].split(";")
    return {name: values for name, *values in (part.split() for part in parts if part.strip())}


def is_loose(response):
    rules = policy(response)
    allowed = {value for values in rules.values() for value in values}
    return (
        bool(allowed & {"'unsafe-inline'", "'unsafe-eval'", "*", "http:", "https:"})
        or rules["default-src"] != ["'self'"]
        or rules["frame-ancestors"] != ["'none'"]
        or rules["base-uri"] != ["'none'"]
        or rules["object-src"] != ["'none'"]
        or rules["form-action"] != ["'self'"]
        or not {value for value in rules["script-src"] if value != "'self'"}
        <= {value for value in rules["script-src"] if value.startswith("'nonce-")}
    )


def test_every_page_comes_under_the_strict_policy():
    assert unlike(is_loose) == []


def test_no_page_can_be_framed_guessed_at_or_traced():
    def is_open(response):
        headers = response.headers
        return (
            headers["X-Frame-Options"] != "DENY"
            or headers["X-Content-Type-Options"] != "nosniff"
            or headers["Referrer-Policy"] not in {"same-origin", "no-referrer"}
            or headers["Cross-Origin-Opener-Policy"] != "same-origin"
        )

    assert unlike(is_open) == []


def test_no_page_of_the_desk_is_kept_by_a_cache():
    kept = unlike(lambda response: "no-store" not in response.headers.get("Cache-Control", ""))

    # An error page of Django's own says nothing of anybody.
    assert set(kept) <= {"nothing", "not by GET", "not for the role"}


def test_no_page_has_an_inline_style_handler_or_script():
    def has_some(response):
        page = DATA_SCRIPT.sub("", desk.text(response))
        return any(rule.search(page) for rule in (INLINE, BARE_SCRIPT, SCRIPT_URL))

    assert unlike(has_some) == []


def test_no_page_fetches_anything_from_elsewhere():
    assert unlike(lambda response: FOREIGN.search(desk.text(response))) == []


def test_what_people_are_called_is_never_markup():
    subject, client = factories.account(), desk.as_role(Role.LEAD)
    AccountText.objects.filter(account=subject).update(
        display_name="<script>alert(1)</script>", folded="script", address="<b>@x"
    )
    reason = "</textarea><script>alert(2)</script>"
    pages = [
        client.get(desk.ACCOUNTS),
        client.get(desk.page_of(subject)),
        desk.operate(client, subject, Operation.REQUIRE_REENROLMENT, reason=reason),
        desk.operate(client, subject, Operation.REQUIRE_REENROLMENT, reason=reason),
        client.get(desk.page_of(subject)),
        client.get(f"{desk.ACCOUNTS}{subject.pk}/history/"),
        client.get(f"{desk.LEDGER}{AuditEvent.objects.latest('pk').pk}/change/"),
    ]

    assert not [page for page in pages if "<script>alert" in desk.text(page)]
