"""Rights that are given or taken past the desk are on the ledger, whoever does it."""

import json
from unittest.mock import patch

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.db import DatabaseError

from recovery import actions
from recovery.actors import Source, current_source, current_visitor
from recovery.enums import Operation, Role
from recovery.models import AuditEvent
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def user():
    return factories.user()


@pytest.fixture
def group():
    return Group.objects.create(name="Cleaners")


@pytest.fixture
def permission():
    return Permission.objects.get(codename="view_account")


class Changes:
    """What was recorded since this was made."""

    def __init__(self):
        self.last = getattr(AuditEvent.objects.order_by("-pk").first(), "pk", 0)

    def events(self):
        found = AuditEvent.objects.filter(pk__gt=self.last, operation=Operation.CHANGE_RIGHTS)
        return list(found.order_by("pk"))

    def details(self):
        return [event.detail for event in self.events()]


@pytest.mark.parametrize(
    ("field", "value"), [("is_staff", True), ("is_superuser", True), ("is_active", False)]
)
@pytest.mark.parametrize("only", [True, False])
def test_a_flag_that_changes_is_recorded_once_with_what_it_was(user, field, value, only):
    changes = Changes()
    setattr(user, field, value)

    user.save(update_fields=[field] if only else None)
    user.save()

    [event] = changes.events()
    assert event.subject_id == str(user.pk)
    assert event.detail == {
        "what": "user_flags",
        "of": user.get_username(),
        "was": {field: not value},
        "now": {field: value},
    }


def test_saving_a_user_otherwise_records_nothing_and_a_sign_in_asks_nothing(
    user, django_assert_num_queries
):
    changes = Changes()
    user.save()
    with django_assert_num_queries(1):
        user.save(update_fields=["last_login"])
    factories.user()

    assert changes.events() == []


def test_a_new_user_with_rights_is_recorded():
    changes = Changes()

    made = get_user_model().objects.create_user(
        **{get_user_model().USERNAME_FIELD: "new@example.org"}, is_staff=True
    )

    [event] = changes.events()
    assert event.subject_id == str(made.pk)
    assert event.detail["now"] == {"is_staff": True}


@pytest.mark.parametrize("end", ["user", "group"])
def test_a_membership_is_recorded_from_either_end(user, group, end):
    changes, other = Changes(), Group.objects.create(name="Others")
    changes = Changes()
    give, take = {
        "user": (user.groups.add, user.groups.remove),
        "group": (group.user_set.add, group.user_set.remove),
    }[end]
    thing = group if end == "user" else user

    give(thing)
    give(thing)
    take(thing)
    take(thing)
    user.groups.remove(other)

    said = {"what": "user_groups", "of": user.get_username()}
    assert changes.details() == [said | {"added": ["Cleaners"]}, said | {"removed": ["Cleaners"]}]
    assert {event.subject_id for event in changes.events()} == {str(user.pk)}


def test_a_permission_of_a_person_and_of_a_group_is_recorded(user, group, permission):
    changes = Changes()

    user.user_permissions.add(permission)
    group.permissions.set([permission])
    permission.group_set.remove(group)
    user.user_permissions.clear()

    name = "recovery.view_account"
    of_user = {"what": "user_permissions", "of": user.get_username()}
    of_group = {"what": "group_permissions", "of": "Cleaners"}
    assert changes.details() == [
        of_user | {"added": [name]},
        of_group | {"added": [name]},
        of_group | {"removed": [name]},
        of_user | {"removed": [name]},
    ]


def test_a_group_is_recorded_as_it_comes_is_renamed_and_goes(user, permission):
    changes = Changes()
    group = Group.objects.create(name="Cleaners")
    group.permissions.add(permission)
    user.groups.add(group)
    group.name = "Sweepers"
    group.save()
    group.save()

    group.delete()

    came, _, _, renamed, went, lost = changes.details()
    assert came == {"what": "group_name", "of": "Cleaners", "was": "", "now": "Cleaners"}
    assert (renamed["was"], renamed["now"]) == ("Cleaners", "Sweepers")
    assert went == {
        "what": "group_deleted",
        "of": "Sweepers",
        "removed": ["recovery.view_account"],
    }
    assert (lost["of"], lost["removed"]) == (user.get_username(), ["Sweepers"])


def test_a_user_who_is_deleted_is_recorded_with_what_they_held(user, group):
    user.groups.add(group)
    changes, name, pk = Changes(), user.get_username(), user.pk

    get_user_model().objects.filter(pk=pk).delete()

    [event] = changes.events()
    assert (event.subject_id, event.subject_name) == (str(pk), name)
    assert event.detail == {"what": "user_deleted", "of": name, "removed": ["Cleaners"]}


def test_what_a_fixture_loads_is_recorded(tmp_path, user, group):
    fixture = tmp_path / "rights.json"
    fields = {"name": "Cleaners", "permissions": [["view_account", "recovery", "account"]]}
    fixture.write_text(json.dumps([{"model": "auth.group", "pk": group.pk, "fields": fields}]))
    changes = Changes()

    call_command("loaddata", str(fixture), verbosity=0)
    call_command("loaddata", str(fixture), verbosity=0)

    assert [detail["added"] for detail in changes.details()] == [["recovery.view_account"]]


@pytest.mark.django_db(transaction=True)
def test_what_the_desk_does_is_said_once_by_its_own_event():
    said = {"actor": factories.staff(Role.LEAD), "grounds": factories.grounds()}
    subject = factories.account()
    changes = Changes()

    actions.invite_staff(**said, subject=subject, role=Role.AGENT)
    actions.change_role(**said, subject=subject, role=Role.AUDITOR)
    actions.remove_staff(**said, subject=subject)

    assert changes.events() == []


class TestWho:
    def test_the_user_of_the_shell_where_there_is_no_request(self, user):
        changes = Changes()

        with patch("sys.argv", ["manage.py", "loaddata", "roles"]):
            user.groups.create(name="Cleaners")

        names = {event.actor_name.partition(" ")[0] for event in changes.events()}
        assert names == {"loaddata"}

    @pytest.mark.parametrize("is_known", [True, False])
    def test_whoever_is_signed_in_where_there_is_one(self, user, group, is_known):
        admin, changes = factories.user(), Changes()
        source = current_source.set(Source(address="198.51.100.7"))
        visitor = current_visitor.set(lambda: admin if is_known else None)
        try:
            user.groups.add(group)
        finally:
            current_visitor.reset(visitor)
            current_source.reset(source)

        [event] = changes.events()
        assert event.actor_id == (str(admin.pk) if is_known else "")
        assert (event.source_address, event.verified_by) == ("198.51.100.7", "")


@pytest.mark.requirement("A35")
@pytest.mark.django_db(transaction=True)
def test_what_cannot_be_recorded_is_not_given(user, group):
    broken = patch("recovery.rights.append", side_effect=DatabaseError)
    with broken, pytest.raises(DatabaseError):
        user.groups.add(group)

    assert not user.groups.exists()
