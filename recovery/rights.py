"""Rights that somebody gives or takes past the desk: each change is put on the ledger.

Django tells of them by signals. It tells of no ``QuerySet.update()``, no ``bulk_create()``, no SQL,
and of what a migration does with its own models only to receivers of those models.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.db import connections
from django.db.models import Model, QuerySet
from django.db.models.signals import m2m_changed, post_save, pre_delete, pre_save

from recovery import memberships, tiers
from recovery.actors import NOWHERE, Actor, current_source, current_visitor
from recovery.audit import Draft, append, operations
from recovery.audit.triggers import is_migrated
from recovery.enums import Operation, Outcome
from recovery.models import Account

SAID_BY_THEIR_OWN_EVENT: Final = frozenset(
    {
        Operation.INVITE_STAFF,
        Operation.CHANGE_ROLE,
        Operation.REMOVE_STAFF,
        Operation.ENROL_STAFF,
    }
)
FLAGS: Final = (*tiers.FLAGS, "is_active")
WERE: Final = "_recovery_rights_were"
PROGRAM_LENGTH: Final = 40


def connect() -> None:
    """Hear of every change that Django tells of."""
    for model, before, after in ((get_user_model(), saving_user, saved_user), (Group, *GROUP)):
        pre_save.connect(before, sender=model, dispatch_uid="recovery.rights_saving")
        post_save.connect(after, sender=model, dispatch_uid="recovery.rights_saved")
    for through in memberships.fields():
        m2m_changed.connect(
            membership_changed, sender=through, dispatch_uid="recovery.rights_recorded"
        )
    for owner in (get_user_model(), Group, Permission):
        pre_delete.connect(deleting, sender=owner, dispatch_uid="recovery.rights_deleting")


def saving_user(instance: Any, using: str, **kwargs: Any) -> None:
    """Remember the flags as the database has them."""
    if names := _flags_in(kwargs.get("update_fields")):
        _remember(instance, names, using=using)


def saved_user(instance: Any, using: str, **_kwargs: Any) -> None:
    """Record the flags that changed; of a new user, those that give rights."""
    were = vars(instance).pop(WERE, None)
    if were is None:
        return
    now = {name: bool(getattr(instance, name)) for name in were}
    changed = [name for name in were if were[name] != now[name]]
    if changed:
        _record(
            instance,
            using=using,
            what="user_flags",
            was={name: were[name] for name in changed},
            now={name: now[name] for name in changed},
        )


def saving_group(instance: Group, using: str, **_kwargs: Any) -> None:
    """Remember the group's name as the database has it."""
    _remember(instance, ["name"], using=using)


def saved_group(instance: Group, using: str, **_kwargs: Any) -> None:
    """Record that there is a new group, or that one has another name."""
    was = vars(instance).pop(WERE, {}).get("name") or ""
    if was != instance.name:
        _record(instance, using=using, what="group_name", was=was, now=instance.name)


GROUP: Final = (saving_group, saved_group)


def membership_changed(
    sender: Any, instance: Model, action: str, using: str, **kwargs: Any
) -> None:
    """Record which groups and permissions were given or taken, from whichever end."""
    moment, _, change = action.partition("_")
    field, reverse, pk_set = memberships.fields()[sender], kwargs["reverse"], kwargs["pk_set"]
    if moment == "pre":
        if change != "add":
            held = memberships.held(field, instance, pk_set, using=using, reverse=reverse)
            setattr(instance, WERE, held)
        return
    moved = (pk_set or set()) if change == "add" else vars(instance).pop(WERE, set())
    others: QuerySet[Any] = (
        QuerySet(kwargs["model"], using=using).filter(pk__in=moved).order_by("pk")
    )
    key = "added" if change == "add" else "removed"
    for holder, things in memberships.pairs(instance, others, reverse=reverse):
        _record(holder, using=using, what=memberships.kind_of(field), **{key: things})


def deleting(instance: Any, using: str, **_kwargs: Any) -> None:
    """Record what goes, while there is something to name, and who loses by it."""
    kind = "user" if isinstance(instance, get_user_model()) else instance._meta.model_name
    _record(instance, using=using, what=f"{kind}_deleted", removed=memberships.rights_of(instance))
    if isinstance(instance, Group) and tiers.has_relation("groups"):
        members: QuerySet[Any] = (
            QuerySet(get_user_model(), using=using).filter(groups=instance).order_by("pk")
        )
        for member in members.iterator():
            _record(member, using=using, what="user_groups", removed=[instance.name])


def _record(holder: Any, *, using: str, what: str, **detail: Any) -> None:
    """One event about whoever holds the rights, if no event of the desk says it already."""
    is_said = operations.under_way.get() in SAID_BY_THEIR_OWN_EVENT
    if is_said or not is_migrated(connections[using]):
        return
    subject = None
    if isinstance(holder, get_user_model()):
        accounts = Account.objects.using(using).select_related("user")
        subject = accounts.filter(user_id=holder.pk).first()
    detail |= {"what": what, "of": memberships.name_of(holder)}
    draft = Draft(operation=Operation.CHANGE_RIGHTS, actor=_actor(), subject=subject, detail=detail)
    append(draft, Outcome.COMPLETED)


def _actor() -> Actor:
    """Whoever is signed in where the change was made, by whatever login; else the shell's user."""
    source = current_source.get()
    if source is NOWHERE:
        return Actor.command(_program())
    user = current_visitor.get()()
    if user is None or not user.is_authenticated:
        return Actor.stranger()
    return Actor(user=user, name=user.get_username(), source=source)


def _program() -> str:
    """The management command that is running, or the program."""
    path = Path(sys.argv[0]) if sys.argv else Path()
    is_command = path.stem in {"manage", "django-admin"} and len(sys.argv) > 1
    program = path.parent.name if path.stem == "__main__" else path.stem
    return (sys.argv[1] if is_command else program)[:PROGRAM_LENGTH] or "python"


def _remember(instance: Model, names: Iterable[str], *, using: str) -> None:
    """Note what the row says now. Without one, nobody has a flag, and the account is active."""
    row = None
    if instance.pk is not None:
        rows: QuerySet[Any] = QuerySet(type(instance), using=using).filter(pk=instance.pk)
        row = rows.values(*names).first()
    nothing = {name: name == "is_active" for name in names}
    setattr(instance, WERE, row or nothing)


def _flags_in(update_fields: Iterable[str] | None) -> list[str]:
    flags = [name for name in FLAGS if tiers.is_column(name)]
    return flags if update_fields is None else [name for name in flags if name in update_fields]
