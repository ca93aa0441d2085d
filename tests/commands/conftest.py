"""People to run commands on, and commands that keep what they printed."""

from dataclasses import dataclass
from io import StringIO

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import transaction

from recovery import code_sets
from recovery.code_sets import Prepared
from recovery.models import Account, ContactAddress
from tests.factories import arranging


@dataclass
class Printed:
    """What a command wrote, and how it ended."""

    out: str
    err: str
    code: int = 0


@pytest.fixture
def run():
    """Run a command as the shell would, and return what it printed."""

    def run_command(name, *arguments, **options):
        out, err = StringIO(), StringIO()
        try:
            call_command(name, *arguments, stdout=out, stderr=err, **options)
        except CommandError as error:
            return Printed(out.getvalue(), f"{err.getvalue()}{error}", error.returncode)
        return Printed(out.getvalue(), err.getvalue())

    return run_command


@pytest.fixture
def make_account(db):
    """Make a user, and return their account."""

    def make(name="amelie.roth", **fields):
        users = get_user_model()
        login = {users.USERNAME_FIELD: f"{name}@example.org" if "@" not in name else name}
        if users.USERNAME_FIELD == "username":
            login = {"username": name, "email": f"{name}@example.org"}
        with arranging():
            user = users.objects.create_user(**login, **fields)
        return Account.objects.select_related("user").get(user_id=user.pk)

    return make


@pytest.fixture
def give_codes():
    """Give an account a saved set, and return its codes in the clear."""

    def give(account, prepared=None):
        prepared = prepared or Prepared.saved()
        with transaction.atomic():
            code_sets.replace(account, prepared)
        return [code.reveal() for code in prepared.clear]

    return give


@pytest.fixture
def give_address():
    """Give an account a confirmed address."""

    def give(account, address, confirmed_at):
        return ContactAddress.objects.create(
            account=account, address=address, confirmed_at=confirmed_at, confirmed_from="HR"
        )

    return give
