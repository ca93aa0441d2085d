"""A ledger to sign, and what whoever owns its database could do to it."""

import base64
import secrets
from contextlib import contextmanager

import pytest
from django.db import connection

from recovery.audit import linking, triggers
from recovery.enums import Operation, Outcome
from recovery.models import AuditEvent


@pytest.fixture
def sink(settings, tmp_path):
    settings.RECOVERY_CHECKPOINT_FILE = str(tmp_path / "checkpoints.jsonl")
    return tmp_path / "checkpoints.jsonl"


def fresh_key():
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def events(count=1, **fields):
    for _ in range(count):
        AuditEvent.objects.create(
            operation=Operation.RECONCILE, outcome=Outcome.COMPLETED, **fields
        )
    linking.settle(connection)


@contextmanager
def triggers_off():
    """Do what whoever owns the database can do."""
    with connection.cursor() as cursor:
        for statement in triggers.drops(connection).values():
            cursor.execute(statement)
        yield cursor
    triggers.install()


def cut_off(after):
    """Take the tail, with the checkpoints that knew of it."""
    with triggers_off() as cursor:
        cursor.execute(
            "DELETE FROM recovery_auditevent WHERE id IN "
            "(SELECT event_id FROM recovery_chainentry WHERE sequence > %s)",
            [after],
        )
        cursor.execute("DELETE FROM recovery_chainentry WHERE sequence > %s", [after])
        cursor.execute("DELETE FROM recovery_checkpoint WHERE sequence > %s", [after])
