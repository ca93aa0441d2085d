"""What a user model of any shape says about a person, and how that text is searched."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from django.contrib.auth import get_user_model
from django.utils.module_loading import import_string

from recovery.conf import conf

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

# Letters that Unicode does not take apart into a base letter and a mark.
STROKES = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "ð": "d"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """The words an agent may find somebody by."""

    display_name: str
    login_name: str
    address: str = ""
    staff_number: str = ""

    @property
    def folded(self) -> str:
        """All of it in the form that searches compare."""
        return fold(f"{self.display_name} {self.login_name} {self.address} {self.staff_number}")


def fold(text: str) -> str:
    """Take case and accents away, so that ``zoe`` finds Zoë."""
    plain = unicodedata.normalize("NFKD", text).casefold().translate(STROKES)
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def describe(user: AbstractBaseUser) -> Person:
    """Describe a user by what Django's own user models offer. Adopters can name another."""
    login_name = user.get_username()
    full_name = getattr(user, "get_full_name", str)() or ""
    return Person(
        display_name=full_name or login_name,
        login_name=login_name,
        address=getattr(user, get_user_model().get_email_field_name(), "") or "",
        staff_number=str(getattr(user, "staff_number", "") or ""),
    )


def person(user: AbstractBaseUser) -> Person:
    """Describe a user in the way that ``RECOVERY_DESCRIBE_USER`` names."""
    return cast(Person, import_string(conf.DESCRIBE_USER)(user))
