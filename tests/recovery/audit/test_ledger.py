"""The ledger is written once: the ORM refuses, and so does the database behind it."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.migrations import Migration
from django.utils import timezone

from recovery.actors import Actor, Source
from recovery.audit import Draft, append, append_failure, flush_tallies, proving, triggers
from recovery.audit.tallies import SINGLY_A_MINUTE
from recovery.enums import Operation, Outcome
from recovery.errors import TooManyAttempts, WrongCode
from recovery.models import AuditEvent, FailureTally
from recovery.models.audit import LedgerIsWrittenOnce
from tests.factories import account, actor, grounds, last_event

pytestmark = pytest.mark.django_db

TABLE = AuditEvent._meta.db_table
ON_SQLITE = connection.vendor == "sqlite"
only_on_sqlite = pytest.mark.skipif(not ON_SQLITE, reason="SQLite has this statement")
only_on_postgresql = pytest.mark.skipif(ON_SQLITE, reason="PostgreSQL has this statement")


def event(**fields):
    return AuditEvent.objects.create(
        operation=Operation.RECONCILE, outcome=Outcome.COMPLETED, **{"reason": "as it was"} | fields
    )


def stranger(address="192.0.2.66"):
    return Actor(user=None, name="", source=Source(address=address))


def fail(refusal=WrongCode, **source):
    append_failure(Draft(operation=Operation.REDEEM_BACKUP_CODE, actor=stranger(**source)), refusal)


CHANGES = {
    "save": lambda event: event.save(),
    "save of columns": lambda event: event.save(update_fields=["reason"]),
    "forced update": lambda event: event.save(force_update=True),
    "delete": lambda event: event.delete(),
    "update": lambda _: AuditEvent.objects.update(reason="changed"),
    "update of some": lambda event: AuditEvent.objects.filter(pk=event.pk).update(reason="x"),
    "delete of some": lambda event: AuditEvent.objects.filter(pk=event.pk).delete(),
    "delete past signals": lambda _: AuditEvent.objects.all()._raw_delete("default"),
    "bulk update": lambda event: AuditEvent.objects.bulk_update([event], ["reason"]),
    "update or create": lambda event: AuditEvent.objects.update_or_create(
        pk=event.pk, defaults={"reason": "changed"}
    ),
    "upsert": lambda event: AuditEvent.objects.bulk_create(
        [event], update_conflicts=True, unique_fields=["id"], update_fields=["reason"]
    ),
    "silent upsert": lambda event: AuditEvent.objects.bulk_create([event], ignore_conflicts=True),
}
GOING_ROUND_THE_ORM = {
    "the plain manager's update": lambda _: AuditEvent._base_manager.update(reason="changed"),
    "the plain manager's delete": lambda _: AuditEvent._base_manager.all().delete(),
    "a raw save": lambda event: event.save_base(raw=True, force_update=True),
    "a copy under its id": lambda event: event.save_base(raw=True, force_insert=True),
    "an upsert by position": lambda event: AuditEvent._base_manager.bulk_create(
        [event], update_conflicts=True, unique_fields=["id"], update_fields=["reason"]
    ),
}
STATEMENTS = {
    "update": "UPDATE LEDGER SET reason = 'changed'",
    "update of one": "UPDATE LEDGER SET outcome = 'refused', refusal = 'x' WHERE id > 0",
    "delete": "DELETE FROM LEDGER",
    "insert over": "INSERT INTO LEDGER SELECT * FROM LEDGER",
}
SQLITE_STATEMENTS = {
    "insert or replace": "INSERT OR REPLACE INTO LEDGER SELECT * FROM LEDGER",
    "replace": "REPLACE INTO LEDGER SELECT * FROM LEDGER",
    "update or replace": "UPDATE OR REPLACE LEDGER SET id = id + 1",
    "update or ignore": "UPDATE OR IGNORE LEDGER SET reason = 'changed'",
    "upsert": "INSERT INTO LEDGER SELECT * FROM LEDGER WHERE true "
    "ON CONFLICT (id) DO UPDATE SET reason = 'changed'",
}
POSTGRESQL_STATEMENTS = {
    "truncate": "TRUNCATE LEDGER",
    "truncate with all": "TRUNCATE LEDGER RESTART IDENTITY CASCADE",
    "upsert": "INSERT INTO LEDGER SELECT * FROM LEDGER "
    "ON CONFLICT (id) DO UPDATE SET reason = 'changed'",
    "merge": "MERGE INTO LEDGER t USING (SELECT 1) s ON true WHEN MATCHED THEN DELETE",
    "update of none": "UPDATE LEDGER SET reason = reason",
}


def execute(statement):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.replace("LEDGER", TABLE))


@pytest.mark.requirement("A33")
class TestOrm:
    @pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
    def test_it_refuses_every_change(self, change):
        written = event()
        written.reason = "changed"

        with pytest.raises(LedgerIsWrittenOnce):
            change(written)

        assert AuditEvent.objects.get().reason == "as it was"

    @pytest.mark.parametrize("change", GOING_ROUND_THE_ORM.values(), ids=GOING_ROUND_THE_ORM)
    def test_what_goes_round_it_meets_the_database(self, change):
        written = event()
        written.reason = "changed"

        with pytest.raises(DatabaseError), transaction.atomic():
            change(written)

        assert AuditEvent.objects.get().reason == "as it was"

    def test_many_new_events_can_be_appended(self):
        AuditEvent.objects.bulk_create(
            AuditEvent(operation=Operation.RECONCILE, outcome=Outcome.COMPLETED) for _ in range(3)
        )

        assert AuditEvent.objects.count() == 3


@pytest.mark.requirement("A33")
class TestDatabase:
    @pytest.mark.parametrize("statement", STATEMENTS.values(), ids=STATEMENTS)
    def test_it_refuses_to_change_what_is_written(self, statement):
        self._refused(statement)

    @only_on_sqlite
    @pytest.mark.parametrize("statement", SQLITE_STATEMENTS.values(), ids=SQLITE_STATEMENTS)
    def test_sqlite_refuses_its_own_ways(self, statement):
        self._refused(statement)

    @only_on_postgresql
    @pytest.mark.parametrize("statement", POSTGRESQL_STATEMENTS.values(), ids=POSTGRESQL_STATEMENTS)
    def test_postgresql_refuses_its_own_ways(self, statement):
        self._refused(statement)

    def test_a_refusal_has_a_cause_and_nothing_else_has(self):
        for fields in (
            {"outcome": Outcome.REFUSED},
            {"outcome": Outcome.COMPLETED, "refusal": "wrong_code"},
            {"outcome": Outcome.FAILED, "refusal": "wrong_code"},
        ):
            with pytest.raises(IntegrityError), transaction.atomic():
                AuditEvent.objects.create(operation=Operation.RECONCILE, **fields)

    def _refused(self, statement):
        written = event()

        with pytest.raises(DatabaseError):
            execute(statement)

        assert AuditEvent.objects.get() == written
        assert AuditEvent.objects.get().reason == "as it was"


@pytest.mark.requirement("A33")
class TestGuard:
    """The triggers are put back, and proven to bite, after every migrate."""

    def test_what_migrate_left_holds(self):
        proving.prove()

    def test_proving_leaves_no_trace(self):
        event()

        proving.prove()

        assert AuditEvent.objects.count() == 1

    @pytest.mark.parametrize("name", triggers.drops(connection))
    def test_a_missing_trigger_is_found(self, name):
        execute(triggers.drops(connection)[name])

        with pytest.raises(proving.LedgerUnguarded), transaction.atomic():
            proving.prove()

    def test_installing_puts_back_what_is_missing(self):
        for name in triggers.drops(connection):
            execute(triggers.drops(connection)[name])

        triggers.install()

        proving.prove()

    def test_installing_twice_changes_nothing(self):
        triggers.install()
        triggers.install()

        proving.prove()

    @only_on_sqlite
    @pytest.mark.django_db(transaction=True)
    def test_a_rebuilt_table_is_guarded_again_by_migrate(self):
        _rebuild()
        with pytest.raises(proving.LedgerUnguarded), transaction.atomic():
            proving.prove()

        call_command("migrate", verbosity=0)

        proving.prove()


class TestPeople:
    def test_a_user_with_events_can_be_deleted(self):
        agent, subject = actor(), account()
        append(
            Draft(
                operation=Operation.ISSUE_PHONE_CODE,
                actor=agent,
                subject=subject,
                grounds=grounds(),
            ),
            Outcome.COMPLETED,
        )
        names = agent.name, subject.user.get_username()

        subject.user.delete()
        agent.user.delete()

        kept = last_event(operation=Operation.ISSUE_PHONE_CODE)
        assert (kept.actor_name, kept.subject_name) == names

    def test_a_new_login_name_leaves_the_old_one_in_the_ledger(self):
        subject = account()
        was = subject.user.get_username()
        append(Draft(operation=Operation.SIGN_IN, actor=stranger(), subject=subject), "completed")

        setattr(subject.user, subject.user.USERNAME_FIELD, "new@example.org")
        subject.user.save()

        assert last_event().subject_name == was


@pytest.mark.requirement("A30")
class TestFlood:
    @pytest.fixture(autouse=True)
    def _in_one_minute(self, monkeypatch):
        """Hold the clock: failures that reach into the next minute are counted apart."""
        now = timezone.now()
        monkeypatch.setattr(timezone, "now", lambda: now)

    def test_the_first_failures_of_a_source_stand_singly(self):
        for _ in range(SINGLY_A_MINUTE):
            fail()

        assert AuditEvent.objects.count() == SINGLY_A_MINUTE

    def test_more_in_the_same_minute_become_one_counted_event(self):
        for _ in range(25):
            fail()
        assert AuditEvent.objects.count() == SINGLY_A_MINUTE

        assert flush_tallies(now=timezone.now() + timedelta(minutes=1)) == 1

        counted = last_event()
        assert (counted.outcome, counted.refusal) == (Outcome.REFUSED, "wrong_code")
        assert counted.source_address == "192.0.2.66"
        assert counted.detail["count"] == 15
        assert AuditEvent.objects.count() == SINGLY_A_MINUTE + 1

    def test_a_minute_that_has_not_ended_is_not_counted_yet(self):
        for _ in range(25):
            fail()
        FailureTally.objects.update(minute=timezone.now().replace(second=0, microsecond=0))

        assert flush_tallies(now=FailureTally.objects.get().minute) == 0

    def test_few_failures_leave_no_counted_event(self):
        fail()

        assert flush_tallies(now=timezone.now() + timedelta(minutes=1)) == 0
        assert not FailureTally.objects.exists()

    def test_other_sources_and_other_refusals_are_counted_apart(self):
        for _ in range(SINGLY_A_MINUTE):
            fail()

        fail(address="192.0.2.67")
        fail(TooManyAttempts)

        assert AuditEvent.objects.count() == SINGLY_A_MINUTE + 2

    def test_the_addresses_of_one_ipv6_customer_are_one_source(self):
        for number in range(25):
            fail(address=f"2001:db8:1:2::{number:x}")

        assert AuditEvent.objects.count() == SINGLY_A_MINUTE


def _columns_but(left_out):
    return ", ".join(
        field.column for field in AuditEvent._meta.local_fields if field.column != left_out
    )


def _rebuild():
    """Do what a migration on SQLite does when it alters a column."""
    triggers.take_off_for([(Migration("0099_altered", "recovery"), False)], using="default")
    with connection.schema_editor() as editor:
        editor._remake_table(AuditEvent)
