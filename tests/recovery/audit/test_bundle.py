"""The export: what is in it, for whom, and that it holds what the database holds."""

import csv
import hashlib
import io
import json
import zipfile
from datetime import timedelta
from unittest.mock import patch

import jsonschema
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from recovery.audit import bundle, linking, verifier
from recovery.canonical import COMMITTED, PEOPLE, SOURCES, moment
from recovery.enums import Operation, Outcome
from recovery.models import AuditEvent, ChainEntry, Checkpoint, PurgeRecord, SigningKey
from tests.recovery.audit import forge

pytestmark = pytest.mark.django_db

SCHEMA = json.loads((bundle.BUNDLED / "schema.json").read_text(encoding="utf-8"))


@pytest.fixture
def events():
    """A few events, one of them with everything that a line can hold."""
    full = {"reason": "Rosa lost it 📱", "ticket": "HD-1", "detail": {"left_is": ["ü", None, 1]}}
    full |= {"actor_name": "=agent", "subject_name": "rosa", "user_agent": "\x1b[2J Firefox"}
    full |= {"source_address": "192.0.2.7", "proofing": "call_back", "verified_by": "totp"}
    made = [event(**full), event(), event(outcome=Outcome.REFUSED, refusal="actor_is_subject")]
    linking.settle(connection)
    return made


@pytest.fixture
def key():
    return forge.Key()


def event(**fields):
    outcome = {"outcome": Outcome.COMPLETED} | fields
    return AuditEvent.objects.create(operation=Operation.RECONCILE, **outcome)


def sign(key, entry):
    """Keep a checkpoint of this entry, and the key that made it."""
    SigningKey.objects.get_or_create(fingerprint=key.fingerprint, public_key=key.public)
    count = ChainEntry.objects.filter(sequence__lte=entry.sequence).count()
    said = {"count": count, "head": entry.hash, "sequence": entry.sequence}
    signed = json.loads(key.sign(verifier.CHECKPOINT_DOMAIN, said))
    Checkpoint.objects.create(
        sequence=entry.sequence,
        head=entry.hash,
        count=count,
        key_id=key.fingerprint,
        **signed,
    )


def purge(key, events):
    """Let events leave as their record says."""
    last = ChainEntry.objects.get(event=events[-1])
    said = {"first": 1, "last": last.sequence, "last_hash": last.hash, "previous": "0" * 64}
    PurgeRecord.objects.create(
        first_sequence=1,
        last_sequence=last.sequence,
        last_hash=last.hash,
        newest_at=events[-1].at,
        key_id=key.fingerprint,
        **json.loads(key.sign(verifier.PURGE_DOMAIN, said)),
    )
    with connection.cursor() as cursor:
        for one in events:
            cursor.execute("DELETE FROM recovery_auditevent WHERE id = %s", [one.pk])
            cursor.execute("DELETE FROM recovery_chainentry WHERE event_id = %s", [one.pk])


def head():
    return ChainEntry.objects.order_by("sequence").last()


def written(path, *, first=1, last=None, fields=frozenset(COMMITTED)):
    """Write a bundle into a file; its files by name."""
    with path.open("wb") as file:
        bundle.write_bundle(file, first=first, last=last or head().sequence, fields=fields)
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "bundle.zip"


@pytest.mark.requirement("P13")
def test_it_is_verified_by_the_file_in_it_and_the_fingerprint(events, key, path):
    sign(key, head())
    files = written(path)

    assert forge.run(path, "--key", key.fingerprint) == (0, said(events, path))
    assert files["verify.py"].decode() == verifier.Path(verifier.__file__).read_text()


@pytest.mark.requirement("A27")
@pytest.mark.parametrize("name", ["event", "values"])
def test_each_line_fits_the_published_schema(events, path, name):
    schema = SCHEMA | {"$ref": f"#/$defs/{name}"}
    lines = written(path)[{"event": "events.jsonl", "values": "values.jsonl"}[name]].splitlines()

    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert len(lines) == 3
    for line in lines:
        jsonschema.validate(json.loads(line), schema, jsonschema.Draft202012Validator)


