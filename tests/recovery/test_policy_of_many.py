"""The policy for many: of each what the policy of one says, and never anything looser."""

import pytest
from django.contrib.auth.backends import BaseBackend, ModelBackend
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from recovery import errors, policy, policy_of_many
from recovery.enums import Operation
from recovery.models import Account
from tests.factories import account, actor, arranging, fresh, grounds, permissions

pytestmark = pytest.mark.django_db

ON_ACCOUNTS = [
    operation
    for operation, rules in policy.RULES.items()
    if policy.outranks_the_subject in rules or policy.is_at_least_a_peer in rules
]
OUTRANKS = errors.SubjectOutranksActor.code
CODENAMES = ["view_account", "require_reenrolment", "send_recovery_link", "export_events"]
rights = st.sets(st.sampled_from(CODENAMES), max_size=2)
people = st.fixed_dictionaries(
    {
        "own": rights,
        "by_group": rights,
        "flags": st.sampled_from(
            [{}, {}, {"is_staff": True}, {"is_superuser": True}, {"is_active": False}]
        ),
        "frozen": st.booleans(),
    }
)


class GrantsNothing(BaseBackend):
    pass


class GrantsToHolders(ModelBackend):
    def get_user_permissions(self, user_obj, obj=None):
        held = super().get_user_permissions(user_obj, obj)
        return held if user_obj.is_staff else held | {"payroll.pay"}


@arranging()
def person(one):
    made = account(addresses=())
    made.user.user_permissions.add(*permissions(*one["own"]))
    if one["by_group"]:
        group = Group.objects.create(name=f"group of {made.pk}")
        group.permissions.add(*permissions(*one["by_group"]))
        made.user.groups.add(group)
    type(made.user)._default_manager.filter(pk=made.user_id).update(**one["flags"])
    Account.objects.filter(pk=made.pk).update(
        frozen_at=timezone.now() if one.get("frozen") else None
    )
    return fresh(made)


def attempt(agent, operation, subject=None):
    return policy.Attempt(operation=operation, actor=agent, subject=subject, grounds=grounds())


def by_hand(one):
    try:
        policy.require(one)
    except errors.RecoveryError as refusal:
        return refusal.code
    return None


class Equality(TestCase):
    @settings(max_examples=15, phases=[Phase.generate])
    @given(st.lists(people, min_size=1, max_size=8), rights, st.sampled_from(ON_ACCOUNTS))
    def test_each_is_refused_as_by_hand(self, population, held, operation):
        agent = actor(operation, *map(Operation, held - {"view_account"}))
        accounts = [*map(person, population), agent.user.recovery_account]

        refusals = policy_of_many.refusals(attempt(agent, operation), accounts)

        expected = {one.pk: by_hand(attempt(agent, operation, one)) for one in accounts}
        found = {one.pk: refusals.get(one.pk) for one in accounts}
        assert {pk: one and one.code for pk, one in found.items()} == expected


@pytest.mark.parametrize("backend", [ModelBackend, GrantsNothing, GrantsToHolders])
def test_permissions_are_those_that_the_backends_say(settings, backend):
    settings.AUTHENTICATION_BACKENDS = [
        "django.contrib.auth.backends.ModelBackend",
        f"{backend.__module__}.{backend.__name__}",
    ]
    accounts = [person({"own": {"view_account"}, "by_group": {"export_events"}, "flags": {}})]
    accounts.append(account())

    found = policy_of_many.permissions_of_many(accounts)

    expected = {one.pk: policy.permissions_of(one.user) for one in accounts}
    assert found == ({} if backend is GrantsToHolders else expected)


def test_what_another_backend_grants_counts_for_the_rank(settings):
    agent = actor(Operation.REQUIRE_REENROLMENT)
    settings.AUTHENTICATION_BACKENDS = [f"{__name__}.GrantsToHolders"]
    subject = account()

    refusals = policy_of_many.refusals(attempt(agent, Operation.REQUIRE_REENROLMENT), [subject])

    assert by_hand(attempt(agent, Operation.REQUIRE_REENROLMENT, subject)) == OUTRANKS
    assert refusals[subject.pk].code == OUTRANKS


@pytest.mark.parametrize("many", [3, 40])
def test_it_asks_as_much_about_many_as_about_few(many):
    agent = actor(Operation.REQUIRE_REENROLMENT)
    one = {"own": {"view_account"}, "by_group": set(), "flags": {"is_staff": True}}
    accounts = [person(one) for _ in range(many)]
    pks = [one.pk for one in accounts]
    read = list(Account.objects.select_related("user").filter(pk__in=pks))

    with CaptureQueriesContext(connection) as queries:
        policy_of_many.refusals(attempt(agent, Operation.REQUIRE_REENROLMENT), read)

    assert len(queries) == 4
