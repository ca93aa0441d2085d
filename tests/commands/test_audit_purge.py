"""Old events leave the ledger: exported, signed for, and no other way."""

import hashlib
import json
import stat
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings as configured
from django.db import connection
from django.utils import timezone

from recovery.audit import bundle, linking, purging, signing, verifier
from recovery.audit.checkpoints import make_checkpoint
from recovery.audit.comparing import follow
from recovery.enums import DayState, Operation, Outcome, ReviewCause
from recovery.models import (
    AuditEvent,
    ChainEntry,
    LedgerDay,
    PurgeRecord,
    ReviewItem,
    SigningKey,
)
from recovery.periods import months_before
from tests.factories import last_event
from tests.plumbing.signed import cut_off, events, fresh_key

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _ledger(sink):
    """Five events that are old enough, and two that are not."""
    events(5, at=timezone.now() - timedelta(days=400), reason="Rosa lost her phone")
    events(2)
    make_checkpoint()


def begin_with(counts):
    """Begin anew, with so many events of so many days ago."""
    cut_off(0)
    Path(configured.RECOVERY_CHECKPOINT_FILE).unlink()
    for days, count in counts.items():
        events(count, at=timezone.now() - timedelta(days=days))
    make_checkpoint()


@pytest.fixture
def export(tmp_path):
    return tmp_path / "purged.zip"


@pytest.fixture
def purge(run, export):
    def purge(*arguments):
        printed = run("audit", "purge", "--older-than", "12", "--to", str(export), *arguments)
        linking.settle(connection)
        return printed

    return purge


def sequences():
    return list(ChainEntry.objects.order_by("sequence").values_list("sequence", flat=True))


@pytest.mark.requirement("P15")
class TestPurge:
    def test_what_is_old_leaves_and_the_rest_stays_with_an_event_about_it(self, purge, export):
        printed = purge("--yes")

        assert sequences() == [6, 7, 8]
        assert AuditEvent.objects.count() == 3
        event = last_event(operation=Operation.PURGE_LEDGER)
        digest = hashlib.sha256(export.read_bytes()).hexdigest()
        assert event.outcome == Outcome.COMPLETED
        assert event.detail["sha256"] == digest
        assert (event.detail["from"], event.detail["to"], event.detail["events"]) == (1, 5, 5)
        assert "5 events, 1 to 5" in printed.out
        assert digest in printed.out

    def test_a_signed_record_stays_in_their_place(self, purge, export):
        before = ChainEntry.objects.get(sequence=5).hash
        newest = AuditEvent.objects.get(entry__sequence=5).at

        purge("--yes")

        record = PurgeRecord.objects.get()
        key = SigningKey.objects.get(pk=record.key_id)
        assert signing.is_signed(signing.PURGE_DOMAIN, record.statement, record.signature, key=key)
        assert json.loads(record.statement) == {
            "at": f"{record.at:%Y-%m-%dT%H:%M:%S.%fZ}",
            "export_sha256": hashlib.sha256(export.read_bytes()).hexdigest(),
            "first": 1,
            "key": record.key_id,
            "last": 5,
            "last_hash": before,
            "newest_at": f"{newest:%Y-%m-%dT%H:%M:%S.%fZ}",
            "previous": "0" * 64,
            "v": 1,
        }

    def test_the_chain_is_followed_and_signed_on(self, purge):
        purge("--yes")
        events(1, at=timezone.now() - timedelta(days=390))

        made = make_checkpoint()

        assert (made.sequence, made.count) == (9, 4)
        assert follow().sequence == 9

    def test_the_export_convinces_an_outsider_with_everything_in_it(self, purge, export):
        purge("--yes")

        report = verifier.verify(verifier.Source(export), SigningKey.objects.get().fingerprint)

        assert report.code == 0
        assert report.events >= 5
        with zipfile.ZipFile(export) as bundle:
            assert b"Rosa lost her phone" in bundle.read("values.jsonl")
        assert stat.S_IMODE(export.stat().st_mode) == 0o600
        assert [one.name for one in export.parent.glob("*.zip*")] == [export.name]

    def test_the_next_one_goes_on_from_there_though_another_key_signs(
        self, purge, run, export, settings, tmp_path
    ):
        day, first = f"{timezone.now() - timedelta(days=399):%Y-%m-%d}", tmp_path / "first.zip"
        begin_with({400: 5, 380: 1, 0: 1})
        assert run("audit", "purge", "--before", day, "--to", str(first), "--yes").code == 0
        linking.settle(connection)
        settings.RECOVERY_SIGNING_KEYS = [fresh_key(), *settings.RECOVERY_SIGNING_KEYS]
        run("audit", "rotate")
        linking.settle(connection)

        assert purge("--yes").code == 0

        records = PurgeRecord.objects.order_by("pk")
        assert [(one.first_sequence, one.last_sequence) for one in records] == [(1, 5), (6, 6)]
        assert json.loads(records[1].statement)["previous"] == records[0].last_hash
        assert verifier.verify(verifier.Source(export), records[0].key_id).code == 0
        assert make_checkpoint() is not None

    def test_what_was_kept_beside_it_goes_too(self, purge):
        for sequence in (5, 6):
            event = AuditEvent.objects.get(entry__sequence=sequence)
            ReviewItem.objects.create(event=event, sequence=sequence, cause=ReviewCause.REFUSED)
        day = {"state": DayState.VERIFIED}
        LedgerDay.objects.create(day="2024-01-01", first_sequence=1, last_sequence=4, **day)
        LedgerDay.objects.create(day="2024-01-02", first_sequence=5, last_sequence=6, **day)

        purge("--yes")

        assert list(ReviewItem.objects.values_list("sequence", flat=True)) == [6]
        assert list(LedgerDay.objects.values_list("first_sequence", "last_sequence")) == [(6, 6)]

    def test_an_old_event_behind_a_young_one_waits_for_it(self, purge):
        events(2, at=timezone.now() - timedelta(days=400))

        purge("--yes")

        assert sequences()[0] == 6

    def test_the_head_stays_however_old(self):
        cut_off(5)

        with pytest.raises(purging.errors.RecoveryError):
            purging.plan(before=datetime(2020, 1, 1, tzinfo=UTC), kept_from=timezone.now())
        leaving = purging.plan(before=timezone.now(), kept_from=timezone.now())
        assert (leaving.first, leaving.last) == (1, 4)


