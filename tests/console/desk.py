"""Staff of the desk as the pages know them: who signs in, opens a dialog and sends it."""

import re
from datetime import datetime, timedelta

import django_otp
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from console.staff_session import MARK_KEY
from recovery import totp
from recovery.enums import Operation, Role
from recovery.models import Account, TotpAuthenticator
from tests import factories

PASSWORD = "a long password 1"
LOGIN = "/console/login/"
CODE_PAGE = "/console/login/code/"
FRONT = "/console/"
ACCOUNTS = "/console/recovery/account/"
LEDGER = "/console/recovery/auditevent/"
REVIEW = "/console/recovery/reviewitem/"
ELSEWHERE = "198.51.100.20"
FORM_MARK = re.compile(r'name="form_mark" value="([^"]+)"')

SHOWS_CODES = (Operation.REGENERATE_BACKUP_CODES, Operation.ISSUE_PHONE_CODE)

OWN_QUESTIONS = {
    Operation.REQUIRE_REENROLMENT: {"due": "1"},
    Operation.REPORT_AUTHENTICATOR_LOST: {"authenticator": ""},
    Operation.INVITE_STAFF: {"role": Role.AGENT.value},
    Operation.CHANGE_ROLE: {"role": Role.AUDITOR.value},
}
"""What the dialog of an operation asks besides the grounds."""


@factories.arranging()
def member(role=None, **fields):
    """Make a member of staff with a password and an authenticator app."""
    person = factories.user(**{"is_staff": True} | fields)
    person.set_password(PASSWORD)
    person.save()
    if role is not None:
        person.groups.add(Group.objects.get(name=role.value))
    totp.bind(person, totp.new_key(), name="phone")
    return person


def one_time_code(person):
    """Return a code that will be taken, as if the last one were long ago."""
    bound = TotpAuthenticator.objects.filter(user=person, confirmed=True)
    bound.update(last_step=-1, failures=0, retry_at=None)
    return totp.current_code(bound.get()).reveal()


def give_password(client, person, *, password=PASSWORD, **more):
    return client.post(LOGIN, {"name": person.get_username(), "password": password} | more)


def half_signed_in(person, **client_options):
    """Return a client that has come through the first page only."""
    client = Client(**client_options)
    assert give_password(client, person).status_code == 302
    return client


def signed_in(person, **client_options):
    """Return a client that has come through both pages."""
    client = half_signed_in(person, **client_options)
    assert client.post(CODE_PAGE, {"one_time_code": one_time_code(person)}).status_code == 302
    return client


def as_role(role, **client_options):
    """Return a client signed in as a new member of staff with that role."""
    return signed_in(member(role), **client_options)


def verified_by_a_backup_code(person):
    """Return a client whose session a host project's login verified by a backup code."""
    code_set, _ = factories.saved_codes(person.recovery_account)
    client = Client()
    client.force_login(person)
    session = client.session
    session[django_otp.DEVICE_ID_SESSION_KEY] = code_set.persistent_id
    session.save()
    return client


def whoever(client):
    """Return the primary key of who is signed in, as text; empty for nobody."""
    return client.session.get("_auth_user_id", "")


def page_of(account):
    return reverse("admin:recovery_account_change", args=[account.pk])


def dialog_of(account, operation):
    return f"{page_of(account)}?dialog={operation.value}"


def target_of(account, operation):
    return reverse("admin:recovery_account_operation", args=[account.pk, operation.value])


def form_mark(response):
    return FORM_MARK.search(response.content.decode())[1]


def filled(client, account, operation, **changes):
    """Open a dialog and return what an agent would send with it."""
    opened = client.get(dialog_of(account, operation))
    said = {"reason": "Lost the phone", "ticket": "HD-1", "proofing": "call_back"}
    own = OWN_QUESTIONS.get(operation, {})
    if operation is Operation.SEND_RECOVERY_LINK:
        own = {"address": str(account.addresses.earliest("confirmed_at").pk)}
    return {"form_mark": form_mark(opened)} | said | own | changes


def operate(client, account, operation, **changes):
    """Fill the dialog of an operation and send it."""
    values = filled(client, account, operation, **changes)
    return client.post(target_of(account, operation), values)


def travel(client, *names: str, back: timedelta):
    """Move moments of a session's mark back, as if the time had passed."""
    session = client.session
    mark = dict(session[MARK_KEY])
    for name in names:
        mark[name] = (datetime.fromisoformat(mark[name]) - back).isoformat()
    session[MARK_KEY] = mark
    session.save()


def let_the_step_up_go_stale(client):
    travel(client, "verified_at", back=timedelta(minutes=6))


def statements(client, address):
    """Return the SQL that a page costs."""
    with CaptureQueriesContext(connection) as ran:
        assert client.get(address).status_code == 200
    return [query["sql"] for query in ran]


def text(response):
    return data(response).decode()


def data(response):
    """Return the bytes of an answer. One that is streamed can be read as often as another."""
    if not response.streaming:
        return response.content
    if not hasattr(response, "was_read"):
        response.was_read = response.getvalue()
    return response.was_read


def report_of(page):
    """Return the report that the Export button of a list leads to."""
    return {ACCOUNTS: "/console/reports/coverage/", LEDGER: "/console/reports/ledger/"}[page]


def take_out(client, page, kind="csv", **more):
    """Take a report out, and read the file to its end."""
    response = client.post(page, {"format": kind} | more)
    data(response)
    return response


def in_an_hour():
    return timezone.now() + timedelta(hours=1)


def subject_of(operation):
    """Make an account on which the operation makes sense."""
    if operation in {Operation.CHANGE_ROLE, Operation.REMOVE_STAFF}:
        return member(Role.AGENT).recovery_account
    if operation is Operation.CONFIRM_STAFF:
        return changed(member(Role.AGENT).recovery_account, power_suspended_at=timezone.now())
    subject = factories.account()
    factories.app(subject)
    if operation is Operation.WITHDRAW_RECOVERY_LINK:
        factories.open_link(subject)
    if operation is Operation.LIFT_REENROLMENT:
        factories.flag(subject)
    if operation is Operation.CLOSE_INCIDENT:
        return changed(subject, frozen_at=timezone.now())
    return subject


def changed(account, **state):
    """Set columns of an account past every rule."""
    Account.objects.filter(pk=account.pk).update(**state)
    return factories.fresh(account)


def refusal_on(response):
    """Return the code of the refusal that the open dialog shows."""
    page = text(response)
    assert '<dialog open id="dialog"' in page
    return re.search(r'data-refusal="(\w+)"', page)[1]


def still_filled(response):
    """Say whether the dialog still holds what ``filled`` put there."""
    page = text(response)
    return "Lost the phone" in page and 'value="HD-1"' in page
