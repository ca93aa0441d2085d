"""An invented organisation: of the size that was asked for, and right in every counter."""

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command

from recovery import counters
from recovery.models import Account, AccountText, AuditEvent, BackupCode
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


def test_a_few_have_no_code_left_and_a_few_are_flagged():
    seed(1000)

    assert Account.objects.without_codes().filter(backup_codes_total=10).count() == 10
    assert Account.objects.low_on_codes(limit=2).count() == 40
    assert Account.objects.flagged().count() == 5


def test_nobody_of_them_can_sign_in():
    seed(100)

    invented = get_user_model().objects.all()
    assert not any(user.password for user in invented)
    assert not any(invented[0].check_password(typed) for typed in ("", " ", "password"))


def test_seeding_again_adds_more():
    seed(100)
    seed(100, "--without-codes")

    assert Account.objects.count() == 200
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
