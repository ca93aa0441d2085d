"""What holds for all notices, all routes and all operations at once."""

import re
from pathlib import Path

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model

from recovery import mails, notices
from recovery.actors import Actor
from recovery.announcements import NOT_VETOABLE, WHAT_HAPPENED
from recovery.audit import Draft, append
from recovery.enums import Outcome
from recovery.models import BackupCode, BackupCodeSet, TotpAuthenticator
from tests import factories, test_routes
from tests.console import desk
from tests.holder.visitor import PASSWORD, Visitor, be_patient, holder, link_in, one_time_code
from tests.plumbing.undone import undone

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parents[2]
SETS_A_PASSWORD = re.compile(r"\b(set_password|make_password|set_unusable_password)\b")

SIGN_IN = {"password", "code", "a_password", "a_code", "a_link", "a_finish"}
"""Routes that look at a password or a code to let somebody in, by their names in the table."""
CHANGE = {
    "operation",
    "a_key",
    "a_prove",
    "a_codes",
    "a_finish",
    "a_new_codes",
    "a_take",
    "a_new_app",
    "a_revoke",
    "a_freeze",
    "a_veto",
}
"""Routes that make, bind or end an authenticator or a code."""


@pytest.mark.requirement("N20")
@pytest.mark.parametrize("operation", WHAT_HAPPENED)
def test_every_notice_says_whom_to_call_and_how_to_say_that_it_was_not_me(operation, settings):
    settings.RECOVERY_DESK_CONTACT = "extension 4357"
    who = holder()
    draft = Draft(operation=operation, actor=Actor.stranger(), subject=who.account)
    [notice] = notices.queue(append(draft, Outcome.COMPLETED), who.account)

    mail = mails.about_operation(notice)

    page = mail.alternatives[0][0]
    assert "extension 4357" in mail.body
    assert "extension 4357" in page
    path = link_in(mail)
    assert (path is None) == (operation in NOT_VETOABLE)
    if path is not None:
        assert path in page
        assert Visitor().get(path).status_code == 200


@pytest.mark.requirement("A2")
def test_every_route_is_listed_and_so_is_what_signs_in_or_changes_an_authenticator():
    ours = {
        route
        for route in test_routes.patterns(test_routes.get_resolver())
        if not route.startswith("demo/")
    }

    assert ours == set(test_routes.PATTERNS)
    assert set(test_routes.PATTERNS.values()) >= SIGN_IN | CHANGE


@pytest.mark.requirement("A2")
@pytest.mark.parametrize("stage", ["stranger", "guest", "back", "owner"])
def test_what_is_not_listed_signs_nobody_in_and_changes_no_authenticator(stage):
    """Each is sent all that could let somebody in."""
    who, visitor = holder(), Visitor()
    {
        "stranger": lambda: None,
        "guest": lambda: visitor.give_password(who),
        "back": lambda: visitor.recover_by_code(who),
        "owner": lambda: visitor.sign_in(who),
    }[stage]()
    at = test_routes.paths(who.account, test_routes.first_event())
    before, is_in = authenticators(), visitor.user_id

    for name in sorted(set(test_routes.PATTERNS.values()) - SIGN_IN - CHANGE):
        with undone():
            visitor.post(at[name], all_that_opens(who))
            assert visitor.user_id in {None, is_in}, name
            assert authenticators() == before, name


def all_that_opens(who):
    code = one_time_code(who.app)
    be_patient()
    return {"name": who.name, "password": PASSWORD, "code": code, "one_time_code": code}


def authenticators():
    """What of them may not change by itself; their counters may."""
    return (
        list(TotpAuthenticator.objects.order_by("pk").values_list("pk", "confirmed", "revoked_at")),
        list(BackupCodeSet.objects.order_by("pk").values_list("pk", "confirmed", "ended_at")),
        list(BackupCode.objects.order_by("pk").values_list("pk", "digest", "used_at")),
    )


@pytest.mark.requirement("A10")
def test_nothing_at_the_desk_sets_a_password():
    """No operation, no page and no command of ours: passwords are the host project's."""
    sources = [*(ROOT / "recovery").rglob("*.py"), *(ROOT / "console").rglob("*.py")]

    setting = [path.name for path in sources if SETS_A_PASSWORD.search(path.read_text("utf-8"))]

    assert len(sources) > 50
    assert setting == []
    assert get_user_model() not in admin.site._registry


@pytest.mark.requirement("A10")
@pytest.mark.parametrize(
    "row", test_routes.rows(test_routes.OPERATIONS), ids=lambda row: row["operation"]
)
def test_no_operation_of_the_desk_touches_or_shows_a_password(row):
    operation = test_routes.Operation(row["operation"])
    subject, client = desk.subject_of(operation), test_routes.ROLES["lead"]()
    hashed = subject.user.password
    values = test_routes.complete(subject, operation, client)

    answer = client.post(test_routes.desk.target_of(subject, operation), values)

    assert answer.status_code in {200, 302}
    assert factories.fresh(subject).user.password == hashed
    assert hashed not in answer.content.decode() or not hashed
