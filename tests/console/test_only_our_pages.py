"""What the console leaves out: the stock pages of users, groups, devices and keys."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group

from tests.console import desk

pytestmark = pytest.mark.django_db


def test_only_accounts_the_ledger_and_its_review_have_pages():
    registered = {model._meta.label for model in admin.site._registry}

    assert registered == {"recovery.Account", "recovery.AuditEvent", "recovery.ReviewItem"}


@pytest.mark.parametrize(
    "page",
    [
        "auth/user/",
        "auth/group/",
        "otp_totp/totpdevice/",
        "otp_static/staticdevice/",
        "recovery/totpauthenticator/",
        "recovery/backupcodeset/",
        "recovery/backupcode/",
        "password_change/",
        "autocomplete/",
        "search/",
        "r/1/1/",
        "recovery/account/add/",
        "recovery/account/1/delete/",
        "recovery/auditevent/add/",
        "recovery/auditevent/1/delete/",
        "recovery/auditevent/1/history/",
    ],
)
def test_no_stock_page_can_be_reached(page):
    client = desk.signed_in(desk.member(is_superuser=True))

    response = client.get(f"/console/{page}", follow=True)

    # Django sends whoever asks for an event called "add" to the front page.
    assert response.status_code == 404 or response.redirect_chain[-1][0] == desk.FRONT


def test_no_role_carries_a_permission_on_users_or_devices():
    held = Group.objects.values_list("permissions__content_type__app_label", flat=True)

    assert set(held) == {"recovery"}
