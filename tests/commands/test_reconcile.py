import pytest
from django.db import transaction

from recovery import code_sets, counters, redemption
from recovery.enums import EndReason, Operation
from recovery.locks import locked
from recovery.models import Account, AuditEvent

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_user_model]

NOTHING_ISSUED = {"backup_codes_left": 0, "backup_codes_total": 0, "backup_codes_issued_at": None}


def test_true_counters_are_proven(run, make_account, give_codes):
    account = make_account()
    codes = give_codes(account)
    redemption.redeem(account.user, typed=codes[0])
    make_account("nobody.new")

    assert run("reconcile").out == "Every counter is right.\n"
    assert not AuditEvent.objects.filter(operation=Operation.RECONCILE).exists()


def test_counters_stay_true_when_a_set_has_ended(run, make_account, give_codes):
    account = make_account()
    give_codes(account)
    give_codes(account)
    with transaction.atomic():
        code_sets.end_all(account, because=EndReason.REPORTED_LOST)

    assert run("reconcile", check=True).code == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"backup_codes_left": 7},
        {"backup_codes_total": 12},
        {"backup_codes_issued_at": None},
        NOTHING_ISSUED,
    ],
)
def test_a_wrong_counter_is_repaired_and_told(run, make_account, give_codes, wrong):
    account = make_account()
    give_codes(account)
    account.refresh_from_db()
    right = {name: getattr(account, name) for name in NOTHING_ISSUED}
    Account.objects.filter(pk=account.pk).update(**wrong)

    printed = run("reconcile")

    account.refresh_from_db()
    assert {name: getattr(account, name) for name in NOTHING_ISSUED} == right
    assert printed.code == 3
    assert str(account) in printed.out
    event = AuditEvent.objects.get(operation=Operation.RECONCILE)
    assert event.subject_id == str(account.user_id)
    assert event.detail["left_is"] == 10


def test_codes_that_no_set_holds_are_taken_off_the_account(run, make_account):
    account = make_account()
    Account.objects.filter(pk=account.pk).update(backup_codes_total=10, backup_codes_left=10)

    assert run("reconcile").code == 3

    account.refresh_from_db()
    assert (account.backup_codes_left, account.backup_codes_total) == (0, 0)


def test_check_changes_nothing(run, make_account, give_codes):
    account = make_account()
    give_codes(account)
    Account.objects.filter(pk=account.pk).update(backup_codes_left=2)

    printed = run("reconcile", check=True)

    account.refresh_from_db()
    assert account.backup_codes_left == 2
    assert printed.code == 3
    assert "2 of 10 should be 10 of 10" in printed.out
    assert not AuditEvent.objects.exists()


def test_the_database_compares_whatever_the_number_of_accounts(
    run, make_account, give_codes, django_assert_num_queries
):
    for number in range(3):
        give_codes(make_account(f"person.{number}"))

    with django_assert_num_queries(1):
        run("reconcile")


def test_what_came_right_before_it_was_locked_is_left_alone(
    run, make_account, give_codes, monkeypatch
):
    account = make_account()
    give_codes(account)
    Account.objects.filter(pk=account.pk).update(backup_codes_left=4)

    def lock_late(found):
        Account.objects.filter(pk=account.pk).update(backup_codes_left=10)
        return locked(found)

    monkeypatch.setattr(counters, "locked", lock_late)

    assert run("reconcile").out == "Every counter is right.\n"
    assert not AuditEvent.objects.exists()