@pytest.mark.requirement("A27")
def test_the_schema_is_closed(events, path):
    line = json.loads(written(path)["events.jsonl"].splitlines()[0])

    for worse in (line | {"more": ""}, line | {"v": 2}, line | {"reason": "Rosa"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(worse, SCHEMA)


def test_the_table_says_what_the_rows_say(events, path):
    rows = list(csv.DictReader(io.StringIO(written(path)["events.csv"].decode(), newline="")))

    first = rows[0]
    assert [row["_id"] for row in rows] == [str(one.pk) for one in events]
    assert first["at"] == moment(events[0].at)
    assert first["actor_name"] == "'=agent"
    assert first["user_agent"] == "\N{REPLACEMENT CHARACTER}[2J Firefox"
    assert json.loads(first["detail"]) == events[0].detail


@pytest.mark.parametrize("hidden", [PEOPLE, SOURCES, COMMITTED], ids=["people", "sources", "all"])
def test_what_a_reader_may_not_see_is_in_no_file(events, key, path, hidden):
    sign(key, head())

    files = written(path, fields=frozenset(COMMITTED) - set(hidden))

    everything = b"".join(files[name] for name in files if name not in bundle.ENCLOSED)
    secrets = {"actor_name": b"=agent", "reason": b"Rosa", "source_address": b"192.0.2.7"}
    for name, value in secrets.items():
        assert (value in everything) == (name not in hidden)
    assert forge.run(path, "--key", key.fingerprint)[0] == 0


def test_the_manifest_lists_each_file_with_its_hash(events, path):
    files = written(path)
    manifest = json.loads(files.pop("manifest.json"))

    listed = {name: file["sha256"] for name, file in manifest["files"].items()}
    assert listed == {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    assert (manifest["first"], manifest["last"], manifest["count"]) == (1, 3, 3)
    assert manifest["fields"] == list(COMMITTED)


@pytest.mark.requirement("P13")
def test_a_part_begins_where_the_whole_goes_on(events, key, path):
    sign(key, ChainEntry.objects.get(sequence=1))
    sign(key, head())

    written(path, first=2)

    assert forge.run(path, "--key", key.fingerprint)[0] == 0


@pytest.mark.requirement("P13")
def test_what_was_purged_is_no_gap(key, path):
    old = [event(at=timezone.now() - timedelta(days=400)) for _ in range(2)]
    event()
    linking.settle(connection)
    purge(key, old)
    sign(key, head())

    written(path, first=3)

    assert forge.run(path, "--key", key.fingerprint)[0] == 0


@pytest.mark.django_db(transaction=True)
def test_it_opens_a_transaction_where_there_is_none(key, path):
    for _ in range(3):
        event()
    SigningKey.objects.create(fingerprint=key.fingerprint, public_key=key.public)

    written(path)

    code, said = forge.run(path, "--key", key.fingerprint)
    assert (code, "3 events, 1 to 3" in said) == (3, True)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite has this lock")
@pytest.mark.django_db(transaction=True)
def test_it_does_not_keep_others_from_writing(path):
    event()

    with CaptureQueriesContext(connection) as asked:
        written(path)

    began = [query["sql"] for query in asked if query["sql"].startswith("BEGIN")]
    assert began == ["BEGIN DEFERRED"]


def test_events_that_leave_meanwhile_spoil_it(events, path):
    with (
        patch.object(bundle, "_table", lambda *_: [bundle.table_head([])]),
        pytest.raises(bundle.LedgerMoved),
    ):
        written(path)


def test_a_range_is_widened_to_what_is_signed(events, key):
    for _ in range(3):
        event()
    linking.settle(connection)
    for sequence in (2, 5):
        sign(key, ChainEntry.objects.get(sequence=sequence))

    assert bundle.covered(4, 4) == (3, 5)
    assert bundle.covered(3, 5) == (3, 5)
    assert bundle.covered(2, 6) == (1, 6)


def test_an_empty_ledger_is_a_bundle_too(path, key):
    SigningKey.objects.create(fingerprint=key.fingerprint, public_key=key.public)
    with path.open("wb") as file:
        bundle.write_bundle(file, first=1, last=0, fields=frozenset())

    assert forge.run(path, "--key", key.fingerprint)[0] == 0


def said(events, path):
    """Say what the verifier says."""
    source = verifier.Source(path)
    fingerprint = SigningKey.objects.get().fingerprint
    return "".join(f"{line}\n" for line in verifier.told(verifier.verify(source, fingerprint)))
