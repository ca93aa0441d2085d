"""The policy for many subjects at once: the same rules, and as few queries as for one."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from django.contrib.auth import get_backends, get_user_model
from django.contrib.auth.backends import BaseBackend, ModelBackend
from django.contrib.auth.models import PermissionsMixin
from django.db.models import QuerySet

from recovery import tiers
from recovery.errors import RecoveryError
from recovery.insertion import among
from recovery.policy import ABOUT_THE_ACTOR, RULES, Attempt, Rule

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from recovery.models import Account

ANSWERING: Final = ("get_all_permissions", "get_user_permissions", "get_group_permissions")
COMPUTING: Final = ("_get_permissions", "_get_user_permissions", "_get_group_permissions")
"""What a backend says of somebody's permissions, and how Django's own comes to it."""


def require_of_actor(attempt: Attempt, *, but: Collection[Rule] = ()) -> None:
    """Raise the first refusal that applies whoever the subject is."""
    for rule in RULES[attempt.operation]:
        if rule in ABOUT_THE_ACTOR and rule not in but:
            rule(attempt)


def refusals(attempt: Attempt, subjects: Sequence[Account]) -> dict[int, RecoveryError]:
    """Whom the rules refuse, by account, and why: for each what ``policy.require`` would say.

    Ask ``require_of_actor`` first.
    """
    rules = [rule for rule in RULES[attempt.operation] if rule not in ABOUT_THE_ACTOR]
    theirs = permissions_of_many(subjects)
    found = {}
    for account in subjects:
        refusal = _first_refusal(rules, _on(attempt, account, theirs))
        if refusal is not None:
            found[account.pk] = refusal
    return found


def permissions_of_many(accounts: Sequence[Account]) -> dict[int, frozenset[str]]:
    """What ``policy.permissions_of`` says of each account's user, by account.

    Whoever only their own backend can answer for is left out, and has to be asked about singly.
    """
    if not _are_in_the_tables():
        return {}
    ordinary = [one.pk for one in accounts if not getattr(one.user, "is_superuser", False)]
    held: defaultdict[int, set[str]] = defaultdict(set)
    for path in ("user_permissions", "groups__permissions"):
        for pk, app, codename in _holdings(path, ordinary):
            held[pk].add(f"{app}.{codename}")
    return {pk: frozenset(held.get(pk, ())) for pk in ordinary}


def _on(attempt: Attempt, account: Account, theirs: Mapping[int, frozenset[str]]) -> Attempt:
    """The same attempt on one of the subjects, knowing what was read for all of them."""
    one = Attempt(
        operation=attempt.operation, actor=attempt.actor, subject=account, grounds=attempt.grounds
    )
    vars(one)["held"] = attempt.held
    if account.pk in theirs:
        vars(one)["theirs"] = theirs[account.pk]
    return one


def _first_refusal(rules: Iterable[Rule], attempt: Attempt) -> RecoveryError | None:
    try:
        for rule in rules:
            rule(attempt)
    except RecoveryError as refusal:
        return refusal
    return None


def _holdings(path: str, accounts: Sequence[int]) -> Iterable[tuple[int, str, str]]:
    everybody: QuerySet[Any] = QuerySet(get_user_model())
    holders = everybody.filter(recovery_account__in=among(accounts), **{f"{path}__isnull": False})
    columns = ("recovery_account", f"{path}__content_type__app_label", f"{path}__codename")
    return holders.values_list(*columns)


def _are_in_the_tables() -> bool:
    """Whether nobody can hold anything but by Django's own tables of permissions and groups."""
    model = get_user_model()
    return (
        issubclass(model, PermissionsMixin)
        and model.get_all_permissions is PermissionsMixin.get_all_permissions
        and all(map(tiers.has_relation, tiers.RELATIONS))
        and all(map(_reads_the_tables_or_grants_nothing, get_backends()))
    )


def _reads_the_tables_or_grants_nothing(backend: Any) -> bool:
    if not hasattr(backend, ANSWERING[0]):
        return True
    is_of = partial(_has_the_methods_of, backend)
    return is_of(BaseBackend, ANSWERING) or is_of(ModelBackend, ANSWERING + COMPUTING)


def _has_the_methods_of(backend: Any, model: type, names: Iterable[str]) -> bool:
    own = (getattr(getattr(backend, name, None), "__func__", None) for name in names)
    return all(method is getattr(model, name) for method, name in zip(own, names, strict=True))
