import pytest
from django.test import RequestFactory

from console.navigation import sidebar
from recovery.enums import Role
from tests import factories

pytestmark = pytest.mark.django_db


def rooms_of(person):
    request = RequestFactory().get("/console/")
    request.user = person
    items = [item for group in sidebar(request) for item in group["items"]]
    return [str(item["title"]) for item in items if item["permission"](request)]


@pytest.mark.parametrize(
    ("role", "rooms"),
    [
        (Role.AGENT, ["Front page", "Accounts"]),
        (Role.LEAD, ["Front page", "Accounts", "Ledger"]),
    ],
)
def test_everybody_sees_the_doors_of_their_role(role, rooms):
    assert rooms_of(factories.staff(role).user) == rooms


def test_an_auditor_sees_the_ledger():
    assert "Ledger" in rooms_of(factories.staff(Role.AUDITOR).user)


def test_whoever_is_not_staff_sees_no_door():
    assert rooms_of(factories.user()) == []
