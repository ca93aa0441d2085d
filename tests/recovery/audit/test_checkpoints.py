"""The head of the chain is signed, and kept where the database can't reach."""

import json
import logging
import stat
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from recovery import mails
from recovery.audit import alarms, linking, signing
from recovery.audit.checkpoints import make_checkpoint, sign_due
from recovery.audit.verifier import Broken, Finding
from recovery.enums import IncidentKind, Operation, Role
from recovery.models import (
    Account,
    AuditEvent,
    ChainEntry,
    Checkpoint,
    Incident,
    Notice,
    SigningKey,
)
from tests import factories
from tests.plumbing.signed import cut_off, events, fresh_key, triggers_off

pytestmark = pytest.mark.django_db


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


@pytest.mark.requirement("A34")
class TestSinks:
    def test_each_is_appended_to_the_file_as_it_was_signed(self, sink):
        made = [events() or make_checkpoint() for _ in range(2)]

        lines = [json.loads(line) for line in sink.read_text().splitlines()]

        assert lines == [{"signature": one.signature, "statement": one.statement} for one in made]
        assert not sink.stat().st_mode & stat.S_IRWXO

    def test_each_goes_to_the_logger_as_one_line_of_json(self, caplog):
        events()
        with caplog.at_level(logging.INFO, "recovery.checkpoints"):
            made = make_checkpoint()

        (record,) = [one for one in caplog.records if one.name == "recovery.checkpoints"]
        assert json.loads(record.getMessage())["signature"] == made.signature

    def test_none_is_kept_that_the_file_did_not_take(self, settings, tmp_path):
        settings.RECOVERY_CHECKPOINT_FILE = str(tmp_path)
        events()

        with pytest.raises(OSError, match=tmp_path.name):
            make_checkpoint()

        assert not Checkpoint.objects.exists()

    def test_a_line_that_a_crash_cut_short_does_no_harm(self, sink):
        events()
        make_checkpoint()
        with sink.open("a") as file:
            file.write('{"statement":"{\\"at')
        events()

        assert make_checkpoint() is not None


def write_anew(sequence):
    """Change an event and link all that follows anew, as the triggers would have."""
    with triggers_off() as cursor:
        entries = ChainEntry.objects.filter(sequence__gte=sequence).order_by("sequence")
        events = list(AuditEvent.objects.filter(entry__in=entries).order_by("entry"))
        cursor.execute("DELETE FROM recovery_chainentry WHERE sequence >= %s", [sequence])
        cursor.execute("DELETE FROM recovery_auditevent WHERE id >= %s", [events[0].pk])
    for event in events:
        event.reason = "another one"
        event._state.adding = True
        event.save()
        linking.settle(connection)


def found():
    with pytest.raises(Broken) as broken:
        make_checkpoint()
    return broken.value.finding, broken.value.sequence


class TestComparing:
    @pytest.fixture(autouse=True)
    def _signed(self, sink):  # noqa: ARG002 - both places hold what was signed
        events(3)
        make_checkpoint()
        events(2)
        make_checkpoint()

    def test_an_untouched_ledger_is_signed_on(self):
        events()

        assert make_checkpoint().sequence == 6
        assert not Incident.objects.exists()

    def test_a_head_that_moved_back_is_found_by_the_file_alone(self):
        cut_off(3)

        assert found() == (Finding.CUT_OFF, 4)

    def test_a_ledger_that_grew_again_is_found_by_the_file_alone(self):
        cut_off(3)
        events(4)

        assert found() == (Finding.CHANGED, 5)

    def test_a_head_that_moved_back_is_found_by_the_database_alone(self, sink):
        sink.unlink()
        with triggers_off() as cursor:
            cursor.execute("DELETE FROM recovery_chainentry WHERE sequence > 3")

        assert found() == (Finding.CUT_OFF, 4)

    def test_a_chain_that_was_written_anew_is_found(self):
        write_anew(2)

        finding, _sequence = found()
        assert finding == Finding.CHANGED

    def test_what_was_changed_since_is_not_signed(self):
        events(2)
        with triggers_off() as cursor:
            cursor.execute(
                "UPDATE recovery_auditevent SET content = REPLACE(content, 'completed', 'failed') "
                "WHERE id = (SELECT event_id FROM recovery_chainentry WHERE sequence = 6)"
            )

        assert found() == (Finding.CHANGED, 6)

    def test_what_left_a_hole_since_is_not_signed(self):
        events(3)
        with triggers_off() as cursor:
            cursor.execute("DELETE FROM recovery_chainentry WHERE sequence = 7")

        assert found() == (Finding.MISSING, 7)

    @pytest.mark.parametrize("column", ["signature", "statement"])
    def test_a_checkpoint_that_was_tampered_with_is_found(self, column):
        with triggers_off() as cursor:
            cursor.execute(
                f"UPDATE recovery_checkpoint SET {column} = REPLACE({column}, '5', '6') "  # noqa: S608 - names of our own
                "WHERE sequence = 5"
            )

        assert found()[0] in {Finding.CHANGED, Finding.WRONG_KEY}

    def test_a_checkpoint_whose_columns_say_otherwise_is_found(self):
        with triggers_off() as cursor:
            cursor.execute("UPDATE recovery_checkpoint SET sequence = 9 WHERE sequence = 5")

        assert found() == (Finding.CHANGED, 9)

    def test_a_key_that_nobody_vouches_for_is_found(self):
        stranger = signing.pair_of(fresh_key())
        signing.keep(stranger)

        assert found() == (Finding.WRONG_KEY, None)

    def test_a_key_that_was_put_in_the_place_of_ours_is_found(self):
        stranger = signing.pair_of(fresh_key())
        with triggers_off() as cursor:
            cursor.execute(
                "UPDATE recovery_signingkey SET fingerprint = %s, public_key = %s",
                [stranger.fingerprint, stranger.public.hex()],
            )

        assert found() == (Finding.WRONG_KEY, None)

    @pytest.mark.parametrize("column", ["public_key", "statement"])
    @pytest.mark.parametrize("rubbish", ["zz", "[1]", '{"previous":{}}', ""])
    def test_rubbish_in_the_place_of_our_key_is_found_or_does_no_harm(self, column, rubbish):
        with triggers_off() as cursor:
            cursor.execute(f"UPDATE recovery_signingkey SET {column} = %s", [rubbish])  # noqa: S608 - a name of our own

        if (column, rubbish) == ("statement", ""):
            assert make_checkpoint() is None
        else:
            assert found()[0] in {Finding.WRONG_KEY, Finding.CHANGED}

    def test_a_restored_ledger_goes_on_once_the_file_was_moved_aside(self, sink):
        cut_off(3)
        events(1)
        sink.rename(sink.with_name("before the restore"))

        assert make_checkpoint().sequence == 4

    def test_nothing_is_signed_over_a_broken_chain(self):
        cut_off(3)
        events(1)

        found()

        assert list(Checkpoint.objects.values_list("sequence", flat=True)) == [3]


