"""Every route, every role, every method, and the answer that each is to get: one table."""

from collections.abc import Iterator

import django_otp
import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from recovery.enums import DESK_OPERATIONS, STAFF_OPERATIONS, Operation, Outcome, Role
from recovery.models import AuditEvent
from tests import factories
from tests.console import desk

pytestmark = pytest.mark.django_db

# 302 leads to the sign-in page, or for those who are in, on. 403: not this role. 404: not there.
# 405: not by this method. 410: a link that opens nothing. 422: an empty form, handed back.
TABLE = """
route         method  stranger holder half unverified by_code gone no_role agent lead auditor reports super

home          GET     302      302    302  302        302     302  302     302   302  302     302     302
home          POST    302      302    302  302        302     302  302     302   302  302     302     302
home          other   302      302    302  302        302     302  302     302   302  302     302     302

password      GET     200      200    200  200        200     200  302     302   302  302     302     302
password      POST    422      422    422  422        422     422  422     422   422  422     422     422
password      other   405      405    405  405        405     405  405     405   405  405     405     405

code          GET     302      302    200  302        302     302  302     302   302  302     302     302
code          POST    302      302    422  302        302     302  302     302   302  302     302     302
code          other   302      302    405  302        302     302  302     302   302  302     302     302

front         GET     302      302    302  302        302     302  200     200   200  200     200     200
front         POST    302      302    302  302        302     302  405     405   405  405     405     405
front         other   302      302    302  302        302     302  405     405   405  405     405     405

app           GET     302      302    302  302        302     302  302     302   302  302     302     302
app           POST    302      302    302  302        302     302  302     302   302  302     302     302
app           other   302      302    302  302        302     302  302     302   302  302     302     302

texts         GET     302      302    302  302        302     302  200     200   200  200     200     200
texts         POST    302      302    302  302        302     302  405     405   405  405     405     405
texts         other   302      302    302  302        302     302  405     405   405  405     405     405

accounts      GET     302      302    302  302        302     302  403     200   200  200     200     200
accounts      POST    302      302    302  302        302     302  405     405   405  405     405     405
accounts      other   302      302    302  302        302     302  405     405   405  405     405     405

account       GET     302      302    302  302        302     302  403     200   200  200     200     200
account       POST    302      302    302  302        302     302  405     405   405  405     405     405
account       other   302      302    302  302        302     302  405     405   405  405     405     405

account_old   GET     302      302    302  302        302     302  302     302   302  302     302     302
account_old   POST    302      302    302  302        302     302  302     302   302  302     302     302
account_old   other   302      302    302  302        302     302  302     302   302  302     302     302

operation     GET     302      302    302  302        302     302  405     405   405  405     405     405
operation     POST    302      302    302  302        302     302  403     422   422  422     422     422
operation     other   302      302    302  302        302     302  405     405   405  405     405     405

history       GET     302      302    302  302        302     302  403     200   200  200     200     200
history       POST    302      302    302  302        302     302  403     405   405  405     405     405
history       other   302      302    302  302        302     302  403     405   405  405     405     405

version       GET     302      302    302  302        302     302  403     200   200  200     200     200
version       POST    302      302    302  302        302     302  403     403   403  403     403     403
version       other   302      302    302  302        302     302  403     403   403  403     403     403

accounts_file GET     302      302    302  302        302     302  403     403   200  403     200     200
accounts_file POST    302      302    302  302        302     302  403     403   200  403     200     200
accounts_file other   302      302    302  302        302     302  405     405   405  405     405     405

ledger        GET     302      302    302  302        302     302  403     403   200  200     403     200
ledger        POST    302      302    302  302        302     302  405     405   405  405     405     405
ledger        other   302      302    302  302        302     302  405     405   405  405     405     405

event         GET     302      302    302  302        302     302  403     403   200  200     403     200
event         POST    302      302    302  302        302     302  403     403   403  403     403     403
event         other   302      302    302  302        302     302  403     403   403  403     403     403

event_old     GET     302      302    302  302        302     302  302     302   302  302     302     302
event_old     POST    302      302    302  302        302     302  302     302   302  302     302     302
event_old     other   302      302    302  302        302     302  302     302   302  302     302     302

ledger_file   GET     302      302    302  302        302     302  403     403   200  200     403     200
ledger_file   POST    302      302    302  302        302     302  403     403   200  200     403     200
ledger_file   other   302      302    302  302        302     302  405     405   405  405     405     405

nothing       GET     302      302    302  302        302     302  404     404   404  404     404     404
nothing       POST    302      302    302  302        302     302  404     404   404  404     404     404
nothing       other   302      302    302  302        302     302  404     404   404  404     404     404

link          GET     410      410    410  410        410     410  410     410   410  410     410     410
link          POST    410      410    410  410        410     410  410     410   410  410     410     410
link          other   405      405    405  405        405     405  405     405   405  405     405     405

sign_out      GET     302      302    302  302        302     302  405     405   405  405     405     405
sign_out      other   302      302    302  302        302     302  405     405   405  405     405     405
sign_out      POST    302      302    302  302        302     302  302     302   302  302     302     302
"""  # noqa: E501 - a table is read across

