import pytest
from django.test import RequestFactory

from console.navigation import sidebar
from recovery.enums import ReviewCause, Role
from recovery.models import ReviewItem
from tests import factories

pytestmark = pytest.mark.django_db


def rooms_of(person):
    request = RequestFactory().get("/console/")
    request.user = person
    items = [item for group in sidebar(request) for item in group["items"]]
    return [str(item["title"]) for item in items if item["permission"](request)]


def badges_of(person):
    request = RequestFactory().get("/console/")
    request.user = person
    items = [item for group in sidebar(request) for item in group["items"]]
    return [item["badge"] for item in items if "badge" in item]


@pytest.mark.parametrize(
    ("role", "rooms"),
    [
        (Role.AGENT, ["Front page", "Accounts"]),
        (Role.LEAD, ["Front page", "Accounts", "Timeline", "Review", "Completeness", "Integrity"]),
    ],
)
def test_everybody_sees_the_doors_of_their_role(role, rooms):
    assert rooms_of(factories.staff(role).user) == rooms


def test_an_auditor_sees_the_rooms_of_the_audit():
    rooms = rooms_of(factories.staff(Role.AUDITOR).user)

    assert rooms[-4:] == ["Timeline", "Review", "Completeness", "Integrity"]


def test_how_many_wait_for_review_is_counted_for_reviewers_alone():
    ReviewItem.objects.create(event_id=1, sequence=1, cause=ReviewCause.REFUSED)

    assert badges_of(factories.staff(Role.AUDITOR).user) == [1]
    assert badges_of(factories.staff(Role.AGENT).user) == [0]


def test_whoever_is_not_staff_sees_no_door():
    assert rooms_of(factories.user()) == []