class TestAlarm:
    @pytest.fixture
    def _lead(self):
        lead = factories.staff(Role.LEAD)
        factories.address(Account.objects.get(user=lead.user), "lead@example.org", days=30)

    @pytest.fixture(autouse=True)
    def _cut(self, sink):  # noqa: ARG002 - the file that remembers what the database forgot
        events(9)
        make_checkpoint()
        cut_off(1)

    def later(self, minutes):
        return timezone.now() + timedelta(minutes=minutes)

    def test_it_is_an_incident_and_an_event(self):
        found()

        incident = Incident.objects.get(kind=IncidentKind.LEDGER)
        event = AuditEvent.objects.get(operation=Operation.RAISE_ALARM)
        assert incident.account is None
        assert alarms.finding_of(incident) == ("The last events were cut off.", "2")
        assert event.detail == {"finding": "cut_off", "sequence": 2, "incident": incident.pk}

    @pytest.mark.usefixtures("_lead")
    def test_every_lead_is_told_by_mail(self):
        found()

        notice = Notice.objects.get()
        mail = mails.about_operation(notice)
        assert mail.to == ["lead@example.org"]
        assert "ledger" in mail.body

    def test_it_is_raised_once_however_often_it_is_found(self):
        for minutes in (10, 20, 30):
            events()
            assert sign_due(now=self.later(minutes)) == 0

        assert Incident.objects.count() == 1
        assert AuditEvent.objects.filter(operation=Operation.RAISE_ALARM).count() == 1

    def test_what_a_lead_has_closed_is_not_raised_again_at_the_same_place(self):
        alarms.raise_alarm(Finding.CHANGED, 7)
        Incident.objects.update(closed_at=timezone.now())

        assert alarms.raise_alarm(Finding.CHANGED, 7) is None
        assert alarms.raise_alarm(Finding.CHANGED, 8) is not None

    def test_it_reaches_the_log_as_well(self, caplog):
        found()

        assert "The ledger is broken: cut_off:2" in caplog.text


def begin():
    """Have the first events signed, which wait for nothing."""
    events()
    assert sign_due() == 1


class TestDue:
    def later(self, **passed):
        return timezone.now() + timedelta(**passed)

    def test_the_first_events_are_signed_at_once(self):
        assert sign_due() == 0
        events()

        assert [sign_due(), sign_due()] == [1, 0]

    def test_after_so_many_events(self, settings):
        settings.RECOVERY_CHECKPOINT_EVENTS = 3
        begin()
        events(2)
        assert sign_due() == 0
        events(1)

        assert [sign_due(), sign_due()] == [1, 0]

    def test_after_so_much_time_if_anything_happened(self):
        begin()
        events()
        assert sign_due() == 0

        assert sign_due(now=self.later(minutes=6)) == 1
        assert sign_due(now=self.later(minutes=12)) == 0

    def test_one_of_many_workers_does_it(self):
        begin()
        events()
        at = self.later(minutes=6)

        assert [sign_due(now=at) for _ in range(3)] == [1, 0, 0]
        assert Checkpoint.objects.count() == 2
