import pytest
from django.test import RequestFactory

from console.navigation import sidebar
from recovery.enums import JobKind, Operation, ReviewCause, Role
from recovery.models import Job, ReviewItem
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


HELP_DESK = ["Front page", "Accounts", "Jobs", "Reports", "Bring in a table", "Pictures"]


@pytest.mark.parametrize(
    ("role", "rooms"),
    [
        (Role.AGENT, ["Front page", "Accounts", "Pictures"]),
        (Role.LEAD, [*HELP_DESK, "Timeline", "Review", "Completeness", "Integrity"]),
    ],
)
def test_everybody_sees_the_doors_of_their_role(role, rooms):
    assert rooms_of(factories.staff(role).user) == rooms


def test_an_auditor_sees_the_rooms_of_the_audit():
    rooms = rooms_of(factories.staff(Role.AUDITOR).user)

    assert rooms[-4:] == ["Timeline", "Review", "Completeness", "Integrity"]


def test_how_many_wait_for_review_is_counted_for_reviewers_alone():
    ReviewItem.objects.create(event_id=1, sequence=1, cause=ReviewCause.REFUSED)

    assert badges_of(factories.staff(Role.AUDITOR).user) == [0, 1]
    assert badges_of(factories.staff(Role.AGENT).user) == [0, 0]


def test_whoever_acts_on_many_sees_how_many_of_their_jobs_run():
    lead = factories.staff(Role.LEAD).user
    known = {"kind": JobKind.BULK, "operation": Operation.REQUIRE_REENROLMENT}
    for owner, state in ((lead, "running"), (lead, "done"), (None, "running")):
        Job.objects.create(owner=owner, owner_name="x", state=state, **known)

    assert badges_of(lead) == [1, 0]


def test_whoever_is_not_staff_sees_no_door():
    assert rooms_of(factories.user()) == []
