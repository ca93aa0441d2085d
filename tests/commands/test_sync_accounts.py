import pytest
from django.contrib.auth.models import Group

from recovery.enums import Tier
from recovery.models import Account, AccountText

pytestmark = [pytest.mark.django_db, pytest.mark.any_user_model]


def test_accounts_that_users_lack_are_made(run, make_account):
    user = make_account().user
    Account.objects.filter(user_id=user.pk).delete()

    printed = run("sync_accounts")

    assert AccountText.objects.get(account__user_id=user.pk).login_name == user.get_username()
    assert printed.out == "1 accounts, 1 of them new.\n"


@pytest.mark.stock_user_model  # it has a first name
def test_text_and_tier_are_brought_up_to_date(run, make_account):
    account = make_account()
    AccountText.objects.update(folded="as it was before")
    account.user.groups.add(Group.objects.get(name="Auditor"))
    Account.objects.update(tier=Tier.STANDARD)  # as it was before the signals followed it

    run("sync_accounts")

    account.refresh_from_db()
    assert "amelie" in AccountText.objects.get().folded
    assert account.tier == Tier.PRIVILEGED


def test_a_second_run_makes_nothing(run, make_account):
    make_account()
    run("sync_accounts")

    assert run("sync_accounts").out == "1 accounts, 0 of them new.\n"
