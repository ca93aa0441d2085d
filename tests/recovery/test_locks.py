"""One order of locks for everybody who writes: who waits for whom is never a circle."""

import django_otp
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from recovery.locks import locked
from recovery.models import Account, BackupCodeSet, TotpAuthenticator
from tests.factories import account, app, phone_code, saved_codes

pytestmark = pytest.mark.django_db

OURS = (TotpAuthenticator, BackupCodeSet)


def tables_read(queries):
    seen = [
        table
        for query in queries
        for table in (model._meta.db_table for model in (*OURS, Account))
        if f'FROM "{table}"' in query["sql"]
    ]
    return list(dict.fromkeys(seen))


def test_devices_are_locked_in_django_otps_order_and_the_account_last():
    owner = account()
    registered = [model for model in django_otp.device_classes() if model in OURS]

    with CaptureQueriesContext(connection) as queries:
        locked(owner)

    expected = [model._meta.db_table for model in (*registered, Account)]
    assert tables_read(queries) == expected


def test_django_otp_takes_the_devices_of_a_model_by_id():
    owner = account()
    apps, sets = [app(owner), app(owner)], [saved_codes(owner)[0], phone_code(owner)[0]]
    TotpAuthenticator.objects.filter(pk=apps[0].pk).update(failures=1)

    devices = list(django_otp.devices_for_user(owner.user, for_verify=True))

    assert devices == [*apps, *sets]
