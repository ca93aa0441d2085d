"""Ledgers to verify, and what a forger does to them who owns the database."""

from datetime import timedelta

from django.db import connection
from django.db.models import F, Max
from django.utils import timezone

from recovery import canonical
from recovery.audit import linking
from recovery.audit.columns import FIELDS
from recovery.audit.verification import verify_ledger
from recovery.audit.verifier import Broken
from recovery.enums import Operation, Outcome
from recovery.models import AuditEvent, ChainEntry
from tests.plumbing.ledger import triggers_off

WHOLE = {
    "operation": Operation.REDEEM_BACKUP_CODE,
    "outcome": Outcome.REFUSED,
    "refusal": "wrong_code",
    "actor_id": "7",
    "actor_name": "rosa@example.org",
    "subject_id": "8",
    "subject_name": "Zoë 📱",
    "subject_tier": "standard",
    "reason": "Lost the phone",
    "ticket": "HD-1",
    "proofing": "call_back",
    "source_address": "192.0.2.7",
    "user_agent": "Firefox",
    "session_digest": "5e55",
    "verified_by": "totp",
    "authenticator": "recovery.totpauthenticator/7",
    "trace": "0123456789",
    "detail": {"left": 3},
}
"""An event with something in every column."""


def ledger(count, **fields):
    """Write so many events, each with something in every column, and link them."""
    began = timezone.now() - timedelta(hours=1)
    for number in range(count):
        AuditEvent.objects.create(**WHOLE | {"at": began + timedelta(seconds=number)} | fields)
    linking.settle(connection)


def found(**how):
    """What a verification finds: its name and the sequence; None if there is nothing."""
    try:
        verify_ledger(**how)
    except Broken as broken:
        return str(broken.finding), broken.sequence
    return None


def event(sequence):
    """The event in one place, by the manager that refuses nothing."""
    pk = ChainEntry.objects.get(sequence=sequence).event_id
    return AuditEvent._base_manager.filter(pk=pk)


def entry(sequence):
    """The entry of one place."""
    return ChainEntry.objects.filter(sequence=sequence)


def change(sequence, /, **columns):
    """Overwrite columns of one event."""
    with triggers_off(connection):
        event(sequence).update(**columns)


def change_entry(sequence, /, **columns):
    """Overwrite columns of one entry."""
    with triggers_off(connection):
        entry(sequence).update(**columns)


def delete(sequence, *, events=True, entries=True):
    """Take the event of one place away, its entry, or both."""
    with triggers_off(connection):
        gone = event(sequence)
        gone.exists()
        pk = gone.get().pk
        if entries:
            entry(sequence).delete()
        if events:
            AuditEvent._base_manager.filter(pk=pk)._raw_delete("default")


def shift(behind, by):
    """Renumber every entry behind one, to close a hole or to make one."""
    last = ChainEntry.objects.aggregate(last=Max("sequence"))["last"]
    with triggers_off(connection):  # by way of numbers that nobody has
        for step in (10 * last, by - 10 * last):
            ChainEntry.objects.filter(sequence__gt=behind).update(sequence=F("sequence") + step)


def insert(sequence=None, *, own_hash=None):
    """Put in a made-up event; with a ``sequence``, in that place and rightly linked to it."""
    made = AuditEvent(**WHOLE | {"reason": "Never happened"})
    made.content = canonical.content_of(vars(made))
    with triggers_off(connection):
        made.save_base(raw=True, force_insert=True)
        if sequence is not None:
            entry_of(made, sequence, own_hash)
    return made


def entry_of(made, sequence, own_hash=None):
    """Link an event in some place."""
    before = entry(sequence - 1).first()
    line = canonical.line_of(
        made.content,
        event_id=made.pk,
        sequence=sequence,
        previous=before.hash if before else canonical.GENESIS,
    )
    ChainEntry.objects.create(
        sequence=sequence, event_id=made.pk, hash=own_hash or canonical.hash_of(line)
    )


def rewrite(since):
    """Make all contents and hashes anew from one place on, as the columns now are."""
    with triggers_off(connection):
        for link in list(ChainEntry.objects.filter(sequence__gte=since).order_by("sequence")):
            values = AuditEvent.objects.filter(pk=link.event_id).values(*FIELDS).get()
            made = AuditEvent(pk=link.event_id, content=canonical.content_of(values))
            event(link.sequence).update(content=made.content)
            entry(link.sequence).delete()
            entry_of(made, link.sequence)


def swap_entries(one, other):
    """Let two events change places, each with its hash."""
    with triggers_off(connection):
        for was, now in ((one, -1), (other, one), (-1, other)):
            entry(was).update(sequence=now)


def swap_events(one, other):
    """Let two entries point at each other's events."""
    first, second = entry(one).get().event_id, entry(other).get().event_id
    with triggers_off(connection):
        for place, pk in ((one, -1), (other, first), (one, second)):
            entry(place).update(event_id=pk)


def swap_rows(one, other):
    """Let two events hold each other's columns."""
    columns = [*FIELDS, "content"]
    first, second = event(one).values(*columns).get(), event(other).values(*columns).get()
    with triggers_off(connection):
        event(one).update(**second)
        event(other).update(**first)
