"""Making the invented organisation: whatever is random is made here, through the domain."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import transaction
from django.utils import timezone

from project.demo import desk_work, sign_ins, standings, weeks_before
from project.demo.cast import SIGN_INS, standing_of
from project.demo.memory import Memory
from recovery import sync
from recovery.adoption import Intake, VerifiedAddress, adopt_addresses
from recovery.code_sets import Prepared
from recovery.models import Account

FIXTURE: Final = "demo"
HOSTS: Final = ("example.org", "home.example.org")
"""Where somebody has their first address, and their second."""
Users: Any = get_user_model()


def make_whole(*, progress: Callable[[str], None]) -> Memory:
    """Make what is missing of the organisation. What is there stays as it is, used or not."""
    memory = Memory.load()
    _must_be_ours(memory)
    if memory is None:
        memory = Memory.fresh(SIGN_INS)
        memory.save()
    call_command("loaddata", "roles", verbosity=0)
    if not Users.objects.filter(username__in=logins()).exists():
        _load_people()
        weeks_before.tell()
    untouched = _accounts(
        user__backupcodeset__isnull=True, user__totpauthenticator__isnull=True, addresses=None
    )
    if untouched:
        progress(f"Making the codes and authenticators of {len(untouched)} people …")
        _give_standings(untouched)
    sign_ins.give(memory)
    _adopt_addresses(_accounts(addresses=None))
    desk_work.do(_accounts())
    sync.refresh_all()
    return memory


def logins() -> list[str]:
    """The login names of everybody in the fixture."""
    path = Path(settings.BASE_DIR) / "fixtures" / f"{FIXTURE}.json"
    return [row["fields"]["username"] for row in json.loads(path.read_text(encoding="utf-8"))]


def _load_people() -> None:
    with transaction.atomic():
        call_command("loaddata", FIXTURE, verbosity=0)
        people = list(Users.objects.filter(username__in=logins()))
        for user in people:
            user.set_unusable_password()
        Users.objects.bulk_update(people, ["password"])


def _must_be_ours(memory: Memory | None) -> None:
    """Refuse a database that holds other people: the demo gives roles and known passwords away."""
    if not Users.objects.exists():
        return
    if memory is None or not Users.objects.filter(username__in=logins()).exists():
        raise CommandError(
            "This database holds users that the demo did not make. Give it one of its own: "
            "name another VAR_DIR."
        )


def _accounts(**state: Any) -> dict[str, Account]:
    """The accounts of the fixture that have something to be made, by login name."""
    wanted = [login for login in logins() if not standing_of(login).is_blank]
    found = Account.objects.filter(user__username__in=wanted, **state).select_related("user")
    return {account.user.get_username(): account for account in found}


def _give_standings(accounts: dict[str, Account]) -> None:
    wanted = {login: standing_of(login) for login in accounts}
    with_codes = [login for login, standing in wanted.items() if standing.codes_left is not None]
    # Slow hashes, and Argon2 lets go of the interpreter while it works.
    with ThreadPoolExecutor() as pool:
        prepared = dict(zip(with_codes, pool.map(_prepare, with_codes), strict=True))
    for login, account in accounts.items():
        standings.give(account, wanted[login], prepared.get(login))


def _prepare(_login: str) -> Prepared:
    return Prepared.saved()


def _adopt_addresses(accounts: dict[str, Account]) -> None:
    """Bring the addresses in last: nobody is told of what made them up."""
    intake = Intake(actor=standings.DEMO, source="Staff register", skipped=_ignore)
    adopt_addresses(_addresses(accounts), intake=intake)


def _addresses(accounts: dict[str, Account]) -> Iterable[VerifiedAddress]:
    for login, account in accounts.items():
        for host, days in zip(HOSTS, standing_of(login).confirmed, strict=False):
            yield VerifiedAddress(
                user_id=account.user_id,
                address=f"{login}@{host}",
                confirmed_at=timezone.now() - timedelta(days=days),
            )


def _ignore(_line: str) -> None:
    pass
