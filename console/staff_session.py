"""What a staff session remembers: half signed in, signed in, and when each was proven."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import django_otp
from django.contrib.auth import login
from django.utils import timezone

from recovery.conf import conf
from recovery.enums import AuthenticatorKind
from recovery.views.session import Half, Stamp

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser
    from django.http import HttpRequest

    from recovery.models import TotpAuthenticator

HALF_KEY = "console_half_signed_in"
MARK_KEY = "console_signed_in"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """How a session was verified. It does not hang on the authenticator's row, which may go."""

    verified_by: AuthenticatorKind
    authenticator: str
    verified_at: datetime
    signed_in_at: datetime
    last_seen_at: datetime
    generation: int

    @classmethod
    def of(cls, request: HttpRequest) -> Mark | None:
        stored = request.session.get(MARK_KEY)
        if stored is None:
            return None
        times = ("verified_at", "signed_in_at", "last_seen_at")
        moments = {name: datetime.fromisoformat(stored[name]) for name in times}
        return cls(**stored | moments | {"verified_by": AuthenticatorKind(stored["verified_by"])})

    def write(self, request: HttpRequest) -> None:
        values = asdict(self)
        request.session[MARK_KEY] = {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in values.items()
        }

    def has_run_out(self, *, now: datetime) -> bool:
        """Idle for an hour, or a day old (NIST SP 800-63B-4 2.2.3)."""
        return (
            now - self.last_seen_at > conf.STAFF_IDLE_LIFETIME
            or now - self.signed_in_at > conf.STAFF_SESSION_LIFETIME
        )


def remember_half(request: HttpRequest, user: AbstractBaseUser) -> None:
    """Note a right password. Nobody is signed in by it: ``request.user`` stays anonymous."""
    Half.open(request, user, key=HALF_KEY)


def half_signed_in(request: HttpRequest) -> AbstractBaseUser | None:
    """Whoever gave their password within the last minutes, if they still may come in."""
    half = Half.of(request, key=HALF_KEY)
    return half.user if half is not None and may_sign_in(half.user) else None


def may_sign_in(user: AbstractBaseUser) -> bool:
    return bool(user.is_active and getattr(user, "is_staff", False))


def sign_in(request: HttpRequest, user: AbstractBaseUser, authenticator: TotpAuthenticator) -> None:
    """Sign ``user`` in, in a session with a new key, verified by their authenticator.

    It carries the generation of the password step: what ended the sessions since ends this one.
    """
    half = request.session.pop(HALF_KEY)
    login(request, user, backend=half["backend"])
    django_otp.login(request, authenticator)
    Stamp(generation=half["generation"]).write(request)
    now = timezone.now()
    Mark(
        verified_by=AuthenticatorKind.TOTP,
        authenticator=authenticator.persistent_id,
        verified_at=now,
        signed_in_at=now,
        last_seen_at=now,
        generation=half["generation"],
    ).write(request)


def digest(request: HttpRequest) -> str:
    """What the ledger keeps of a session: enough to tell two apart, useless to take one over."""
    key = request.session.session_key or ""
    return hashlib.sha256(key.encode()).hexdigest() if key else ""