# What each role may do to an account holder when the form is filled in as it should be.
OPERATIONS = """
operation                 no_role agent lead auditor reports super

regenerate_backup_codes   403     200   200  403     403     200
issue_phone_code          403     200   200  403     403     200
send_recovery_link        403     302   302  403     403     302
withdraw_recovery_link    403     302   302  403     403     302
require_reenrolment       403     302   302  403     403     302
lift_reenrolment          403     302   302  403     403     302
report_authenticator_lost 403     302   302  403     403     302
invite_staff              403     403   302  403     403     302
change_role               403     403   302  403     403     302
remove_staff              403     403   302  403     403     302
"""

PATTERNS = {
    "": "home",
    "console/login/": "password",
    "console/login/code/": "code",
    "console/logout/": "sign_out",
    "console/": "front",
    "console/jsi18n/": "texts",
    "console/^(?P<app_label>recovery)/$": "app",
    "console/recovery/account/": "accounts",
    "console/recovery/account/<path:object_id>/change/": "account",
    "console/recovery/account/<path:object_id>/": "account_old",
    "console/recovery/account/<int:account_id>/operations/<slug:operation>/": "operation",
    "console/recovery/account/<path:object_id>/history/": "history",
    "console/recovery/account/^([^/]+)/history/([^/]+)/$": "version",
    "console/recovery/account/export/": "accounts_file",
    "console/recovery/auditevent/": "ledger",
    "console/recovery/auditevent/<path:object_id>/change/": "event",
    "console/recovery/auditevent/<path:object_id>/": "event_old",
    "console/recovery/auditevent/export/": "ledger_file",
    "console/(?P<url>.*)$": "nothing",
    "account/link/<str:token>/": "link",
}
"""Each pattern of the URLconf, and what it is called in the table."""

METHODS = {"GET": ("get", "head"), "POST": ("post",), "other": ("put", "delete", "patch")}


def paths(account, event):
    """Return one address for each route of the table."""
    account_at, event_at = f"{desk.ACCOUNTS}{account.pk}/", f"{desk.LEDGER}{event.pk}/"
    return {
        "home": "/",
        "password": desk.LOGIN,
        "code": desk.CODE_PAGE,
        "sign_out": "/console/logout/",
        "front": desk.FRONT,
        "texts": "/console/jsi18n/",
        "app": "/console/recovery/",
        "accounts": desk.ACCOUNTS,
        "account": f"{account_at}change/",
        "account_old": account_at,
        "operation": f"{account_at}operations/{Operation.ISSUE_PHONE_CODE}/",
        "history": f"{account_at}history/",
        "version": f"{account_at}history/{account.history.earliest().pk}/",
        "accounts_file": f"{desk.ACCOUNTS}export/",
        "ledger": desk.LEDGER,
        "event": f"{event_at}change/",
        "event_old": event_at,
        "ledger_file": f"{desk.LEDGER}export/",
        "nothing": "/console/nothing/here/",
        "link": "/account/link/no-such-token/",
    }


def holder():
    """Somebody who signed in to the host project and is no staff."""
    client = Client()
    client.force_login(factories.user())
    return client


