"""An invented organisation of any size: rows in sets, past the domain, for trials and benchmarks.

Nobody in it has a password or an authenticator, and the digests of the codes are of no code.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import batched
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.db.models import Case, Max, Value, When
from django.db.models.functions import Mod
from django.utils import timezone

from recovery import sync
from recovery.enums import CodeKind, Enrolment, FlagOrigin
from recovery.hashers import Recipe
from recovery.models import Account, AccountText, BackupCode, BackupCodeSet

LOGIN: Final = "seed-"
HOST: Final = "example.org"
AT_ONCE: Final = 5_000
CODES: Final = 10
FIRST_NAMES: Final = (
    "Ada Ben Cleo Dag Emil Fay Gustav Hana Ines Jonas Kim Lena Marek Nadia Oskar Pia Quentin Rosa "
    "Søren Tomas Uma Vera Wim Xenia Yusuf Zoë"
)
LAST_NAMES: Final = (
    "Abara Bergström Castro Dvořák Eriksen Fournier Grünwald Horvat Ivanova Janssen Kowalczyk "
    "Lindqvist Moreau Nguyen Okafor Petrov Quispe Rossi Schäfer Tanaka Ueda Varga Winter Yılmaz"
)
Report = Callable[[str], None]


def seed(users: int, *, with_codes: bool = True, progress: Report = print) -> int:
    """Add ``users`` invented people, with accounts, and codes if wanted; return how many.

    Of a hundred, one has no code left, four have one or two, and three never enrolled; of two
    hundred, one is flagged. The counters are right: ``reconcile`` finds nothing.
    """
    after = _last(Account)
    progress(f"Writing {users} users …")
    for people in batched(_people(users), AT_ONCE):
        get_user_model().objects.bulk_create(people)
    progress("Making their accounts …")
    sync.make_missing()
    progress("Giving them a history …")
    with transaction.atomic():
        _give_standings(after)
        if with_codes:
            _insert_codes(after)
    _gather_statistics()
    return users


def holds_others() -> bool:
    """Whether there are users that were not made here."""
    users = get_user_model()
    ours = {f"{users.USERNAME_FIELD}__startswith": LOGIN}
    return users.objects.exclude(**ours).exists()


def _people(users: int) -> Iterator[Any]:
    """Each under a login name of their own, also where there are some already."""
    model = get_user_model()
    names = {field.name for field in model._meta.concrete_fields}
    first = model.objects.filter(**{f"{model.USERNAME_FIELD}__startswith": LOGIN}).count()
    for number in range(first, first + users):
        login = f"{LOGIN}{number:08}"
        fields = _described(number) | {model.get_email_field_name(): f"{login}@{HOST}"}
        is_address = model.get_email_field_name() == model.USERNAME_FIELD
        fields[model.USERNAME_FIELD] = f"{login}@{HOST}" if is_address else login
        yield model(**{name: value for name, value in fields.items() if name in names})


def _described(number: int) -> dict[str, str]:
    firsts, lasts = FIRST_NAMES.split(), LAST_NAMES.split()
    first, last = firsts[number % len(firsts)], lasts[number // len(firsts) % len(lasts)]
    # A name that few others have: a search for it has few hits, however many people there are.
    last = f"{last}-{_syllables(number)}"
    whole = f"{first} {last}"
    return {"first_name": first, "last_name": last, "full_name": whole, "name": whole}


def _syllables(number: int) -> str:
    """A name made of a number, by which one can search: ``Batoki``."""
    spoken = ""
    for _ in range(3):
        number, here = divmod(number * 31 + 7, 60)
        spoken += "bdfgklmnprst"[here % 12] + "aeiou"[here // 12]
    return spoken.capitalize()


def _give_standings(after: int) -> None:
    now = timezone.now()
    accounts = Account.objects.filter(pk__gt=after).alias(of=Mod("pk", 1000))
    enrolled = accounts.exclude(of__lt=30)
    enrolled.update(
        enrolment=Enrolment.ENROLLED,
        enrolled_at=now - timedelta(days=400),
        backup_codes_total=CODES,
        backup_codes_left=Case(
            When(of__lt=40, then=Value(0)),
            When(of__lt=60, then=Value(1)),
            When(of__lt=80, then=Value(2)),
            When(of__lt=400, then=Value(7)),
            default=Value(CODES),
        ),
        backup_codes_issued_at=_spread(now, (3, 30, 90, 200, 365)),
    )
    enrolled.filter(of__gte=980).update(last_recovered_at=_spread(now, (1, 5, 20, 60)))
    enrolled.filter(of__gte=990, of__lt=995).update(
        enrolment=Enrolment.REENROLMENT_REQUIRED,
        reenrolment_required_at=_spread(now, (1, 4, 9)),
        reenrolment_due_at=now + timedelta(days=3),
        reenrolment_origin=FlagOrigin.DESK,
        reenrolment_reason="A batch of tokens was lost.",
    )


def _spread(now: datetime, days: tuple[int, ...]) -> Case:
    """One of a few dates each, by the number of the account."""
    return Case(
        *(
            When(of__gte=floor, then=Value(now - timedelta(days=ago)))
            for floor, ago in zip(range(1000, 0, -1000 // len(days)), days, strict=False)
        ),
        default=Value(now - timedelta(days=days[-1])),
    )


def _insert_codes(after: int) -> None:
    """A set for each account that says so, and the codes that it says are left."""
    on_postgresql = connection.vendor == "postgresql"
    first = _last(BackupCodeSet)
    with connection.cursor() as cursor:
        recipe = json.dumps(Recipe.fresh().as_stored())
        statement = SETS.format(recipe="%s::jsonb" if on_postgresql else "%s")
        cursor.execute(statement, [True, CodeKind.SAVED, recipe, after])
        statement = CODE_ROWS.format(digest=DIGESTS[connection.vendor])
        cursor.execute(statement, [first])


_SETS, _CODES, _ACCOUNTS = (
    f'"{model._meta.db_table}"' for model in (BackupCodeSet, BackupCode, Account)
)
_TEN: Final = " UNION ALL ".join(f"SELECT {number} AS n" for number in range(CODES))
DIGESTS: Final = {
    "postgresql": "md5(random()::text) || md5(random()::text)",
    "sqlite": "lower(hex(randomblob(32)))",
}
SETS: Final = f"""
    INSERT INTO {_SETS} (user_id, name, confirmed, kind, recipe, issued_at, adopted_from,
        ended_because)
    SELECT user_id, 'Backup codes', %s, %s, {{recipe}}, backup_codes_issued_at, '', ''
    FROM {_ACCOUNTS} WHERE id > %s AND backup_codes_total > 0"""  # noqa: S608 - names of our own tables
CODE_ROWS: Final = f"""
    INSERT INTO {_CODES} (set_id, digest, used_at)
    SELECT s.id, CASE WHEN n < backup_codes_left THEN {{digest}} ELSE '' END,
        CASE WHEN n < backup_codes_left THEN NULL ELSE s.issued_at END
    FROM {_SETS} s JOIN {_ACCOUNTS} a ON a.user_id = s.user_id
    CROSS JOIN ({_TEN}) AS ten WHERE s.id > %s"""  # noqa: S608 - names of our own tables


def _gather_statistics() -> None:
    """Without them the database would plan for the tables as they were."""
    with connection.cursor() as cursor:
        for model in (get_user_model(), Account, AccountText, BackupCodeSet, BackupCode):
            cursor.execute(f"ANALYZE {connection.ops.quote_name(model._meta.db_table)}")


def _last(model: Any) -> int:
    return int(model.objects.aggregate(last=Max("pk", default=0))["last"])