@pytest.mark.requirement("P15")
class TestRefused:
    @pytest.fixture(autouse=True)
    def _nothing_changes(self, _ledger):
        yield
        assert set(sequences()) >= set(range(1, 8))
        assert not PurgeRecord.objects.exists()

    @pytest.mark.parametrize("months", ["11", "0", "-3"])
    def test_less_than_the_retention(self, run, export, months):
        printed = run("audit", "purge", f"--older-than={months}", "--to", str(export), "--yes")

        assert printed.code == 1
        assert "stay on the ledger" in printed.err

    def test_a_day_within_the_retention(self, run, export, settings):
        settings.RECOVERY_RETENTION_MONTHS = 24
        day = f"{timezone.now() - timedelta(days=390):%Y-%m-%d}"

        printed = run("audit", "purge", "--before", day, "--to", str(export), "--yes")

        assert "stay on the ledger" in printed.err

    def test_nothing_that_old(self, run, export):
        printed = run("audit", "purge", "--before", "2020-01-01", "--to", str(export), "--yes")

        assert "No event" in printed.err

    def test_a_file_that_is_there(self, purge, export):
        export.write_text("an earlier export")

        assert "not written over" in purge("--yes").err
        assert export.read_text() == "an earlier export"

    def test_a_broken_ledger(self, purge, export):
        key = signing.pair_of(fresh_key())
        signing.keep(key)

        printed = purge("--yes")

        assert printed.code == 3
        assert "wrong_key" in printed.err
        assert not export.exists()

    def test_whoever_does_not_type_yes(self, purge, export, monkeypatch):
        monkeypatch.setattr("builtins.input", lambda _: "y")

        assert purge().code == 1
        assert not export.exists()

    def test_a_dry_run_says_what_would_leave(self, run):
        printed = run("audit", "purge", "--older-than", "12", "--dry-run")

        assert printed.out.startswith("5 events, 1 to 5")

    def test_an_export_that_can_not_be_written(self, run, tmp_path):
        where = str(tmp_path / "nowhere" / "purged.zip")

        with pytest.raises(FileNotFoundError):
            run("audit", "purge", "--older-than", "12", "--to", where, "--yes")

    def test_an_export_that_no_signature_covers(self, purge, export, monkeypatch):
        write = bundle.write_bundle
        monkeypatch.setattr(
            bundle, "write_bundle", lambda file, *, last, **rest: write(file, last=last - 1, **rest)
        )

        assert "No signature covers" in purge("--yes").err
        assert not export.exists()

    def test_what_dies_before_its_last_step(self, purge, export, monkeypatch):
        leave = purging._leave

        def die(leaving):
            leave(leaving)
            raise MemoryError

        monkeypatch.setattr(purging, "_leave", die)

        with pytest.raises(MemoryError):
            purge("--yes")

        assert export.exists()
        assert last_event(operation=Operation.PURGE_LEDGER).outcome == Outcome.FAILED


@pytest.mark.parametrize(
    ("moment", "months", "earlier"),
    [
        ("2026-11-24", 12, "2025-11-24"),
        ("2026-01-31", 11, "2025-02-28"),
        ("2028-02-29", 12, "2027-02-28"),
        ("2026-01-15", 13, "2024-12-15"),
    ],
)
def test_months_are_counted_by_the_calendar(moment, months, earlier):
    assert months_before(datetime.fromisoformat(moment), months) == datetime.fromisoformat(earlier)
