"""The suite's own promise: a flush passes the ledger, and leaves the database as it was made."""

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import connection

TRIGGERS = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' ORDER BY name",
    "postgresql": (
        "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'O' ORDER BY 1"
    ),
}


def ledger_triggers() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(TRIGGERS[connection.vendor])
        return [name for (name,) in cursor.fetchall() if name.startswith("recovery_ledger_")]


@pytest.mark.django_db(transaction=True)
def test_the_triggers_outlive_a_flush():
    before = ledger_triggers()

    call_command("flush", interactive=False, verbosity=0)

    assert before
    assert ledger_triggers() == before


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("flushed_before", ["perhaps", "surely"])
def test_the_roles_outlive_a_flush(flushed_before):
    assert Group.objects.filter(name="Lead").exists()
