"""The suite's own promise: a flush passes the ledger, and leaves the database as it was made."""

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command

from recovery.audit import proving
from recovery.enums import Operation, Outcome
from recovery.models import AuditEvent

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def event() -> AuditEvent:
    return AuditEvent.objects.create(operation=Operation.RECONCILE, outcome=Outcome.COMPLETED)


def test_a_flush_passes_the_ledger_and_leaves_it_guarded(event):
    call_command("flush", interactive=False, verbosity=0)

    assert not AuditEvent.objects.exists()
    proving.prove()


@pytest.mark.parametrize("flushed_before", ["perhaps", "surely"])
def test_each_test_starts_with_the_roles_and_no_events(event, flushed_before):
    assert AuditEvent.objects.count() == 1
    assert Group.objects.filter(name="Lead").exists()
