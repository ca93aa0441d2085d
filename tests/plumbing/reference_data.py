"""The rows every database of ours holds before anybody has used it, put back after each flush."""

from collections.abc import Iterator
from unittest.mock import patch

import pytest
from django.core.management import call_command
from django.test import TransactionTestCase

from tests.factories import arranging


def load_reference_data() -> None:
    """Load the roles; loading them twice changes nothing."""
    with arranging():
        call_command("loaddata", "roles", verbosity=0)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker) -> None:
    """Make the test database as pytest-django does, and add the roles."""
    with django_db_blocker.unblock():
        load_reference_data()


@pytest.fixture(scope="session", autouse=True)
def _roles_survive_a_flush() -> Iterator[None]:
    flush = TransactionTestCase._fixture_teardown

    def flush_and_restore(case):
        flush(case)
        load_reference_data()

    with patch.object(TransactionTestCase, "_fixture_teardown", flush_and_restore):
        yield
