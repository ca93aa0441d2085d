"""What a session may remember of somebody who is not signed in, and of how they did it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Self, cast

import django_otp
from django.contrib.auth import get_user_model, login
from django.utils import timezone

from recovery.actors import Actor, current_source
from recovery.claims import Claim, fingerprint
from recovery.conf import conf
from recovery.enums import AuthenticatorKind, Way
from recovery.locks import account_of

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser
    from django.http import HttpRequest

    from recovery.models import Account, RecoveryLink, TotpAuthenticator

HALF_KEY: Final = "recovery_half_signed_in"
RECOVERY_KEY: Final = "recovery_session"
STAMP_KEY: Final = "recovery_stamp"
CODE_DEVICES: Final = ("recovery.backupcodeset/", "otp_static.staticdevice/")
"""django-otp's ids of devices that are recovery codes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Half:
    """A right password, and no more: ``request.user`` stays anonymous."""

    user: AbstractBaseUser
    backend: str
    generation: int
    """The account's when the password was given: a session that comes of it carries this one."""
    onward: str = ""

    @classmethod
    def open(
        cls, request: HttpRequest, user: AbstractBaseUser, *, key: str = HALF_KEY, onward: str = ""
    ) -> None:
        """Remember a right password, in a session with a new key."""
        request.session.cycle_key()
        generation = account_of(user).session_generation
        request.session[key] = _claim(user, generation) | {"onward": onward}

    @classmethod
    def of(cls, request: HttpRequest, *, key: str = HALF_KEY) -> Self | None:
        """Whoever gave their password within the last minutes, looked at afresh."""
        half = request.session.get(key)
        user = _user_of(half)
        if user is None or half is None or _is_late(half, conf.HALF_SIGNED_IN_LIFETIME):
            return None
        generation = account_of(user).session_generation
        if half["password"] != fingerprint(user) or half["generation"] != generation:
            return None
        return cls(
            user=user,
            backend=half["backend"],
            generation=generation,
            onward=half["onward"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovering:
    """A recovery session: it reaches the binding of an authenticator, and nothing else."""

    account: Account
    way: Way
    backend: str
    onward: str
    claim: Claim
    begun: int | None
    """The authenticator whose key this session was shown; nobody else's is ever finished here."""
    ends_at: datetime

    @property
    def actor(self) -> Actor:
        """The account holder, as far as this session goes."""
        verified_by = {
            Way.AUTHENTICATOR: AuthenticatorKind.TOTP,
            Way.BACKUP_CODE: AuthenticatorKind.BACKUP_CODE,
            Way.PHONE_CODE: AuthenticatorKind.PHONE_CODE,
        }.get(self.way)
        return Actor.holder(self.account.user, verified_by=verified_by)

    @classmethod
    def open(
        cls,
        request: HttpRequest,
        user: AbstractBaseUser,
        *,
        way: Way,
        generation: int,
        link: RecoveryLink | None = None,
        device: str = "",
        code_set: int | None = None,
        onward: str = "",
    ) -> None:
        """Begin one, in a session with a new key; whatever was half signed in is forgotten.

        ``generation`` is the one from before anything was shown, ``device`` or ``code_set`` what
        then was: it lasts only while that stands.
        """
        request.session.flush()
        request.session[RECOVERY_KEY] = _claim(user, generation) | {
            "way": way.value,
            "link": link.pk if link is not None else None,
            "device": device,
            "code_set": code_set,
            "begun": None,
            "onward": onward,
        }

    @staticmethod
    def begin(request: HttpRequest, authenticator: TotpAuthenticator) -> None:
        """Note whose key this session was shown."""
        request.session[RECOVERY_KEY] = request.session[RECOVERY_KEY] | {"begun": authenticator.pk}

    @classmethod
    def of(cls, request: HttpRequest) -> Self | None:
        """The session's recovery, looked at afresh: its link, its account, its time."""
        stored = request.session.get(RECOVERY_KEY)
        user = _user_of(stored)
        if user is None or stored is None:
            return None
        account, claim = account_of(user), _recovery_claim(stored)
        if not claim.holds_for(account):
            return None
        return cls(
            account=account,
            way=Way(stored["way"]),
            backend=stored["backend"],
            onward=stored["onward"],
            claim=claim,
            begun=stored["begun"],
            ends_at=claim.at + conf.SESSION_LIFETIME,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What a signed-in session carries: its generation, and what verified it when."""

    generation: int
    device: str = ""
    verified_at: datetime | None = None

    @property
    def by_code(self) -> bool:
        """Whether a recovery code verified this session, be its set still alive or not."""
        return self.device.startswith(CODE_DEVICES)

    @classmethod
    def of(cls, request: HttpRequest) -> Self | None:
        stored = request.session.get(STAMP_KEY)
        if stored is None:
            return None
        at = stored["verified_at"]
        return cls(**stored | {"verified_at": datetime.fromisoformat(at) if at else None})

    def write(self, request: HttpRequest) -> None:
        at = self.verified_at
        request.session[STAMP_KEY] = asdict(self) | {"verified_at": at.isoformat() if at else None}


def sign_in(
    request: HttpRequest,
    user: AbstractBaseUser,
    authenticator: TotpAuthenticator,
    *,
    backend: str,
    generation: int,
) -> None:
    """Sign the account holder in for good, in a session with a new key.

    ``generation`` is the one from before the factor was shown: what ends the sessions while it
    is looked at ends this one.
    """
    request.session.flush()
    login(request, cast("Any", user), backend=backend)
    django_otp.login(request, authenticator)
    Stamp(
        generation=generation,
        device=authenticator.persistent_id,
        verified_at=timezone.now(),
    ).write(request)


def holder_from(request: HttpRequest) -> Actor:
    """The signed-in account holder, with what verified their session and when."""
    user = cast("AbstractBaseUser", request.user)
    stamp = Stamp.of(request)
    device = getattr(user, "otp_device", None)
    is_verified = stamp is not None and device is not None and not stamp.by_code
    return Actor(
        user=user,
        name=user.get_username(),
        verified_by=AuthenticatorKind.TOTP if is_verified else None,
        authenticator=stamp.device if is_verified and stamp is not None else "",
        verified_at=stamp.verified_at if is_verified and stamp is not None else None,
        source=current_source.get(),
    )


def _claim(user: AbstractBaseUser, generation: int) -> dict[str, Any]:
    return {
        "user": str(user.pk),
        "at": timezone.now().isoformat(),
        "backend": getattr(user, "backend", ""),
        "password": fingerprint(user),
        "generation": generation,
    }


def _recovery_claim(stored: dict[str, Any]) -> Claim:
    return Claim(
        generation=stored["generation"],
        password=stored["password"],
        at=datetime.fromisoformat(stored["at"]),
        link=stored["link"],
        device=stored["device"],
        code_set=stored["code_set"],
    )


def _user_of(stored: dict[str, Any] | None) -> AbstractBaseUser | None:
    if stored is None:
        return None
    return get_user_model().objects.filter(pk=stored["user"], is_active=True).first()


def _is_late(stored: dict[str, Any], lifetime: timedelta) -> bool:
    return timezone.now() - datetime.fromisoformat(stored["at"]) > lifetime