def half():
    """A right password, and no more."""
    return desk.half_signed_in(desk.member(Role.AGENT))


def unverified():
    """Staff whom the host project signed in by password: the trap of stack-notes D4.1."""
    client = Client()
    client.force_login(desk.member(Role.AGENT))
    return client


def by_code():
    """Staff whose session the host project verified by a backup code."""
    person = desk.member(Role.AGENT)
    code_set, _ = factories.saved_codes(person.recovery_account)
    client = Client()
    client.force_login(person)
    session = client.session
    session[django_otp.DEVICE_ID_SESSION_KEY] = code_set.persistent_id
    session.save()
    return client


def gone():
    """Staff who were deactivated while they were signed in."""
    person = desk.member(Role.AGENT)
    client = desk.signed_in(person)
    type(person)._default_manager.filter(pk=person.pk).update(is_active=False)
    return client


ROLES = {
    "stranger": Client,
    "holder": holder,
    "half": half,
    "unverified": unverified,
    "by_code": by_code,
    "gone": gone,
    "no_role": lambda: desk.signed_in(desk.member()),
    "agent": lambda: desk.as_role(Role.AGENT),
    "lead": lambda: desk.as_role(Role.LEAD),
    "auditor": lambda: desk.as_role(Role.AUDITOR),
    "reports": lambda: desk.as_role(Role.REPORT_ADMINISTRATOR),
    "super": lambda: desk.signed_in(desk.member(is_superuser=True)),
}


def rows(table: str) -> list[dict[str, str]]:
    head, *lines = [line.split() for line in table.splitlines() if line]
    return [dict(zip(head, line, strict=True)) for line in lines]


def patterns(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield route
        else:
            yield from patterns(entry, route)


@pytest.mark.requirement("P10")
def test_every_route_is_in_the_table():
    assert set(patterns(get_resolver())) == set(PATTERNS)
    assert {row["route"] for row in rows(TABLE)} == set(PATTERNS.values())


@pytest.mark.requirement("P10")
def test_every_route_says_how_it_answers_each_method():
    listed = {(row["route"], row["method"]) for row in rows(TABLE)}

    assert listed == {(route, method) for route in PATTERNS.values() for method in METHODS}


@pytest.mark.requirement("P10")
def test_every_operation_of_the_desk_is_in_the_table():
    assert {row["operation"] for row in rows(OPERATIONS)} == {*DESK_OPERATIONS, *STAFF_OPERATIONS}


@pytest.mark.requirement("P10")
@pytest.mark.parametrize("role", ROLES)
def test_each_role_gets_the_answer_of_the_table(role):
    account = factories.account()
    client, at = ROLES[role](), paths(account, first_event())

    unlike = [
        f"{method} {row['route']}: {status}, and not {row[role]}"
        for row in rows(TABLE)
        for method in METHODS[row["method"]]
        if str(status := getattr(client, method)(at[row["route"]]).status_code) != row[role]
    ]

    assert unlike == []


@pytest.mark.requirement("P10")
@pytest.mark.parametrize("role", ["no_role", "agent", "lead", "auditor", "reports", "super"])
@pytest.mark.parametrize("row", rows(OPERATIONS), ids=lambda row: row["operation"])
def test_each_role_can_do_what_the_table_says(role, row):
    operation = Operation(row["operation"])
    subject, client = desk.subject_of(operation), ROLES[role]()
    values = complete(subject, operation, client)
    before = factories.snapshot()

    response = client.post(desk.target_of(subject, operation), values)

    assert str(response.status_code) == row[role]
    if row[role] == "403":
        assert factories.snapshot() == before
    else:
        assert factories.last_event(operation=operation).outcome == Outcome.COMPLETED


def first_event() -> AuditEvent:
    desk.as_role(Role.AGENT)
    return AuditEvent.objects.earliest("pk")


def complete(subject, operation, client):
    """Fill the form in; one without the page has to make up the mark."""
    if client.get(desk.page_of(subject)).status_code == 200:
        return desk.filled(client, subject, operation)
    return {"reason": "Curious", "proofing": "call_back", "form_mark": "none"}
