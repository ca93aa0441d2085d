"""Who acts, from where, and on what grounds: what is left of a request once it is in the domain."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from recovery.enums import AuthenticatorKind, Proofing

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import AbstractBaseUser


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a request came from, as far as the trusted proxies tell."""

    address: str = ""
    user_agent: str = ""


NOWHERE = Source()
current_source: ContextVar[Source] = ContextVar("current_source", default=NOWHERE)
"""Set for each request by ``SourceMiddleware``: django-otp's verify API hands us no request."""
current_visitor: ContextVar[Callable[[], Any]] = ContextVar("current_visitor", default=lambda: None)
"""Asks the request who is signed in, by whatever login: for what is done past the desk alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """On whose authority something is done, and what is known of their session."""

    user: AbstractBaseUser | None
    """The member of staff or the account holder; None for the command line and the worker."""
    name: str
    verified_by: AuthenticatorKind | None = None
    """What verified the session. Kept apart from the row that did it, which may be gone by now."""
    authenticator: str = ""
    """django-otp's persistent id of that row."""
    verified_at: datetime | None = None
    """When they last proved that authenticator: at sign-in or by a step-up."""
    asked_at: datetime | None = None
    """When they asked, for work that the worker does later; a step-up is measured against it."""
    session_digest: str = ""
    source: Source = NOWHERE
    is_command: bool = False

    @property
    def key(self) -> str:
        """The actor's id as the ledger keeps it; empty where there is no user."""
        return str(self.user.pk) if self.user is not None else ""

    @classmethod
    def command(cls, name: str) -> Actor:
        """Someone with a shell on the server, who could read the database anyway."""
        return cls(user=None, name=f"{name} ({_shell_user()})", is_command=True)

    @classmethod
    def worker(cls) -> Actor:
        """The worker, on nobody's order but the clock's."""
        return cls(user=None, name="worker", is_command=True)

    @classmethod
    def holder(cls, user: AbstractBaseUser, *, verified_by: AuthenticatorKind | None) -> Actor:
        """The account holder themselves, who is then actor and subject."""
        return cls(
            user=user,
            name=user.get_username(),
            verified_by=verified_by,
            source=current_source.get(),
        )

    @classmethod
    def stranger(cls) -> Actor:
        """Someone who has proven nothing yet."""
        return cls(user=None, name="", source=current_source.get())


def _shell_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run under an id that has no name
        return "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """Why an operation is asked for. Recorded with it, whether it is done or refused."""

    reason: str
    ticket: str = ""
    proofing: Proofing | None = None
    """How the caller was proven. Recorded now; a later release lets policy depend on it."""
    form: str = ""
    """The one-time mark of the form it was given on. A second use is refused as already done."""
