"""What was written before there was a chain is chained by a migration, which is recorded."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from recovery.audit import proving, triggers
from recovery.audit.verification import verify_ledger
from recovery.enums import Operation, Outcome
from recovery.models import AuditEvent, ChainEntry
from tests.recovery.audit import chains

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.requirement("P13")]

BEFORE = "0006_expiry"


@pytest.fixture
def before_the_chain():
    """Go back to the last release without a chain; the models as they were then."""
    with connection.cursor() as cursor:
        for statement in triggers.drops(connection).values():
            cursor.execute(statement)
    call_command("migrate", "recovery", BEFORE, verbosity=0)
    try:
        yield MigrationExecutor(connection).loader.project_state(("recovery", BEFORE)).apps
    finally:
        call_command("migrate", verbosity=0)


def test_older_events_are_chained_in_their_order_and_this_is_recorded(before_the_chain):
    older = before_the_chain.get_model("recovery", "AuditEvent")
    columns = {name: value for name, value in chains.WHOLE.items() if hasattr(older, name)}
    for days in (3, 1, 2):
        at = timezone.now() - timedelta(days=days)
        older.objects.create(**columns | {"at": at, "salt": "0f" * 16})

    call_command("migrate", "recovery", verbosity=0)

    proving.prove()
    events = list(AuditEvent.objects.order_by("entry__sequence"))
    assert [event.operation for event in events] == [
        *[Operation.REDEEM_BACKUP_CODE] * 3,
        Operation.CHAIN_LEDGER,
    ]
    assert (events[-1].outcome, events[-1].detail) == (Outcome.COMPLETED, {"events": 3})
    assert [event.pk for event in events] == sorted(event.pk for event in events)
    assert verify_ledger().last == 4
    chains.ledger(1)
    assert verify_ledger().last == 5


def test_an_empty_ledger_stays_empty(before_the_chain):
    call_command("migrate", "recovery", verbosity=0)

    assert not ChainEntry.objects.exists()
