"""One order of locks for everybody who writes: who waits for whom is never a circle."""

import django_otp
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from recovery import locks
from recovery.models import Account, BackupCodeSet, TotpAuthenticator
from tests.factories import account, app, phone_code, saved_codes

pytestmark = pytest.mark.django_db

DEVICES = (TotpAuthenticator, BackupCodeSet, StaticDevice, TOTPDevice)
"""As this suite has them installed: ours, and two of another project's."""
TABLES = [model._meta.db_table for model in (*DEVICES, Account)]


def tables_read(queries):
    return [table for query in queries for table in TABLES if f'FROM "{table}"' in query["sql"]]


def test_devices_are_locked_in_django_otps_order_and_the_account_after_them():
    owner = account()
    registered = [model for model in django_otp.device_classes() if model in locks.DEVICES]

    with CaptureQueriesContext(connection) as queries:
        locks.locked(owner)

    assert tuple(registered) == locks.DEVICES
    assert tuple(django_otp.device_classes()) == DEVICES
    assert tables_read(queries)[: len(TABLES)] == TABLES


def test_a_device_that_came_while_we_waited_for_the_account_is_locked_before_it(monkeypatch):
    owner = account()
    saved_codes(owner)
    take, taken = locks._locked_in_order, []
    look, looks = locks._ids, []

    def look_while_somebody_regenerates(rows):
        looks.append(rows)
        if len(looks) == len(locks.DEVICES) + 1:
            saved_codes(owner)
        return look(rows)

    def note(owner):
        taken.append(take(owner))
        return taken[-1]

    monkeypatch.setattr(locks, "_ids", look_while_somebody_regenerates)
    monkeypatch.setattr(locks, "_locked_in_order", note)

    assert locks.locked(owner) == owner
    assert taken == [None, owner]


def test_django_otp_takes_the_devices_in_the_order_of_our_locks():
    owner = account()
    apps, saved, aloud = [app(owner), app(owner)], saved_codes(owner)[0], phone_code(owner)[0]
    TotpAuthenticator.objects.filter(pk=apps[0].pk).update(failures=1)

    devices = list(django_otp.devices_for_user(owner.user))

    assert devices == [*apps, aloud, saved]
    assert devices == [one for model in locks.DEVICES for one in locks._live(model, owner.user_id)]
