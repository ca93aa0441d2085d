"""The tier column follows the rights that the host project gives, by whatever way it gives them."""

import json

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core import serializers
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from recovery import sync
from recovery.enums import Role, Tier
from recovery.models import Account
from tests.factories import account, fresh, permissions, user

pytestmark = [pytest.mark.django_db, pytest.mark.any_user_model]

RIGHT = "export_accounts"


def team(*codenames, name="Night shift"):
    """Make a group of the host project's own, with these permissions."""
    made = Group.objects.create(name=name)
    made.permissions.add(*permissions(*codenames))
    return made


def right():
    (found,) = permissions(RIGHT)
    return found


def is_privileged(person):
    return Account.objects.get(user_id=person.pk).tier == Tier.PRIVILEGED


GRANTS = {
    "a staff flag": lambda person: _flag(person, "is_staff"),
    "a superuser's": lambda person: _flag(person, "is_superuser"),
    "a permission": lambda person: person.user_permissions.add(right()),
    "a permission, from the other end": lambda person: right().user_set.set([person]),
    "a group": lambda person: person.groups.add(team(RIGHT)),
    "a group, from the other end": lambda person: _into(team(RIGHT), person),
    "groups, set": lambda person: person.groups.set([team(RIGHT)]),
    "a role of the desk": lambda person: person.groups.add(Group.objects.get(name=Role.AUDITOR)),
    "a permission of a group that they are in": lambda person: _into(
        team(), person
    ).permissions.add(right()),
    "the same, from the other end": lambda person: right().group_set.add(_into(team(), person)),
}


def _flag(person, name):
    setattr(person, name, True)
    person.save()


def _into(group, person):
    group.user_set.add(person)
    return group


TAKEN = {
    "the group": lambda person, group: person.groups.remove(group),
    "all groups": lambda person, _: person.groups.clear(),
    "the group, from the other end": lambda person, group: group.user_set.remove(person),
    "all members": lambda _, group: group.user_set.clear(),
    "all members, set": lambda _, group: group.user_set.set([], clear=True),
    "the permission of the group": lambda _, group: group.permissions.remove(right()),
    "all permissions of the group": lambda _, group: group.permissions.clear(),
    "the same, from the other end": lambda _, group: right().group_set.remove(group),
    "all groups with the permission": lambda *_: right().group_set.clear(),
    "the group itself": lambda _, group: group.delete(),
    "groups by a query": lambda _, group: Group.objects.filter(pk=group.pk).delete(),
    "the permission itself": lambda *_: right().delete(),
}


class TestSignals:
    @pytest.mark.parametrize("grant", GRANTS.values(), ids=GRANTS)
    def test_what_is_granted_shows_at_once(self, grant):
        person, other = user(), user()
        assert not is_privileged(person)

        grant(person)

        assert is_privileged(person)
        assert not is_privileged(other)

    @pytest.mark.parametrize("take", TAKEN.values(), ids=TAKEN)
    def test_and_so_does_what_is_taken(self, take):
        person, other = user(), user(is_staff=True)
        group = _into(team(RIGHT), person)
        _into(group, other)

        take(person, group)

        assert not is_privileged(person)
        assert is_privileged(other)  # by the flag, which nobody has taken

    def test_a_permission_of_their_own_is_taken(self):
        person = user()
        person.user_permissions.add(right())

        right().user_set.clear()

        assert not is_privileged(person)

    def test_whoever_keeps_another_right_stays(self):
        person = user()
        kept = _into(team(RIGHT), person)
        _into(team(RIGHT, name="Day shift"), person).delete()

        assert is_privileged(person)
        kept.delete()
        assert not is_privileged(person)

    def test_a_group_that_may_nothing_gives_nothing(self):
        person = user()

        _into(team(), person)

        assert not is_privileged(person)

    def test_it_counts_while_they_are_deactivated(self):
        person = user(is_active=False)

        _into(team(RIGHT), person)

        assert is_privileged(person)

    def test_a_new_superuser_is_privileged_from_the_start(self):
        model = get_user_model()
        named = dict.fromkeys([model.USERNAME_FIELD, "email"], "root@example.org")

        call_command("createsuperuser", interactive=False, verbosity=0, **named)

        made = model.objects.get(**{model.USERNAME_FIELD: "root@example.org"})
        assert is_privileged(made)
        assert made.recovery_account.history.get().tier == Tier.PRIVILEGED

    def test_a_flag_that_is_taken_shows_with_the_save(self):
        person = user(is_staff=True)

        person.is_staff = False
        person.save(update_fields=["is_staff"])

        assert not is_privileged(person)

    def test_what_another_backend_grants_is_not_taken_for_nothing(self, settings):
        settings.AUTHENTICATION_BACKENDS = [f"{__name__}.EverybodyMayExport"]
        person = user()
        group = _into(team(RIGHT), person)
        assert is_privileged(person)

        group.delete()

        assert is_privileged(person)

    @pytest.mark.parametrize("members", [1, 50])
    def test_a_large_group_costs_no_more_than_a_small_one(self, members):
        group = team()
        for _ in range(members):
            _into(group, user())

        with CaptureQueriesContext(connection) as queries:
            group.permissions.add(right())

        assert len(queries) <= 10
        assert Account.objects.filter(tier=Tier.PRIVILEGED).count() == members


