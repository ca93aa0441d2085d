"""The roles as `fixtures/roles.json` gives them out."""

import pytest
from django.core.management import call_command

from recovery import policy
from recovery.enums import DESK_OPERATIONS, GRANTED_OPERATIONS, Operation, Role

pytestmark = pytest.mark.django_db

BELOW_LEAD = [role for role in Role if role is not Role.LEAD]


@pytest.fixture(autouse=True)
def _roles(db):
    call_command("loaddata", "roles", verbosity=0)


def test_each_permission_that_is_asked_for_is_held_by_some_role():
    held = frozenset().union(*map(policy.permissions_of_role, Role))

    assert {operation.permission for operation in GRANTED_OPERATIONS} <= held


@pytest.mark.parametrize("role", BELOW_LEAD)
def test_a_lead_holds_strictly_more_than_each_other_role(role):
    assert policy.permissions_of_role(Role.LEAD) > policy.permissions_of_role(role)


@pytest.mark.parametrize("role", Role)
def test_a_role_holds_nothing_outside_recovery_and_nothing_that_writes_rows(role):
    held = policy.permissions_of_role(role)

    assert "recovery.view_account" in held
    assert all(permission.startswith("recovery.") for permission in held)
    assert not [name for name in held if name.split(".")[1].startswith(("add_", "delete_"))]
    assert "recovery.change_historicalaccount" not in held


def test_what_helps_a_caller_belongs_to_agents_and_leads_alone():
    desk = {operation.permission for operation in DESK_OPERATIONS}
    flagging = {
        Operation.REQUIRE_REENROLMENT.permission,
        Operation.LIFT_REENROLMENT.permission,
    }

    assert desk <= policy.permissions_of_role(Role.AGENT)
    assert not desk & policy.permissions_of_role(Role.AUDITOR)
    # They bring in lists of whom to flag, under the rules that hold for a flag by hand.
    assert desk & policy.permissions_of_role(Role.REPORT_ADMINISTRATOR) == flagging


def test_a_report_administrator_does_not_see_the_ledger():
    held = policy.permissions_of_role(Role.REPORT_ADMINISTRATOR)

    assert "recovery.view_auditevent" not in held
    assert "recovery.export_events" not in held
