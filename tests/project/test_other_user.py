"""Both apps work with whatever user model the project around them has."""

import os
import subprocess
import sys

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command

pytestmark = pytest.mark.django_db


def test_the_checks_pass():
    call_command("check", fail_level="WARNING")


def test_no_migration_is_missing():
    call_command("makemigrations", "recovery", check=True, dry_run=True, verbosity=0)


def test_a_new_user_has_an_account():
    name = {get_user_model().USERNAME_FIELD: "amelie@example.org"}
    user = get_user_model().objects.create_user(**name, password=None)

    assert user.recovery_account is not None


ALL_OF_A_PLAIN_SITE = """
import django
django.setup()
from django.contrib.auth import get_user_model
from django.core.management import call_command
from recovery.models import Account, AuditEvent

Users = get_user_model()
call_command("migrate", "contenttypes", verbosity=0)
call_command("migrate", "auth", verbosity=0)
call_command("migrate", run_syncdb=True, verbosity=0)
Users.objects.bulk_create(
    [Users(email="chief@example.org", is_admin=True), Users(email="clerk@example.org")]
)
call_command("migrate", verbosity=0)
tiers = dict(Account.objects.values_list("user__email", "tier"))
assert tiers == {"chief@example.org": "privileged", "clerk@example.org": "standard"}, tiers
for email, is_admin in (("clerk@example.org", True), ("chief@example.org", False)):
    user = Users.objects.get(email=email)
    user.is_admin = is_admin
    user.save()
tiers = dict(Account.objects.values_list("user__email", "tier"))
assert tiers == {"clerk@example.org": "privileged", "chief@example.org": "standard"}, tiers
events = AuditEvent.objects.filter(operation="change_rights").order_by("pk")
changed = [event.detail["now"] for event in events]
assert changed == [{"is_staff": True}, {"is_staff": False}], changed
call_command("sync_accounts")
"""


def test_a_user_model_without_groups_or_permissions_will_do(tmp_path):
    """Also while a database is only half migrated."""
    told = subprocess.run(
        [sys.executable, "-c", ALL_OF_A_PLAIN_SITE],
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "tests.settings_plain_user",
            "DATABASE_URL": f"sqlite:///{tmp_path}/plain.sqlite3",
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert told.returncode == 0, told.stderr
    assert told.stdout == "2 accounts, 0 of them new.\n"
