"""Verifying at the server: what it prints, what it ends with, what it leaves on the ledger."""

import pytest

from recovery.audit.bundle import write_bundle
from recovery.audit.checkpoints import make_checkpoint
from recovery.enums import IncidentKind, Operation
from recovery.models import AuditEvent, Checkpoint, Incident, SigningKey
from tests.factories import last_event
from tests.recovery.audit import chains

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("P13")]


@pytest.fixture(autouse=True)
def _signed_ledger():
    chains.ledger(3)
    make_checkpoint()


def test_a_whole_ledger_is_told_counted_and_recorded(run):
    printed = run("audit", "verify")

    assert printed.code == 0
    assert printed.out.startswith("OK: 3 events, 1 to 3: none changed")
    assert "Signed for: up to 3." in printed.out
    recorded = last_event(operation=Operation.VERIFY_LEDGER)
    assert recorded.detail == {"events": 3, "from": 1, "to": 3, "notices": 0}
    assert recorded.actor_name.startswith("audit (")


def test_a_broken_one_is_named_recorded_and_told_to_the_leads(run):
    chains.change(2, reason="Another")

    printed = run("audit", "verify")

    assert printed.code == 1
    assert "BROKEN: changed at 2: " in printed.err
    detail = last_event(operation=Operation.VERIFY_LEDGER).detail
    assert (detail["finding"], detail["sequence"]) == ("changed", 2)
    assert Incident.objects.get(kind=IncidentKind.LEDGER).finding == "changed:2"


def test_the_chain_alone_can_be_asked_for(run):
    chains.change(2, reason="Another")

    assert run("audit", "verify", "--chain-only").code == 0


@pytest.mark.parametrize("named", ["sequence", "pk"])
def test_only_what_follows_on_a_checkpoint_is_read(run, named):
    chains.ledger(2)
    checkpoint = Checkpoint.objects.get()
    chains.change(1, reason="Another")

    printed = run("audit", "verify", "--since", str(getattr(checkpoint, named)))

    assert printed.out.startswith("OK: 2 events, 4 to 5:")


def test_a_checkpoint_that_is_not_there_can_not_be_asked_for(run):
    assert run("audit", "verify", "--since", "99").code == 2


def test_what_nobody_signed_ends_it_with_a_code_of_its_own(run, settings):
    settings.RECOVERY_CHECKPOINT_EVENTS = 1
    chains.ledger(2)

    printed = run("audit", "verify")

    assert printed.code == 3
    assert "last 2 events" in printed.err


def test_another_fingerprint_than_the_ledgers_is_a_wrong_key(run):
    printed = run("audit", "verify", "--key", "d" * 64)

    assert printed.code == 1
    assert "wrong_key" in printed.err


class TestBundle:
    @pytest.fixture
    def bundle(self, tmp_path):
        path = tmp_path / "bundle.zip"
        with path.open("wb") as file:
            write_bundle(file, first=1, last=3, fields=frozenset())
        return path

    def test_it_is_verified_with_the_key_and_without_the_database(self, run, bundle):
        chains.change(2, content="{}")
        key = SigningKey.objects.get().fingerprint

        printed = run("audit", "verify", "--bundle", str(bundle), "--key", key)

        assert printed.code == 0
        assert printed.out.startswith("OK: 3 events")
        assert not AuditEvent.objects.filter(operation=Operation.VERIFY_LEDGER).exists()

    def test_another_key_ends_it_with_the_verifiers_code(self, run, bundle):
        printed = run("audit", "verify", "--bundle", str(bundle), "--key", "d" * 64)

        assert printed.code == 1
        assert "wrong_key" in printed.out

    def test_without_a_key_it_can_not_be_asked(self, run, bundle):
        assert run("audit", "verify", "--bundle", str(bundle)).code == 2
