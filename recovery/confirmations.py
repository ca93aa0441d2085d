"""The code that confirms an address: made as its mail leaves, guessed at five times at the most."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db.models import F
from django.utils import timezone

from recovery import codes, errors
from recovery.conf import conf
from recovery.enums import CodeKind
from recovery.hashers import Recipe
from recovery.models import AddressConfirmation

if TYPE_CHECKING:
    from recovery.models import Account, ContactAddress
    from recovery.secret import Secret

MOST_FAILURES: Final = 5


def make(address: ContactAddress) -> Secret:
    """Make the code for a mail that leaves now, in place of an earlier one."""
    code, recipe = codes.generate(CodeKind.PHONE), Recipe.fresh()
    AddressConfirmation.objects.update_or_create(
        address=address,
        defaults={
            "recipe": recipe.as_stored(),
            "digest": recipe.digest(code),
            "failures": 0,
            "expires_at": timezone.now() + conf.CONFIRMATION_LIFETIME,
        },
    )
    return code


def require_right_code(account: Account, address_id: int, typed: str) -> None:
    """Raise ``WrongCode`` unless ``typed`` is the code of this very address.

    Counted before it is compared; a code for another address or account never fits.
    """
    code = codes.read(typed)
    waiting = AddressConfirmation.objects.filter(
        address_id=address_id,
        address__account=account,
        address__removed_at__isnull=True,
        expires_at__gt=timezone.now(),
        failures__lt=MOST_FAILURES,
    ).first()
    if code is None or waiting is None:
        raise errors.WrongCode
    counted = AddressConfirmation.objects.filter(pk=waiting.pk, failures__lt=MOST_FAILURES)
    if not counted.update(failures=F("failures") + 1):
        raise errors.WrongCode
    if Recipe.from_stored(waiting.recipe).digest(code) != waiting.digest:
        raise errors.WrongCode


def forget(address_id: int) -> None:
    """The code has done its work."""
    AddressConfirmation.objects.filter(address_id=address_id).delete()
