"""An account for every user, its text and its tier as the user has them now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import batched
from typing import TYPE_CHECKING, Any, Final

from django.contrib.auth import get_user_model
from django.db import connections
from django.db.models import CharField

from recovery import tiers
from recovery.enums import Enrolment, Tier
from recovery.models import Account, AccountText
from recovery.people import person

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

BATCH: Final = 2_000
TEXT_FIELDS: Final = ("display_name", "login_name", "address", "staff_number", "folded")
TEXT_LENGTHS: Final = {
    field.name: field.max_length
    for field in AccountText._meta.get_fields()
    if isinstance(field, CharField) and field.name in TEXT_FIELDS
}
"""A user model may hold longer names than our columns: the whole is still in ``folded``."""
SIGN_IN_FIELDS: Final = frozenset({"last_login", "password"})
"""User columns whose saving leaves the text as it is: every sign-in writes the first."""


def keep_up(user: AbstractBaseUser, *, using: str, update_fields: Iterable[str] | None) -> None:
    """Make or refresh what belongs to one user."""
    if update_fields is not None and set(update_fields) <= SIGN_IN_FIELDS:
        return
    account, _ = Account.objects.using(using).get_or_create(
        user_id=user.pk, defaults={"tier": tiers.by_flags(user)}
    )
    tiers.follow(account, user, using=using)
    _write_text([(account.pk, user)], using=using)


def make_missing(using: str = "default") -> int:
    """Make the accounts and texts that users have none of; return how many accounts.

    The accounts are made by one statement and their tiers noted by another, however many users
    there are. Before there are tables for them, there is nothing to do.
    """
    if not _has_tables(using):
        return 0
    made = insert_missing_accounts(using)
    without_text = Account.objects.using(using).filter(text__isnull=True)
    _refresh(without_text.values_list("user_id", flat=True).iterator(), using=using)
    tiers.promote(using=using)
    return made


def refresh_all(using: str = "default") -> int:
    """Write every text and tier anew from the users; return how many accounts there are."""
    users = Account.objects.using(using).values_list("user_id", flat=True)
    return _refresh(users.iterator(), using=using, note_tiers=tiers.write)


def _refresh(
    user_ids: Iterable[Any],
    *,
    using: str,
    note_tiers: Callable[..., None] = tiers.write_computed_flags,
) -> int:
    seen = 0
    for batch in batched(user_ids, BATCH):
        accounts = Account.objects.using(using).filter(user_id__in=batch).select_related("user")
        rows = [(account.pk, account.user) for account in accounts]
        _write_text(rows, using=using)
        note_tiers(rows, using=using)
        seen += len(rows)
    return seen


def text_of(account_id: int, user: AbstractBaseUser) -> AccountText:
    """The words to find an account by, as its user has them now; not saved."""
    found = person(user)
    cut = {name: getattr(found, name)[:length] for name, length in TEXT_LENGTHS.items()}
    return AccountText(account_id=account_id, folded=found.folded, **cut)


def _write_text(rows: Sequence[tuple[int, AbstractBaseUser]], *, using: str) -> None:
    AccountText.objects.using(using).bulk_create(
        [text_of(pk, user) for pk, user in rows],
        update_conflicts=True,
        unique_fields=["account"],
        update_fields=TEXT_FIELDS,
    )


def _has_tables(using: str) -> bool:
    needed = {model._meta.db_table for model in (Account, AccountText, get_user_model())}
    return needed.union(tiers.tables()) <= set(connections[using].introspection.table_names())


def insert_missing_accounts(using: str = "default") -> int:
    """Make the accounts alone, without their texts, by one statement; return how many."""
    connection = connections[using]
    users = get_user_model()._meta
    quote = connection.ops.quote_name
    account_table, user_table = quote(Account._meta.db_table), quote(users.db_table)
    user_pk = quote(str(users.pk.column))
    # Names of our own tables and columns, quoted; nothing that a person typed.
    statement = f"""
        INSERT INTO {account_table} (user_id, enrolment, reenrolment_origin, reenrolment_reason,
            tier, backup_codes_left, backup_codes_total, failures, session_generation,
            trusted_password, seen_password)
        SELECT u.{user_pk}, %s, '', '', %s, 0, 0, 0, 0, '', '' FROM {user_table} u
        WHERE NOT EXISTS (SELECT 1 FROM {account_table} a WHERE a.user_id = u.{user_pk})"""  # noqa: S608 - see above
    with connection.cursor() as cursor:
        cursor.execute(statement, [Enrolment.NOT_ENROLLED, Tier.STANDARD])
        return int(cursor.rowcount)
