"""Whatever a forger does to the database is found and named, and nothing else is."""

import base64
from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from recovery.audit.checkpoints import make_checkpoint
from recovery.audit.columns import FIELDS
from recovery.audit.verification import verify_ledger
from recovery.audit.verifier import Broken
from recovery.canonical import content_of
from recovery.models import AuditEvent, Checkpoint, PurgeRecord, SigningKey
from tests.plumbing.ledger import triggers_off
from tests.plumbing.undone import undone
from tests.recovery.audit import chains
from tests.recovery.audit.chains import WHOLE, found

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("P13")]

OTHERWISE = {name: f"{value}x" for name, value in WHOLE.items()} | {
    "at": timezone.now() - timedelta(days=3),
    "outcome": "failed",
    "refusal": "expired",
    "operation": "sign_in",
    "detail": {"left": 4},
    "salt": "00" * 16,
    "content": '{"actor_id":"9"}',
}


def test_an_untouched_ledger_is_told_with_its_numbers():
    chains.ledger(3)
    make_checkpoint()
    chains.ledger(2)

    verified = verify_ledger()

    assert (verified.first, verified.last, verified.events) == (1, 5, 5)
    assert verified.signed_to == 3
    assert verified.with_columns


def test_a_ledger_without_an_event_is_whole():
    assert verify_ledger().events == 0


class TestColumns:
    def test_there_is_another_value_for_every_column(self):
        assert set(OTHERWISE) == {field.name for field in AuditEvent._meta.fields} - {"id"}

    @pytest.mark.parametrize("column", OTHERWISE)
    def test_a_changed_column_is_found(self, column):
        chains.ledger(5)

        change = {column: OTHERWISE[column]}
        if column == "outcome":  # the database itself wants it to go with its refusal
            change["refusal"] = ""
        chains.change(3, **change)

        assert found() == ("changed", 3)

    def test_the_chain_alone_does_not_look_at_them(self):
        chains.ledger(1)

        chains.change(1, reason="Nothing to see")

        assert found(columns=False) is None

    def test_a_column_that_can_not_be_read_is_found(self):
        chains.ledger(5)

        chains.change(3, salt="not hex")

        assert found() == ("changed", 3)

    def test_a_changed_column_is_named(self):
        chains.ledger(2)
        chains.change(2, reason="Another", ticket="HD-2")

        with pytest.raises(Broken, match=r"reason, ticket\.$"):
            verify_ledger()


ATTACKS = {
    "another hash": (lambda: chains.change_entry(3, hash="a" * 64), "changed", 3),
    "another event id": (lambda: chains.change(3, id=10**6), "missing", 3),
    "an event changed with its content": (lambda: reword(3), "changed", 3),
    "the first deleted": (lambda: chains.delete(1), "missing", 1),
    "one deleted": (lambda: chains.delete(3), "missing", 3),
    "two deleted": (lambda: (chains.delete(3), chains.delete(4)), "missing", 3),
    "the last deleted": (lambda: chains.delete(6), "cut_off", 6),
    "the tail cut": (lambda: [chains.delete(place) for place in (6, 5, 4)], "cut_off", 4),
    "all deleted": (lambda: [chains.delete(place) for place in range(1, 7)], "cut_off", 1),
    "the first event deleted": (lambda: chains.delete(1, entries=False), "missing", 1),
    "an event deleted": (lambda: chains.delete(3, entries=False), "missing", 3),
    "the last event deleted": (lambda: chains.delete(6, entries=False), "missing", 6),
    "the first entry deleted": (lambda: chains.delete(1, events=False), "missing", 1),
    "an entry deleted": (lambda: chains.delete(3, events=False), "missing", 3),
    "the last entry deleted": (lambda: chains.delete(6, events=False), "cut_off", 6),
    "one deleted and the hole closed": (
        lambda: (chains.delete(3), chains.shift(3, -1)),
        "missing",
        3,
    ),
    "the first deleted and the hole closed": (
        lambda: (chains.delete(1), chains.shift(1, -1)),
        "missing",
        1,
    ),
    "one put in without a place": (chains.insert, "added", None),
    "one put in with any hash": (
        lambda: (chains.shift(2, 1), chains.insert(3, own_hash="b" * 64)),
        "added",
        3,
    ),
    "one put in with the right hash": (lambda: (chains.shift(2, 1), chains.insert(3)), "added", 3),
    "one put in at the beginning": (lambda: (chains.shift(0, 1), chains.insert(1)), "added", 1),
    "one put in at the end": (lambda: chains.insert(7, own_hash="b" * 64), "changed", 7),
    "a copy put in": (lambda: copy(3), "added", None),
    "one replaced": (lambda: (chains.delete(3), chains.insert(3, own_hash="b" * 64)), "changed", 3),
    "one replaced and rightly linked": (
        lambda: (chains.delete(3), chains.insert(3)),
        "changed",
        4,  # from here alone nobody can tell: the text says that it may be the one before
    ),
    "the last replaced": (lambda: (chains.delete(6), chains.insert(6)), "changed", 1),
    "two neighbours exchanged": (lambda: chains.swap_entries(3, 4), "moved", 3),
    "two exchanged": (lambda: chains.swap_entries(2, 5), "moved", 2),
    "two events exchanged": (lambda: chains.swap_events(2, 5), "moved", 2),
    "two rows exchanged": (lambda: chains.swap_rows(2, 5), "moved", 2),
    "one moved to the end": (lambda: chains.change_entry(3, sequence=9), "moved", 3),
    "all made anew from one on": (lambda: (reword(3), chains.rewrite(3)), "changed", 1),
}


