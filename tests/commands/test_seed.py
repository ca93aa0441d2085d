"""An invented organisation: of the size that was asked for, and right in every counter."""

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import connection

from recovery import counters, tiers
from recovery.audit import linking
from recovery.audit.detail import check_detail
from recovery.audit.verification import verify_ledger
from recovery.enums import Operation, Outcome, Tier
from recovery.models import Account, AccountText, AuditEvent, BackupCode, ChainEntry, Checkpoint
from recovery.seeding import events as seeded_events
from recovery.seeding.stories import STORIES
from tests.factories import account

pytestmark = pytest.mark.django_db


def seed(users=1100, *options):
    call_command("seed", f"--users={users}", *options, verbosity=0)


def test_it_has_as_many_people_as_were_asked_for_each_with_an_account_and_its_text():
    seed()

    assert get_user_model().objects.count() == 1100
    assert Account.objects.count() == 1100
    assert AccountText.objects.filter(folded__contains="seed-0000").count() == 1100


def test_every_counter_fits_the_codes():
    seed()

    assert BackupCode.objects.count() == 10 * Account.objects.exclude(backup_codes_total=0).count()
    assert list(counters.differences()) == []


def test_each_filter_of_the_list_has_somebody_to_find():
    seed(1000)

    assert Account.objects.without_codes().filter(backup_codes_total=10).count() == 10
    assert Account.objects.low_on_codes(limit=2).count() == 40
    assert Account.objects.flagged().count() == 10
    assert Account.objects.overdue().count() == 5
    has_flag = tiers.is_column("is_staff")
    assert Account.objects.filter(tier=Tier.PRIVILEGED).count() == (10 if has_flag else 0)


def test_nobody_of_them_can_sign_in():
    seed(100)

    invented = get_user_model().objects.all()
    assert not any(user.password for user in invented)
    assert not any(invented[0].check_password(typed) for typed in ("", " ", "password"))


def test_seeding_again_adds_more():
    seed(100)
    seed(100, "--without-codes")

    assert Account.objects.count() == AccountText.objects.count() == 200
    assert BackupCode.objects.exists()


def test_it_leaves_a_database_with_real_people_alone():
    account()

    with pytest.raises(CommandError, match="--beside-others"):
        seed(100)

    assert Account.objects.count() == 1


def test_it_adds_to_them_if_told_so_and_changes_nothing_of_theirs():
    owner = account()

    seed(100, "--beside-others")

    assert Account.objects.get(pk=owner.pk).backup_codes_total == owner.backup_codes_total
    assert AuditEvent.objects.count() == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("many", [10_000, 200], ids=["here", "by processes"])
def test_its_events_are_chained_signed_and_in_the_order_of_time(many, monkeypatch):
    monkeypatch.setattr(seeded_events, "MANY", many)
    monkeypatch.setattr(seeded_events, "AT_ONCE", 150)

    seed(100, "--events=400")
    seed(0, "--events=100")

    assert AuditEvent.objects.count() == ChainEntry.objects.count() == 500
    verify_ledger()
    assert Checkpoint.objects.latest("pk").count == 500
    times = list(ChainEntry.objects.order_by("sequence").values_list("event__at", flat=True))
    assert times == sorted(times)


def test_its_events_are_about_invented_people_of_several_kinds_by_several_agents():
    seed(100, "--events=1000")
    linking.settle(connection)

    people = set(get_user_model().objects.values_list("pk", flat=True))
    subjects = set(AuditEvent.objects.exclude(subject_id="").values_list("subject_id", flat=True))
    assert subjects == {str(pk) for pk in people}
    assert set(AuditEvent.objects.values_list("operation", flat=True)) == {
        story.operation.value for story in STORIES
    }
    assert AuditEvent.objects.filter(outcome=Outcome.REFUSED).exclude(refusal="").exists()
    regenerated = AuditEvent.objects.filter(operation=Operation.REGENERATE_BACKUP_CODES)
    assert regenerated.values("actor_id").distinct().count() == seeded_events.AGENTS
    for event in AuditEvent.objects.all():
        check_detail(Operation(event.operation), event.detail)
        event.full_clean(exclude={"detail"})


@pytest.mark.parametrize("asked", [("--users=0",), ("--users=-1",), ("--users=5", "--events=-5")])
def test_how_many_has_to_be_said(asked):
    with pytest.raises(CommandError, match="--users or --events"):
        call_command("seed", *asked)


def test_events_without_anybody_to_be_about_are_refused():
    with pytest.raises(CommandError, match="--users as well"):
        seed(0, "--events=5")
