"""Checkpoints, alarms and purges, when many come at once."""

from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from recovery import errors
from recovery.actors import Actor
from recovery.audit import alarms, comparing, purging
from recovery.audit.checkpoints import make_checkpoint
from recovery.audit.comparing import follow
from recovery.audit.verifier import Finding
from recovery.enums import Operation
from recovery.models import AuditEvent, Checkpoint, Incident, PurgeRecord, SigningKey
from tests.concurrency import at_once
from tests.plumbing.signed import events

pytestmark = [pytest.mark.concurrency, pytest.mark.django_db(transaction=True)]

MANY = 8


def test_one_of_many_signs_a_head(sink):
    events(3)

    outcomes = at_once(MANY, lambda _: make_checkpoint())

    made = [one for one in outcomes if one is not None]
    assert [type(one) for one in made] == [Checkpoint]
    assert (Checkpoint.objects.count(), SigningKey.objects.count()) == (1, 1)
    assert len(sink.read_text().splitlines()) == 1


def test_many_who_find_the_same_raise_one_alarm():
    outcomes = at_once(MANY, lambda _: alarms.raise_alarm(Finding.CHANGED, 7))

    assert [type(one) for one in outcomes if one is not None] == [Incident]
    assert AuditEvent.objects.filter(operation=Operation.RAISE_ALARM).count() == 1


def test_of_purges_at_once_one_takes_the_events_out(tmp_path, sink):
    events(3, at=timezone.now() - timedelta(days=400))
    events(1)
    year_ago = timezone.now() - timedelta(days=366)
    leaving = purging.plan(before=year_ago, kept_from=year_ago)

    def purge(number):
        return purging.purge(
            leaving,
            to=tmp_path / f"{number}.zip",
            actor=Actor.command("test"),
            progress=lambda _: None,
        )

    outcomes = at_once(4, purge)

    assert Counter(map(type, outcomes)) == {PurgeRecord: 1, errors.ChangedMeanwhile: 3}
    assert PurgeRecord.objects.count() == 1
    assert follow().sequence == AuditEvent.objects.count() + leaving.last


@pytest.mark.usefixtures("sink")
def test_what_others_write_and_sign_while_somebody_compares_is_no_alarm(monkeypatch):
    events(2)
    make_checkpoint()
    purged_up_to, others = comparing.purged_up_to, []

    def meanwhile():
        if not others:
            others.append("are at it")
            others[:] = at_once(1, lambda _: events(2) or make_checkpoint())
        return purged_up_to()

    monkeypatch.setattr(comparing, "purged_up_to", meanwhile)

    assert comparing.follow().sequence == 2
    assert [one.sequence for one in others] == [4]
    assert comparing.follow().sequence == 4
