"""People, their accounts and what an agent says about a case, for whatever user model there is."""

import itertools
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.utils import timezone

from recovery import actions, links, totp
from recovery.actors import Actor, Grounds, Source
from recovery.audit.operations import under_way
from recovery.code_sets import Prepared, replace
from recovery.enums import (
    READ_OPERATIONS,
    AuthenticatorKind,
    CodeKind,
    FlagOrigin,
    JobKind,
    JobState,
    Operation,
    Proofing,
    Role,
)
from recovery.flags import mark_enrolled, raise_flag
from recovery.models import (
    Account,
    AuditEvent,
    BackupCodeSet,
    ChainEntry,
    ContactAddress,
    FailureTally,
    Job,
    Notice,
    Throttle,
)

SOURCE = Source(address="192.0.2.7", user_agent="Firefox on a desk")
_numbers = itertools.count(1)


@contextmanager
def arranging():
    """Give people what a test begins with: their rights are no news to the ledger."""
    token = under_way.set(Operation.ENROL_STAFF)
    try:
        yield
    finally:
        under_way.reset(token)


@arranging()
def user(**fields):
    """Make somebody who has no power anywhere."""
    model = get_user_model()
    name = f"person{next(_numbers)}@example.org"
    named = {model.USERNAME_FIELD: name, model.get_email_field_name(): name}
    return model.objects.create_user(**named, password=None, **fields)


def account(*, addresses=("known@example.org",), **state):
    """Make an account holder; each of ``addresses`` was confirmed a month ago."""
    made = user().recovery_account
    for known in addresses:
        address(made, known)
    Account.objects.filter(pk=made.pk).update(**state)
    return fresh(made)


def address(owner, text="second@example.org", *, days=30, confirmed=True):
    """Put an address on record, confirmed ``days`` ago, or not confirmed at all."""
    since = timezone.now() - timedelta(days=days)
    proof = {"confirmed_at": since, "confirmed_from": "test"} if confirmed else {}
    return ContactAddress.objects.create(account=owner, address=text, added_at=since, **proof)


def fresh(stored):
    """Read a row again, with nothing cached."""
    return type(stored)._default_manager.get(pk=stored.pk)


@arranging()
def actor(*may: Operation, person=None, **overrides):
    """Make a member of staff who may do just that, signed in with an authenticator a moment ago."""
    person = person or user(is_staff=True)
    person.user_permissions.add(*permissions(*(operation.value for operation in may)))
    known = {
        "verified_by": AuthenticatorKind.TOTP,
        "authenticator": "recovery.totpauthenticator/7",
        "verified_at": timezone.now(),
        "session_digest": "5e55",
        "source": SOURCE,
    }
    return Actor(user=person, name=person.get_username(), **known | overrides)


@arranging()
def staff(role: Role, **overrides):
    """Make a member of staff who holds ``role``."""
    person = user(is_staff=True)
    person.groups.add(Group.objects.get(name=role.value))
    return actor(person=person, **overrides)


def permissions(*codenames: str):
    """Find permissions of the domain by codename."""
    found = Permission.objects.filter(content_type__app_label="recovery", codename__in=codenames)
    return list(found)


def grounds(**overrides):
    """Say why, the way an agent would."""
    said = {"reason": "Lost the phone", "ticket": "HD-1", "proofing": Proofing.CALL_BACK}
    return Grounds(**said | overrides)


def saved_codes(owner):
    """Give an account a live set; return it and its clear codes."""
    return _issue(owner, Prepared.saved())


def phone_code(owner):
    """Give an account a phone code; return its set and the clear code."""
    code_set, clear = _issue(owner, Prepared.phone())
    return code_set, clear[0]


def app(owner, *, key=None):
    """Bind an authenticator app to an account."""
    bound = totp.bind(owner.user, key or totp.new_key(), name="phone")
    mark_enrolled(fresh(owner), actor=Actor.worker(), reason="bound")
    return bound


def flag(owner, *, origin=FlagOrigin.DESK, due_at=None):
    """Make an account re-enrol."""
    raise_flag(fresh(owner), origin=origin, actor=Actor.worker(), reason="flagged", due_at=due_at)


def report_lost(owner, authenticator="", by=None):
    """Let the desk report everything lost, or the one of that persistent id."""
    return actions.report_authenticator_lost(
        actor=by or actor(Operation.REPORT_AUTHENTICATOR_LOST),
        subject=owner,
        grounds=grounds(),
        authenticator=authenticator,
    )


def live_set(owner, kind=CodeKind.SAVED):
    """Find the live set of a kind."""
    return BackupCodeSet.objects.get(user_id=owner.user_id, kind=kind, confirmed=True)


def _issue(owner, prepared):
    with transaction.atomic():
        replace(owner, prepared)
    return live_set(owner, prepared.kind), tuple(code.reveal() for code in prepared.clear)


def table(**state):
    """Keep a table that somebody brought in who is not there any more."""
    known = {"kind": JobKind.IMPORT, "operation": Operation.LIFT_REENROLMENT}
    return Job.objects.create(**known | {"state": JobState.READY} | state)


def snapshot():
    """Read everything that an operation could have changed, the ledger left out."""
    kept_out = {AuditEvent, ChainEntry, Throttle, FailureTally}
    models = [model for model in apps.get_models() if model._meta.app_label == "recovery"]
    models += [get_user_model(), get_user_model().groups.through]
    return {
        model.__name__: list(model._base_manager.order_by("pk").values())
        for model in models
        if model not in kept_out
    }


def last_event(**filters):
    """Find the newest event of what was done; who looked since is left out."""
    return AuditEvent.objects.exclude(operation__in=READ_OPERATIONS).filter(**filters).latest("pk")


def open_link(owner, text="known@example.org"):
    """Make a link for an account that a mail server has taken; return it and its token."""
    link = links.queue(
        owner, owner.addresses.get(address=text), operation=Operation.SEND_RECOVERY_LINK
    )
    token = links.make_token(link)
    links.handed_over(link)
    return link, token


def notice(owner, text="known@example.org", *, state, days=0):
    """Queue a mail to an address that came to its end ``days`` ago."""
    return Notice.objects.create(
        operation=Operation.ISSUE_PHONE_CODE,
        account=owner,
        address=text,
        dedupe_key=f"test:{next(_numbers)}",
        state=state,
        ended_at=timezone.now() - timedelta(days=days),
    )


def refused(refusal, call, *args):
    """Assert that ``call``, by a lead, raises ``refusal``, changes nothing and is recorded."""
    lead = staff(Role.LEAD)
    before = snapshot()
    with pytest.raises(refusal) as raised:
        call(*args, by=lead)
    assert type(raised.value) is refusal
    assert snapshot() == before
    assert last_event().refusal == refusal.code
