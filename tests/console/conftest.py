"""Who sits at the desk, if a module does not say otherwise."""

import pytest

from recovery.enums import Role
from tests.console import desk


@pytest.fixture
def person():
    return desk.member(Role.LEAD)


@pytest.fixture
def client(person):
    return desk.signed_in(person)
