"""Where invented accounts stand, and the codes that go with it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from django.db import connection, transaction
from django.db.models import Case, Max, Min, Value, When
from django.db.models.functions import Mod
from django.utils import timezone

from recovery.enums import CodeKind, Enrolment, FlagOrigin
from recovery.hashers import Recipe
from recovery.models import Account, BackupCode, BackupCodeSet

CODES: Final = 10
AT_ONCE: Final = 50_000


def give(after: int) -> None:
    """Say of each account behind that key how it stands, by its number."""
    now = timezone.now()
    accounts = Account.objects.filter(pk__gt=after).alias(
        of=Mod("pk", 1000), fifth=Mod("pk", 5), half=Mod("pk", 2)
    )
    enrolled = accounts.exclude(of__lt=30)
    with transaction.atomic():
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
            backup_codes_issued_at=_spread(now, "fifth", (3, 30, 90, 200, 365)),
        )
        recovered = enrolled.filter(of__gte=950)
        recovered.update(last_recovered_at=_spread(now, "fifth", (0.5, 3, 9, 20, 60)))
        enrolled.filter(of__gte=940, of__lt=950).update(
            enrolment=Enrolment.REENROLMENT_REQUIRED,
            reenrolment_required_at=now - timedelta(days=4),
            reenrolment_due_at=_spread(now, "half", (-3, 1)),
            reenrolment_origin=FlagOrigin.DESK,
            reenrolment_reason="A batch of tokens was lost.",
        )


def insert_codes(after: int) -> None:
    """Insert a set for each account that says so, and the codes that it says are left."""
    accounts = Account.objects.filter(pk__gt=after)
    ends = accounts.aggregate(first=Min("pk", default=0), last=Max("pk", default=-1))
    recipe = json.dumps(Recipe.fresh().as_stored())
    as_json = "%s::jsonb" if connection.vendor == "postgresql" else "%s"
    add_sets = _ADD_SETS.format(recipe=as_json)
    add_codes = _ADD_CODES.format(digest=_DIGESTS[connection.vendor])
    for low, high in pairwise([*range(ends["first"], ends["last"] + 1, AT_ONCE), ends["last"] + 1]):
        with transaction.atomic(), connection.cursor() as cursor:
            before = BackupCodeSet.objects.aggregate(last=Max("pk", default=0))["last"]
            cursor.execute(add_sets, [True, CodeKind.SAVED, recipe, low, high])
            cursor.execute(add_codes, [before])


def _spread(now: datetime, part: str, days: tuple[float, ...]) -> Case:
    """One of a few dates each, by which ``part`` of the accounts it is in."""
    return Case(
        *(
            When(**{part: place}, then=Value(now - timedelta(days=ago)))
            for place, ago in enumerate(days[:-1])
        ),
        default=Value(now - timedelta(days=days[-1])),
    )


_SETS, _CODES, _ACCOUNTS = (
    f'"{model._meta.db_table}"' for model in (BackupCodeSet, BackupCode, Account)
)
_TEN: Final = " UNION ALL ".join(f"SELECT {number} AS n" for number in range(CODES))
_DIGESTS: Final = {
    "postgresql": "encode(sha256(int8send(s.id * 10 + n)), 'hex')",
    "sqlite": "lower(hex(randomblob(32)))",
}
_ADD_SETS: Final = f"""
    INSERT INTO {_SETS} (user_id, name, confirmed, kind, recipe, issued_at, adopted_from,
        ended_because)
    SELECT user_id, 'Backup codes', %s, %s, {{recipe}}, backup_codes_issued_at, '', ''
    FROM {_ACCOUNTS} WHERE id >= %s AND id < %s AND backup_codes_total > 0
    ORDER BY id"""  # noqa: S608 - names of our own tables
# By set, so that the indexes grow at their ends.
_ADD_CODES: Final = f"""
    INSERT INTO {_CODES} (set_id, digest, used_at)
    SELECT s.id, CASE WHEN n < backup_codes_left THEN {{digest}} ELSE '' END,
        CASE WHEN n < backup_codes_left THEN NULL ELSE s.issued_at END
    FROM {_SETS} s JOIN {_ACCOUNTS} a ON a.user_id = s.user_id
    CROSS JOIN ({_TEN}) AS ten WHERE s.id > %s ORDER BY s.id"""  # noqa: S608 - names of our own tables
