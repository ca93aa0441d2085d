"""Which groups and permissions people hold, by Django's own tables and any user model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.db.models import Model, QuerySet

from recovery import tiers

if TYPE_CHECKING:
    from django.db.models import ManyToManyField


def fields() -> dict[Any, Any]:
    """The relations that give rights, by their tables; a user model may have any or none."""
    user = get_user_model()
    found = [user._meta.get_field(name) for name in tiers.RELATIONS if tiers.has_relation(name)]
    found.append(Group._meta.get_field("permissions"))
    return {getattr(field.remote_field, "through", None): field for field in found}


def held(
    field: ManyToManyField[Any, Any],
    instance: Model,
    among: set[Any] | None,
    *,
    using: str,
    reverse: bool,
) -> set[Any]:
    """Which of the others are really there to be taken: Django names also those that are not."""
    here, there = field.m2m_field_name(), field.m2m_reverse_field_name()
    if reverse:
        here, there = there, here
    through: Any = field.remote_field.through
    rows: QuerySet[Any] = QuerySet(through, using=using).filter(**{here: instance.pk})
    if among is not None:
        rows = rows.filter(**{f"{there}__in": among})
    return set(rows.values_list(there, flat=True))


def pairs(
    instance: Model, others: QuerySet[Any], *, reverse: bool
) -> Iterator[tuple[Any, list[str]]]:
    """Who holds, and what: one event for each holder."""
    if reverse:
        yield from ((other, [name_of(instance)]) for other in others)
    elif things := [name_of(other) for other in others]:
        yield instance, things


def rights_of(instance: Any) -> list[str]:
    """What somebody held in groups and permissions, or a group in permissions."""
    names = ("groups", "user_permissions", "permissions")
    held = [getattr(instance, name) for name in names if hasattr(instance, name)]
    return [name_of(thing) for manager in held for thing in manager.all()]


def kind_of(field: ManyToManyField[Any, Any]) -> str:
    """Whose, and of which kind: ``user_groups``, ``user_permissions``, ``group_permissions``."""
    whose = "group" if field.model is Group else "user"
    return f"{whose}_{field.name.removeprefix('user_')}"


def name_of(thing: Any) -> str:
    """What people call a user, a group or a permission."""
    if isinstance(thing, Permission):
        return ".".join(thing.natural_key()[1::-1])
    return str(thing.name) if isinstance(thing, Group) else str(thing.get_username())
