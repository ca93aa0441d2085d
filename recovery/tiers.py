"""The tier column, kept up with rights that the host project gives. Decisions compute rank live."""

from __future__ import annotations

from functools import reduce
from itertools import batched
from operator import or_
from typing import TYPE_CHECKING, Any, Final

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import FieldDoesNotExist
from django.db.models import BooleanField, Model, Q, QuerySet

from recovery import policy
from recovery.enums import Tier
from recovery.models import Account

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.contrib.auth.models import AbstractBaseUser

BATCH: Final = 2_000
FLAGS: Final = ("is_staff", "is_superuser")
RELATIONS: Final[dict[str, type[Model]]] = {"user_permissions": Permission, "groups": Group}
"""What Django's ``PermissionsMixin`` calls them. A user model may have any of these, or none."""
HOLDERS: Final = "_recovery_holders"


def watched() -> list[Any]:
    """The tables whose rows give and take rights, as ``m2m_changed`` names its senders."""
    found = [getattr(get_user_model(), name).through for name in RELATIONS if has_relation(name)]
    return [*found, Group.permissions.through]


def tables() -> list[str]:
    """What ``promote`` reads besides the users."""
    return [through._meta.db_table for through in watched()]


def promote(whose: Q | None = None, *, using: str) -> int:
    """Note as privileged whoever holds rights, in one statement; return how many were not yet.

    It asks this database's own tables. ``sync_accounts`` asks every backend, user by user.
    """
    privileged = _privileged(using).filter(whose or Q()).values("pk")
    noted = Account.objects.using(using).filter(tier=Tier.STANDARD, user__in=privileged)
    return noted.update(tier=Tier.PRIVILEGED)


def write(rows: Sequence[tuple[int, AbstractBaseUser]], *, using: str) -> None:
    """Note the exact tier of some accounts, each with its user."""
    privileged = [pk for pk, user in rows if policy.is_staff(user)]
    accounts = Account.objects.using(using).filter(pk__in=[pk for pk, _ in rows])
    accounts.filter(pk__in=privileged).update(tier=Tier.PRIVILEGED)
    accounts.exclude(pk__in=privileged).update(tier=Tier.STANDARD)


def write_computed_flags(rows: Sequence[tuple[int, AbstractBaseUser]], *, using: str) -> None:
    """Note whom a flag makes privileged that is no column: ``promote`` can't ask for it."""
    if all(map(is_column, FLAGS)):
        return
    found = [pk for pk, user in rows if by_flags(user) is Tier.PRIVILEGED]
    if found:
        Account.objects.using(using).filter(pk__in=found).update(tier=Tier.PRIVILEGED)


def by_flags(user: AbstractBaseUser) -> Tier:
    """The tier as far as a user's own flags tell."""
    has_flag = any(getattr(user, flag, False) for flag in FLAGS)
    return Tier.PRIVILEGED if has_flag else Tier.STANDARD


def follow(account: Account, user: AbstractBaseUser, *, using: str) -> None:
    """Note the tier of a user who was just saved. No backend is asked that need not be."""
    if by_flags(user) is Tier.STANDARD:
        _refresh(get_user_model(), (user.pk,), using=using)
    elif account.tier != Tier.PRIVILEGED:
        Account.objects.using(using).filter(pk=account.pk).update(tier=Tier.PRIVILEGED)


def rights_changed(
    instance: Model,
    action: str,
    model: type[Model],
    pk_set: set[Any] | None,
    using: str,
    *,
    reverse: bool,
    **_kwargs: Any,
) -> None:
    """Follow groups and permissions as they change, from whichever end."""
    if action == "pre_clear":
        note_holders(instance, using)
    elif action == "post_clear":
        refresh_holders(instance, using)
    elif action in {"post_add", "post_remove"}:
        ends = (model, pk_set or ()) if reverse else (type(instance), (instance.pk,))
        _refresh(*ends, using=using)


def note_holders(instance: Model, using: str, **_kwargs: Any) -> None:
    """Remember on the instance whom it gives rights: once it is gone, nobody knows."""
    whose = _holders(type(instance), (instance.pk,))
    held = _everybody(using).filter(whose).values_list("pk", flat=True).distinct()
    setattr(instance, HOLDERS, list(held))


def refresh_holders(instance: Model, using: str, **_kwargs: Any) -> None:
    """Look again at those who were remembered."""
    _refresh(get_user_model(), vars(instance).pop(HOLDERS, ()), using=using)


def _refresh(model: type[Model], pks: Iterable[Any], *, using: str) -> None:
    for batch in batched(pks, BATCH):
        whose = _holders(model, batch)
        promote(whose, using=using)
        _demote(whose, using=using)


def _demote(whose: Q, *, using: str) -> None:
    """Take the mark from those who hold nothing any more, by no backend either: one by one."""
    marked = Account.objects.using(using).filter(
        tier=Tier.PRIVILEGED, user__in=_everybody(using).filter(whose).values("pk")
    )
    doubtful = marked.exclude(user__in=_privileged(using).values("pk")).select_related("user")
    for batch in batched(list(doubtful), BATCH):
        write([(account.pk, account.user) for account in batch], using=using)


def _holders(model: type[Model], pks: Iterable[Any]) -> Q:
    """The users who are these rows, are in these groups, or hold these permissions."""
    if issubclass(model, Group):
        paths = ["groups"] if has_relation("groups") else []
    elif issubclass(model, Permission):
        paths = _paths_to_permissions()
    else:
        paths = ["pk"]
    return _any(Q(**{f"{path}__in": pks}) for path in paths)


def _privileged(using: str) -> QuerySet[Any]:
    """Whoever has a flag, a permission, or a group with one; deactivated or not."""
    everybody = _everybody(using)
    flagged = [Q(**{flag: True}) for flag in FLAGS if is_column(flag)]
    holding = [
        Q(pk__in=everybody.filter(**{f"{path}__isnull": False}).values("pk"))
        for path in _paths_to_permissions()
    ]
    return everybody.filter(_any(flagged + holding))


def _paths_to_permissions() -> list[str]:
    paths = {"user_permissions": "user_permissions", "groups": "groups__permissions"}
    return [path for name, path in paths.items() if has_relation(name)]


def _any(conditions: Iterable[Q]) -> Q:
    return reduce(or_, conditions, Q(pk__in=()))


def _everybody(using: str) -> QuerySet[Any]:
    """Past the model's own manager, which may hide some."""
    return QuerySet(get_user_model(), using=using)


def is_column(name: str) -> bool:
    """Whether the user model has that flag as a column, and not as a property or not at all."""
    return isinstance(_field(name), BooleanField)


def has_relation(name: str) -> bool:
    """Whether the user model has Django's own groups, or permissions."""
    field = _field(name)
    return bool(getattr(field, "many_to_many", False)) and issubclass(
        field.related_model, RELATIONS[name]
    )


def _field(name: str) -> Any:
    try:
        return get_user_model()._meta.get_field(name)
    except FieldDoesNotExist:
        return None
