"""Invented people, for whatever user model there is, and the words they are found by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import QuerySet

from recovery import sync, tiers
from recovery.models import Account, AccountText
from recovery.seeding.writing import AT_ONCE, write_instances

if TYPE_CHECKING:
    from collections.abc import Iterator

LOGIN: Final = "seed-"
HOST: Final = "example.org"
PRIVILEGED_EVERY: Final = 100
"""One in so many has the flag of staff, where the user model has one."""
FIRST_NAMES: Final = (
    "Ada Ben Cleo Dag Emil Fay Gustav Hana Ines Jonas Kim Lena Marek Nadia Oskar Pia Quentin Rosa "
    "Søren Tomas Uma Vera Wim Xenia Yusuf Zoë"
)
LAST_NAMES: Final = (
    "Abara Bergström Castro Dvořák Eriksen Fournier Grünwald Horvat Ivanova Janssen Kowalczyk "
    "Lindqvist Moreau Nguyen Okafor Petrov Quispe Rossi Schäfer Tanaka Ueda Varga Winter Yılmaz"
)
FIRSTS: Final = FIRST_NAMES.split()
LASTS: Final = LAST_NAMES.split()


def write_users(count: int) -> None:
    """Insert so many users."""
    with transaction.atomic():
        write_instances(get_user_model(), _people(count))


def write_texts(after: int) -> None:
    """Give each account behind that key the words to find it by."""
    accounts = Account.objects.filter(pk__gt=after, text__isnull=True).order_by("pk")
    last = after
    while some := list(accounts.filter(pk__gt=last).select_related("user").only("user")[:AT_ONCE]):
        with transaction.atomic():
            texts = (sync.text_of(account.pk, account.user) for account in some)
            write_instances(AccountText, texts)
        last = some[-1].pk


def invented() -> QuerySet[Any]:
    """The users that were made here."""
    return QuerySet(get_user_model()).filter(**_ours())


def others() -> QuerySet[Any]:
    """The users that were not."""
    return QuerySet(get_user_model()).exclude(**_ours())


def _ours() -> dict[str, str]:
    return {f"{get_user_model().USERNAME_FIELD}__startswith": LOGIN}


def _people(count: int) -> Iterator[Any]:
    """Each under a login name of their own, also where there are some already."""
    model = get_user_model()
    names = {field.name for field in model._meta.concrete_fields}
    has_flag, is_address = tiers.is_column("is_staff"), _logs_in_by_address(model)
    first = invented().count()
    for number in range(first, first + count):
        login = f"{LOGIN}{number:08}"
        fields = _described(number) | {model.get_email_field_name(): f"{login}@{HOST}"}
        fields[model.USERNAME_FIELD] = f"{login}@{HOST}" if is_address else login
        known: dict[str, Any] = {name: text for name, text in fields.items() if name in names}
        if has_flag:
            known["is_staff"] = number % PRIVILEGED_EVERY == 0
        yield model(**known)


def _logs_in_by_address(model: Any) -> bool:
    return bool(model.get_email_field_name() == model.USERNAME_FIELD)


def _described(number: int) -> dict[str, str]:
    first = FIRSTS[number % len(FIRSTS)]
    last = LASTS[number // len(FIRSTS) % len(LASTS)]
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
