"""Our backend answers as Django's own does, and asks less."""

import pytest
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AnonymousUser, Group, Permission

from recovery.backends import AccountBackend
from recovery.enums import Role
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def person():
    with factories.arranging():
        user = factories.user()
        user.groups.add(Group.objects.get(name=Role.AGENT.value))
        user.user_permissions.add(Permission.objects.get(codename="view_auditevent"))
    return user


def test_permissions_are_those_that_django_finds(person):
    expected = ModelBackend().get_all_permissions(type(person).objects.get(pk=person.pk))

    found = AccountBackend().get_all_permissions(type(person).objects.get(pk=person.pk))

    assert found == expected
    assert {"recovery.view_auditevent", "recovery.view_account"} <= found


def test_permissions_are_asked_for_once(person, django_assert_num_queries):
    backend = AccountBackend()

    with django_assert_num_queries(1):
        for _ in range(2):
            assert backend.has_perm(person, "recovery.view_auditevent")


@pytest.mark.parametrize("change", [{"is_active": False}, {"is_superuser": True}])
def test_who_is_shut_out_has_none_and_a_superuser_has_all(person, change):
    for name, value in change.items():
        setattr(person, name, value)

    found = AccountBackend().get_all_permissions(person)

    assert len(found) == (Permission.objects.count() if person.is_active else 0)


def test_nobody_has_no_permission():
    assert AccountBackend().get_all_permissions(AnonymousUser()) == set()


def test_the_account_comes_with_the_user(person, django_assert_num_queries):
    with django_assert_num_queries(1):
        found = AccountBackend().get_user(person.pk)
        assert found.recovery_account.user_id == person.pk


def test_who_is_shut_out_or_gone_is_nobody(person):
    gone = person.pk + 1
    type(person).objects.filter(pk=person.pk).update(is_active=False)

    assert AccountBackend().get_user(person.pk) is None
    assert AccountBackend().get_user(gone) is None
