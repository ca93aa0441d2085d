"""One-time codes (RFC 6238): made, bound, verified once."""

from __future__ import annotations

import logging
import secrets
import time
from base64 import b32encode
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlencode

from django.db import transaction
from django.utils import timezone
from django_otp.oath import TOTP

from recovery import deaths, encryption
from recovery.conf import conf
from recovery.enums import EndReason, Operation
from recovery.locks import account_of
from recovery.models import Account, TotpAuthenticator
from recovery.secret import Secret
from recovery.throttling import count_attempt

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser
    from django.db.models import QuerySet

logger = logging.getLogger(__name__)

DIGITS: Final = 6
KEY_BYTES: Final = 20
"""RFC 4226 recommends 160 bits."""


def new_key() -> Secret:
    """Make a key, in hexadecimal, from the operating system's generator."""
    return Secret(secrets.token_hex(KEY_BYTES))


def bind(user: AbstractBaseUser, key: Secret, *, name: str) -> TotpAuthenticator:
    """Bind an authenticator app that holds ``key`` to ``user``."""
    bound: TotpAuthenticator = TotpAuthenticator.objects.create(
        user=user, name=name, encrypted_key=encryption.encrypt(key, owner=user.pk)
    )
    return bound


def verify(authenticator: TotpAuthenticator, *, typed: str) -> bool:
    """Accept a one-time code once. Nestable: it returns False and raises nothing.

    A code is taken only if its time step lies after the last one taken, decided by one
    conditional UPDATE, so of many at once one wins (NIST SP 800-63B-4 3.1.4, ASVS 6.5.1).
    """
    row = TotpAuthenticator.objects.filter(pk=authenticator.pk, confirmed=True)
    step = _accepted_step(authenticator, row, typed)
    if step is not None and _take(authenticator, step):
        return True
    _kill_if_worn_out(authenticator, row)
    return False


def verify_pending(authenticator: TotpAuthenticator, *, typed: str) -> bool:
    """Accept a first code of an authenticator that is still being enrolled. Throttled alike."""
    row = TotpAuthenticator.objects.filter(
        pk=authenticator.pk, confirmed=False, revoked_at__isnull=True
    )
    step = _accepted_step(authenticator, row, typed)
    if step is None:
        return False
    return bool(row.filter(last_step__lt=step).update(last_step=step, failures=0, retry_at=None))


def fits(key: Secret, *, typed: str) -> bool:
    """Whether a one-time code comes from ``key``, before it is bound to anybody."""
    trial = TotpAuthenticator(encrypted_key=encryption.encrypt(key, owner=None))
    code = _read(trial, typed)
    return code is not None and _matching_step(trial, code) is not None


def current_code(authenticator: TotpAuthenticator) -> Secret:
    """The one-time code of this moment: for the demo's command, and for tests."""
    code = _generator(authenticator, time.time()).token()
    return Secret(f"{code:0{authenticator.digits}d}")


def provisioning_uri(key: Secret, *, name: str) -> Secret:
    """The ``otpauth`` address that an authenticator app reads from a QR code."""
    label = quote(f"{conf.ISSUER}:{name}")
    values = urlencode({"secret": typeable(key).reveal(), "issuer": conf.ISSUER})
    return Secret(f"otpauth://totp/{label}?{values}")


def typeable(key: Secret) -> Secret:
    """The key in base 32, as a person types it into an app."""
    return Secret(b32encode(bytes.fromhex(key.reveal())).decode().rstrip("="))


def _read(authenticator: TotpAuthenticator, typed: str) -> int | None:
    digits = "".join(typed.split())
    is_code = digits.isascii() and digits.isdigit() and len(digits) == authenticator.digits
    return int(digits) if is_code else None


def _accepted_step(
    authenticator: TotpAuthenticator, row: QuerySet[TotpAuthenticator], typed: str
) -> int | None:
    """Count an attempt on the row, then say which time step the code is of, if of any."""
    code = _read(authenticator, typed)
    if code is None:
        return None
    admission = count_attempt(row)
    if not admission.admitted or admission.failures > conf.FAILURE_LIMIT:
        return None
    try:
        return _matching_step(authenticator, code)
    except (encryption.InvalidToken, encryption.WrongOwner):
        logger.error("The key of authenticator %s cannot be read.", authenticator.pk)  # noqa: TRY400 - the traceback passes by the key
        return None


def _take(authenticator: TotpAuthenticator, step: int) -> bool:
    fresh = TotpAuthenticator.objects.filter(
        pk=authenticator.pk, confirmed=True, last_step__lt=step
    )
    with transaction.atomic():
        if not fresh.update(last_step=step, failures=0, retry_at=None, last_used_at=timezone.now()):
            return False
        _end_the_count_of_failures(authenticator.user_id)
    return True


def _kill_if_worn_out(authenticator: TotpAuthenticator, row: QuerySet[TotpAuthenticator]) -> None:
    """After too many failures in a row it is dead, and its holder is told (NIST 3.2.2)."""
    worn_out = row.filter(failures__gte=conf.FAILURE_LIMIT)
    with transaction.atomic():
        if worn_out.update(
            confirmed=False,
            revoked_at=timezone.now(),
            revoked_because=EndReason.TOO_MANY_FAILURES,
        ):
            deaths.record(
                Operation.KILL_AUTHENTICATOR,
                account_of(authenticator.user),
                authenticator=authenticator.persistent_id,
            )


def _end_the_count_of_failures(user_id: object) -> None:
    """A full two-factor success breaks the row of wrong codes, unless it already was too long.

    Their other apps were tried with the same code and counted it as wrong: without this, using
    one would wear out the next.
    """
    counted = {"user_id": user_id, "failures__gt": 0, "failures__lt": conf.FAILURE_LIMIT}
    others = TotpAuthenticator.objects.filter(confirmed=True, **counted)
    # A locked one is being tried right now, by somebody who might be waiting for ours.
    free = list(others.select_for_update(skip_locked=True).values_list("pk", flat=True))
    others.filter(pk__in=free).update(failures=0, retry_at=None)
    Account.objects.filter(**counted).update(failures=0, retry_at=None)


def _matching_step(authenticator: TotpAuthenticator, code: int) -> int | None:
    generator = _generator(authenticator, time.time())
    for drift in range(-authenticator.tolerance, authenticator.tolerance + 1):
        generator.drift = drift
        if generator.t() > authenticator.last_step and generator.token() == code:
            return int(generator.t())
    return None


def _generator(authenticator: TotpAuthenticator, moment: float) -> TOTP:
    key = encryption.decrypt(authenticator.encrypted_key, owner=authenticator.user_id)
    generator = TOTP(
        bytes.fromhex(key.reveal()), step=authenticator.step_seconds, digits=authenticator.digits
    )
    generator.time = moment
    return generator


def verify_any(user: AbstractBaseUser, *, typed: str) -> TotpAuthenticator | None:
    """Verify against each bound authenticator of ``user``; return the one that took the code.

    Never against code sets: a recovery code gives no power in the console.
    """
    with transaction.atomic():
        bound = TotpAuthenticator.objects.filter(user_id=user.pk, confirmed=True)
        authenticator: TotpAuthenticator
        for authenticator in bound.select_for_update().order_by("pk"):
            if verify(authenticator, typed=typed):
                return authenticator
    return None


def most_failures(user: AbstractBaseUser) -> int:
    """The longest row of wrong codes that any bound authenticator of ``user`` has seen."""
    bound = TotpAuthenticator.objects.filter(user_id=user.pk, confirmed=True)
    return max(bound.values_list("failures", flat=True), default=0)
