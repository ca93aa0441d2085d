"""The head of the chain is signed, and kept where the database can't reach."""

import json

import pytest
from django.db import connection

from recovery.audit import linking, signing
from recovery.audit.checkpoints import make_checkpoint
from recovery.enums import Operation, Outcome
from recovery.models import AuditEvent, ChainEntry, Checkpoint, SigningKey

pytestmark = pytest.mark.django_db


def events(count=1, **fields):
    for _ in range(count):
        AuditEvent.objects.create(
            operation=Operation.RECONCILE, outcome=Outcome.COMPLETED, **fields
        )
    linking.settle(connection)


class TestMaking:
    def test_it_says_how_far_the_chain_has_come(self):
        events(3)

        made = make_checkpoint()

        head = ChainEntry.objects.get(sequence=3)
        assert (made.sequence, made.head, made.count) == (3, head.hash, 3)
        assert json.loads(made.statement) == {
            "at": f"{made.at:%Y-%m-%dT%H:%M:%S.%fZ}",
            "count": 3,
            "head": head.hash,
            "key": made.key_id,
            "sequence": 3,
            "v": 1,
        }

    def test_it_is_signed(self):
        events()

        made = make_checkpoint()

        domain, key = signing.CHECKPOINT_DOMAIN, SigningKey.objects.get(pk=made.key_id)
        assert signing.is_signed(domain, made.statement, made.signature, key=key)

    def test_what_is_covered_already_is_not_signed_again(self):
        events()
        make_checkpoint()

        assert make_checkpoint() is None
        assert Checkpoint.objects.count() == 1

    def test_an_empty_ledger_has_no_head(self):
        assert make_checkpoint() is None
