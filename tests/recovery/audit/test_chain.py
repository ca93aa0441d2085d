"""One chain: each event has the next number, and the hash of the one before in its own."""

import hashlib
import json
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from recovery import canonical
from recovery.audit import linking, triggers
from recovery.enums import Operation, Outcome
from recovery.models import AuditEvent, ChainEntry, PurgeRecord

pytestmark = pytest.mark.django_db


def event(**fields):
    written = AuditEvent.objects.create(
        operation=Operation.RECONCILE, outcome=Outcome.COMPLETED, **fields
    )
    linking.settle(connection)
    return written


def lines():
    """Each event as it was hashed, made from the stored content as an outsider would."""
    previous = "0" * 64
    for entry in ChainEntry.objects.order_by("sequence").select_related("event"):
        yield (
            f'{{"_id":{entry.event_id},"_previous":"{previous}","_sequence":{entry.sequence},'
            + entry.event.content[1:]
        )
        previous = entry.hash


class TestLink:
    def test_each_event_is_linked_to_the_one_before(self):
        written = [event(reason=f"reason {number}") for number in range(3)]

        entries = ChainEntry.objects.order_by("sequence")
        hashed = [hashlib.sha256(b"sparekey/event/1\n" + line.encode()) for line in lines()]

        assert [entry.event_id for entry in entries] == [one.pk for one in written]
        assert [entry.sequence for entry in entries] == [1, 2, 3]
        assert [entry.hash for entry in entries] == [digest.hexdigest() for digest in hashed]

    def test_a_line_is_canonical(self):
        event(reason="Zoë lost her phone 📱", detail={"b": 1, "a": ["ü", None, True]})

        (line,) = lines()

        assert canonical.canonical(json.loads(line)) == line

    def test_what_was_rolled_back_leaves_no_hole(self):
        event()
        with transaction.atomic():
            event()
            transaction.set_rollback(True)
        event()

        assert [entry.sequence for entry in ChainEntry.objects.order_by("sequence")] == [1, 2]

    def test_many_at_once_are_linked_in_their_order(self):
        AuditEvent.objects.bulk_create(
            AuditEvent(operation=Operation.RECONCILE, outcome=Outcome.COMPLETED) for _ in range(5)
        )
        linking.settle(connection)

        ids = AuditEvent.objects.order_by("pk").values_list("pk", flat=True)
        chained = ChainEntry.objects.order_by("sequence").values_list("event_id", flat=True)
        assert list(chained) == list(ids)
        assert len(ids) == 5


class TestContent:
    FIELDS = dict.fromkeys(canonical.COMMITTED, "Rosa Albescu") | {"detail": {"address": "r…@x"}}

    def test_nothing_about_people_is_in_it(self):
        written = event(**self.FIELDS)

        assert "Rosa" not in written.content
        assert "r…@x" not in written.content

    @pytest.mark.parametrize("field", canonical.COMMITTED)
    def test_a_value_is_proven_by_its_own_salt(self, field):
        written = event(**self.FIELDS)
        salt = canonical.field_salt(written.salt, field)
        value = getattr(written, field)
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

        digest = hashlib.sha256(bytes.fromhex(salt) + shown.replace(": ", ":").encode())

        assert json.loads(written.content)[field] == digest.hexdigest()

    def test_one_salt_opens_no_other_field(self):
        salts = {canonical.field_salt("00" * 16, field) for field in canonical.COMMITTED}

        assert len(salts) == len(canonical.COMMITTED)

    def test_every_column_is_covered(self):
        columns = {field.name for field in AuditEvent._meta.concrete_fields}

        assert columns == {
            *canonical.OPEN,
            *canonical.COMMITTED,
            "at",
            "id",
            "salt",  # shows in the commitments
            "content",
        }


class TestDoor:
    """Nothing leaves but what a purge record names, if it is a year old."""

    @pytest.fixture
    def record(self):
        return lambda last: PurgeRecord.objects.create(
            first_sequence=1, last_sequence=last, newest_at=event().at, key_id="0" * 64
        )

    def test_an_event_that_no_record_names_stays(self, record, old_event):
        old_event()
        second = old_event()
        record(1)

        with pytest.raises(DatabaseError, match=triggers.REFUSAL):
            delete(second)

    def test_a_young_event_stays_whatever_a_record_names(self, record):
        first = event()
        record(1)

        with pytest.raises(DatabaseError, match=triggers.REFUSAL):
            delete(first)

    def test_an_old_event_that_a_record_names_may_leave(self, record, old_event):
        first = old_event()
        record(1)

        delete(first)

        assert not AuditEvent.objects.filter(pk=first.pk).exists()


@pytest.fixture
def old_event():
    return lambda: event(at=timezone.now() - timedelta(days=400))


def delete(written):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM recovery_auditevent WHERE id = %s", [written.pk])
        cursor.execute("DELETE FROM recovery_chainentry WHERE event_id = %s", [written.pk])
