"""Versions of many accounts at once: the lines that their history would have had one by one."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.db import connection
from django.utils import timezone

from recovery.insertion import among
from recovery.models import Account
from recovery.models.accounts import COUNTERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.db.models import Model

    from recovery.actors import Actor

CHANGED: Final = "~"
LISTS: Final = {
    "postgresql": "unnest(%s::bigint[], %s::text[]) WITH ORDINALITY AS listed(id, trace, place)",
    "sqlite": """(SELECT json_extract(value, '$[0]') AS id, json_extract(value, '$[1]') AS trace,
        key AS place FROM json_each(%s)) AS listed""",
}
"""Ids and their traces as a table, in their order."""


def change_many(
    changes: Sequence[tuple[Account, dict[str, Any]]],
    *,
    actor: Actor,
    reason: str,
    traces: Mapping[int, str],
) -> None:
    """Write the named columns of locked accounts, with who and why in the history of each.

    Accounts that change alike are written by one statement. A column that keeps its value is not
    written: a flag's first date is another one for each.
    """
    alike: defaultdict[tuple[tuple[str, Any], ...], list[int]] = defaultdict(list)
    for account, fields in changes:
        new = ((name, value) for name, value in fields.items() if getattr(account, name) != value)
        alike[tuple(new)].append(account.pk)
    for changed, pks in alike.items():
        if changed:
            Account.objects.filter(pk__in=among(pks)).update(**dict(changed))
    if getattr(settings, "SIMPLE_HISTORY_ENABLED", True):
        _keep([account.pk for account, _ in changes], actor=actor, reason=reason, traces=traces)


def _keep(pks: Sequence[int], *, actor: Actor, reason: str, traces: Mapping[int, str]) -> None:
    """Copy the rows into the history as they now are, without leaving the database."""
    versions: type[Model] = Account.history.model
    said = {
        "history_date": timezone.now(),
        "history_type": CHANGED,
        "history_change_reason": reason or None,
        "history_user_id": actor.user.pk if actor.user is not None else None,
    }
    copied = [field for field in Account._meta.concrete_fields if field.name not in COUNTERS]
    fields = {field.attname: field for field in versions._meta.concrete_fields}
    into = ", ".join(_quoted(fields[name]) for name in [*(f.attname for f in copied), *said])
    statement = f"""
        INSERT INTO {_table(versions)} ({into}, {_quoted(fields["trace"])})
        SELECT {", ".join(f"a.{_quoted(field)}" for field in copied)},
            {", ".join(["%s"] * len(said))}, listed.trace
        FROM {LISTS[connection.vendor]} JOIN {_table(Account)} a ON a.id = listed.id
        ORDER BY listed.place"""  # noqa: S608 - names of our own tables and columns
    values = [fields[name].get_db_prep_save(value, connection) for name, value in said.items()]
    with connection.cursor() as cursor:
        cursor.execute(statement, [*values, *_listed(pks, [traces[pk] for pk in pks])])


def _listed(pks: Sequence[int], traces: Sequence[str]) -> list[Any]:
    if connection.vendor == "postgresql":
        return [pks, traces]
    return [json.dumps(list(zip(pks, traces, strict=True)))]


def _table(model: type[Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def _quoted(field: Any) -> str:
    return connection.ops.quote_name(field.column)