class EverybodyMayExport:
    """A backend whose grants no table of this database holds."""

    def get_all_permissions(self, _user, _obj=None):
        return {f"recovery.{RIGHT}"}


class TestFixtures:
    """``loaddata`` saves raw, and may bring people before their groups."""

    def test_people_and_groups_in_any_order(self, tmp_path):
        person = user()
        group = _into(team(RIGHT), person)
        loaded = json.loads(serializers.serialize("json", [person, group]))
        get_user_model().objects.all().delete()
        group.delete()
        path = tmp_path / "people.json"

        for number, rows in enumerate((loaded, loaded[::-1])):
            path.write_text(json.dumps(rows))
            call_command("loaddata", str(path), verbosity=0)

            assert is_privileged(get_user_model().objects.get(pk=person.pk)), number
            get_user_model().objects.all().delete()
            Group.objects.filter(pk=group.pk).delete()


class TestMigrate:
    def silent(self, count, **fields):
        """Make users in a way that sends no signal, as those of an older site."""
        model = get_user_model()
        named = [
            {model.USERNAME_FIELD: f"{len(fields)}{number}@example.org"} for number in range(count)
        ]
        return model.objects.bulk_create([model(**name, **fields) for name in named])

    def silently_in(self, group, people):
        model = get_user_model()
        field = model._meta.get_field("groups")
        ends = field.m2m_column_name(), field.m2m_reverse_name()
        rows = [dict(zip(ends, (one.pk, group.pk), strict=True)) for one in people]
        model.groups.through.objects.bulk_create(model.groups.through(**row) for row in rows)

    @pytest.mark.parametrize("count", [1, 50])
    def test_people_who_were_there_before_get_theirs_whatever_their_number(self, count):
        plain = self.silent(count)
        flagged = self.silent(count, is_staff=True)
        grouped = self.silent(count, is_active=True, password="!")
        self.silently_in(team(RIGHT), grouped)

        with CaptureQueriesContext(connection) as queries:
            sync.make_missing()

        assert len([one for one in queries if one["sql"].startswith("UPDATE")]) == 1
        assert not any(map(is_privileged, plain))
        assert all(map(is_privileged, [*flagged, *grouped]))

    def test_a_right_that_came_by_sql_since_shows_after_the_next_migrate(self):
        person = account().user
        self.silently_in(team(RIGHT), [person])

        call_command("migrate", verbosity=0)

        assert is_privileged(person)

    def test_who_is_privileged_for_other_reasons_stays(self):
        """A backend of the project's own may say so; ``sync_accounts`` asks it."""
        other = account(tier=Tier.PRIVILEGED)

        sync.make_missing()

        assert fresh(other).tier == Tier.PRIVILEGED