class TestAttacks:
    """On six events, of which a checkpoint vouches for the last."""

    @pytest.mark.parametrize(("attack", "finding", "sequence"), ATTACKS.values(), ids=ATTACKS)
    def test_it_is_found_and_named(self, attack, finding, sequence):
        chains.ledger(6)
        make_checkpoint()
        assert found() is None

        attack()

        assert found() == (finding, sequence)

    def test_what_was_made_anew_begins_behind_the_last_checkpoint_that_fits(self):
        chains.ledger(2)
        make_checkpoint()
        chains.ledger(2)
        make_checkpoint()

        reword(4)
        chains.rewrite(4)

        assert found() == ("changed", 3)


class TestSignatures:
    @pytest.fixture(autouse=True)
    def signed(self):
        chains.ledger(2)
        return make_checkpoint()

    @pytest.mark.parametrize(
        "column", ["sequence", "head", "count", "at", "statement", "signature"]
    )
    def test_a_changed_checkpoint_is_found(self, column, signed):
        values = {"sequence": 1, "count": 1, "at": OTHERWISE["at"]}

        overwrite(signed, **{column: values.get(column, "c" * 64)})

        assert found() == ("changed", None if column == "statement" else 2)

    def test_a_key_of_the_forgers_own_is_found(self, settings):
        forge_signatures(settings)

        assert found()[0] == "wrong_key"

    def test_the_fingerprint_that_is_told_decides(self):
        ours = SigningKey.objects.get().fingerprint

        assert found(key=ours) is None
        assert found(key="d" * 64) == ("wrong_key", None)

    def test_since_a_checkpoint_only_what_follows_is_read(self, signed):
        chains.ledger(2)
        reword(1)

        assert verify_ledger(since=signed).first == 3
        assert found() == ("changed", 1)

    @pytest.mark.parametrize(
        ("attack", "finding"),
        [
            (lambda: chains.change_entry(2, hash="a" * 64), "changed"),
            (lambda: chains.delete(2), "cut_off"),
        ],
        ids=["changed", "cut off"],
    )
    def test_since_a_checkpoint_that_does_not_fit_nothing_is_believed(
        self, signed, attack, finding
    ):
        attack()

        assert found(since=signed) == (finding, 2)

    def test_a_hole_that_nobody_signed_for_is_missing(self):
        chains.delete(1)

        unsigned = {"first_sequence": 1, "last_sequence": 1, "last_hash": "a" * 64}
        PurgeRecord.objects.create(
            **unsigned,
            newest_at=timezone.now(),
            key_id=SigningKey.objects.get().pk,
            statement='{"key":"e","last":1}',
            signature="00",
        )

        assert found() == ("wrong_key", 1)


TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=40
)
PLAIN = (
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(-1e9, 1e9) | TEXT
)
DETAIL = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
EVENT = st.fixed_dictionaries(
    {"reason": TEXT, "actor_name": TEXT, "detail": st.dictionaries(TEXT, DETAIL, max_size=2)},
    optional={
        "at": st.datetimes(
            datetime.fromisoformat("2000-01-01"),
            datetime.fromisoformat("2100-01-01"),
            timezones=st.timezones(),
        )
    },
)


@settings(max_examples=20)
@given(st.lists(EVENT | st.sampled_from(["undone", "signed"]), max_size=8))
def test_what_was_written_in_our_own_way_raises_no_alarm(steps):
    with undone():
        for step in steps:
            if step == "signed":
                make_checkpoint()
            elif step == "undone":
                with transaction.atomic():
                    chains.ledger(1)
                    transaction.set_rollback(True)
            else:
                chains.ledger(1, **step)

        assert found() is None


def reword(sequence):
    """Change what people read and what is hashed alike, and leave the hash."""
    chains.change(sequence, reason="Another reason")
    values = chains.event(sequence).values(*FIELDS).get()
    chains.change(sequence, content=content_of(values))


def copy(sequence):
    """Put an event in a second time."""
    twice = chains.event(sequence).get()
    twice.pk = None
    with triggers_off(connection):
        twice.save_base(raw=True, force_insert=True)


def overwrite(row, **columns):
    """Overwrite columns of something that was signed."""
    with triggers_off(connection):
        type(row).objects.filter(pk=row.pk).update(**columns)


def forge_signatures(settings):
    """Sign everything anew with a key that the server does not have."""
    ours = settings.RECOVERY_SIGNING_KEYS
    settings.RECOVERY_SIGNING_KEYS = [base64.urlsafe_b64encode(b"f" * 32).decode()]
    with triggers_off(connection):
        Checkpoint.objects.all().delete()
        SigningKey.objects.all().delete()
    make_checkpoint()
    settings.RECOVERY_SIGNING_KEYS = ours
