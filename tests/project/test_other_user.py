"""Both apps work with whatever user model the project around them has."""

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
