"""What the measured databases hold: invented people and events, and somebody at the desk."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Any

PASSWORD = "a long password 1"  # noqa: S105 - of a benchmark's own database
LEAD = "bench-lead"
STOCK_ADMIN = "bench-stock"
OF_MAIL = 100
"""One account in so many has an open link, and one a mail that came back."""


def main() -> None:
    """Fill the database that the environment names with so many users and events.

    One that was filled before, and is named without a number, is brought up to date.
    """
    import django  # noqa: PLC0415 - in a process of its own

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415 - needs loaded apps
    from django.db import connection  # noqa: PLC0415 - needs loaded apps

    call_command("migrate", verbosity=0)
    if sys.argv[1:]:
        users, events = map(int, sys.argv[1:])
        call_command("seed", users=users, events=events)
        arrange_mail()
        member(LEAD, "Lead")
        _stock_admin()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")


def member(name: str, role: str) -> Any:
    """Find or make somebody at the desk, with a password and an authenticator app."""
    from django.contrib.auth import get_user_model  # noqa: PLC0415 - needs loaded apps
    from django.contrib.auth.models import Group  # noqa: PLC0415 - needs loaded apps
    from django.core.management import call_command  # noqa: PLC0415 - needs loaded apps

    from recovery import totp  # noqa: PLC0415 - needs loaded apps
    from tests import factories  # noqa: PLC0415 - needs loaded apps

    users = get_user_model().objects
    if found := users.filter(username=name).first():
        return found
    with factories.arranging():
        call_command("loaddata", "roles", verbosity=0)
        person = users.create_user(name, password=PASSWORD, is_staff=True)
        person.groups.add(Group.objects.get(name=role))
        totp.bind(person, totp.new_key(), name="phone")
    return person


def arrange_mail() -> None:
    """Give one account in a hundred an open link, and another a mail that came back."""
    from django.utils import timezone  # noqa: PLC0415 - needs loaded apps

    from recovery.models import (  # noqa: PLC0415 - needs loaded apps
        Account,
        ContactAddress,
        Notice,
        RecoveryLink,
    )

    now = timezone.now()
    pks = list(Account.objects.order_by("pk").values_list("pk", flat=True)[::OF_MAIL])
    since = {"added_at": now - timedelta(days=90), "confirmed_at": now - timedelta(days=90)}
    addresses = ContactAddress.objects.bulk_create(
        (
            ContactAddress(
                account_id=pk, address=f"at{pk}@example.org", confirmed_from="seed", **since
            )
            for pk in pks
        ),
        batch_size=5_000,
    )
    live = {"state": "live", "handed_over_at": now, "expires_at": now + timedelta(days=3650)}
    RecoveryLink.objects.bulk_create(
        (RecoveryLink(account_id=one.account_id, address=one, **live) for one in addresses),
        batch_size=5_000,
    )
    Notice.objects.bulk_create(
        (
            Notice(
                operation="regenerate_backup_codes",
                account_id=pk,
                address=f"at{pk}@example.org",
                dedupe_key=f"event:bench:{pk}",
                state="dead",
                ended_at=now,
            )
            for pk in pks
        ),
        batch_size=5_000,
    )


def _stock_admin() -> None:
    from django.contrib.auth import get_user_model  # noqa: PLC0415 - needs loaded apps

    from tests import factories  # noqa: PLC0415 - needs loaded apps

    with factories.arranging():
        get_user_model().objects.create_superuser(STOCK_ADMIN, password=None)


if __name__ == "__main__":
    main()
