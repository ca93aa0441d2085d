"""What is done to the ledger at the server."""

import json

import pytest
from django.db import connection

from recovery.audit import linking, signing
from recovery.audit.comparing import follow, trusted_keys
from recovery.audit.verifier import Keys
from recovery.enums import Operation, Outcome
from recovery.models import AuditEvent, Checkpoint, SigningKey
from tests.plumbing.signed import cut_off, events, fresh_key

pytestmark = pytest.mark.django_db


OLD, NEW = fresh_key(), fresh_key()


@pytest.fixture(autouse=True)
def _old_key(settings):
    settings.RECOVERY_SIGNING_KEYS = [OLD]


def fingerprint(key):
    return signing.pair_of(key).fingerprint


class TestKey:
    def test_it_prints_the_fingerprint_and_nothing_else(self, run):
        assert run("audit", "key").out == f"{fingerprint(OLD)}\n"

    def test_without_a_key_it_says_what_is_missing(self, run, settings):
        settings.RECOVERY_SIGNING_KEYS = []

        printed = run("audit", "key")

        assert printed.code == 1
        assert "RECOVERY_SIGNING_KEYS" in printed.err


class TestCheckpoint:
    def test_it_signs_and_says_what(self, run):
        events(2)

        printed = run("audit", "checkpoint")

        head = Checkpoint.objects.get().head
        assert printed.out == (f"Signed: 2 events up to 2, head {head}.\nKey {fingerprint(OLD)}.\n")
        assert run("audit", "checkpoint").out.startswith("Signed already: 2 events")

    def test_an_empty_ledger_is_nothing_to_sign(self, run):
        assert run("audit", "checkpoint").out == "The ledger is empty.\n"

    @pytest.mark.usefixtures("sink")
    def test_a_broken_ledger_ends_it_with_a_code_of_its_own(self, run):
        events(3)
        run("audit", "checkpoint")
        cut_off(1)

        printed = run("audit", "checkpoint")

        assert printed.code == 3
        assert "cut_off at 2" in printed.err


class TestRotate:
    @pytest.fixture
    def rotated(self, run, settings):
        events(2)
        run("audit", "checkpoint")
        settings.RECOVERY_SIGNING_KEYS = [NEW, OLD]
        printed = run("audit", "rotate")
        settings.RECOVERY_SIGNING_KEYS = [NEW]
        linking.settle(connection)
        return printed

    def test_the_old_key_vouches_for_the_new_one(self, rotated):
        rows = list(
            SigningKey.objects.values("fingerprint", "public_key", "statement", "signature")
        )
        said = json.loads(SigningKey.objects.get(pk=fingerprint(NEW)).statement)

        assert Keys.rooted_in(fingerprint(OLD), rows).trusted.keys() == {
            fingerprint(OLD),
            fingerprint(NEW),
        }
        assert said["previous"] == fingerprint(OLD)
        assert fingerprint(NEW) in rotated.out

    def test_it_is_on_the_ledger(self, rotated):  # noqa: ARG002 - a fixture
        event = AuditEvent.objects.get(operation=Operation.ROTATE_SIGNING_KEY)

        assert event.outcome == Outcome.COMPLETED
        assert event.detail["was"] == fingerprint(OLD)
        assert event.detail["now"] == fingerprint(NEW)

    def test_the_new_key_signs_from_then_on(self, run, rotated):  # noqa: ARG002 - a fixture
        run("audit", "checkpoint")

        assert Checkpoint.objects.order_by("pk").last().key_id == fingerprint(NEW)
        assert trusted_keys().trusted.keys() == {fingerprint(NEW)}
        assert follow().sequence == AuditEvent.objects.count()

    def test_without_a_new_key_it_is_refused(self, run):
        printed = run("audit", "rotate")

        assert printed.code == 1
        assert "signs already" in printed.err
        assert SigningKey.objects.count() == 1
