"""The last step of every sign-in and every way back in: somebody is signed in for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recovery import passwords
from recovery.actors import Actor
from recovery.audit import Draft, append
from recovery.enums import AuthenticatorKind, Operation, Outcome, Way
from recovery.locks import account_of
from recovery.models import AccountText
from recovery.views import session
from recovery.views.pages import zone_of

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser
    from django.http import HttpRequest

    from recovery.models import Account, TotpAuthenticator


def complete(
    request: HttpRequest,
    user: AbstractBaseUser,
    authenticator: TotpAuthenticator,
    *,
    backend: str,
    generation: int,
    way: Way = Way.AUTHENTICATOR,
) -> None:
    """Sign somebody in who showed two factors, and put it on the ledger."""
    session.sign_in(request, user, authenticator, backend=backend, generation=generation)
    passwords.trust(user)
    account = account_of(user)
    _keep_time_zone(request, account)
    actor = Actor.holder(user, verified_by=AuthenticatorKind.TOTP)
    draft = Draft(
        operation=Operation.HOLDER_SIGN_IN, actor=actor, subject=account, detail={"way": way}
    )
    append(draft, Outcome.COMPLETED)


def _keep_time_zone(request: HttpRequest, account: Account) -> None:
    zone = zone_of(request)
    if zone is not None:
        text = AccountText.objects.filter(pk=account.pk)
        text.exclude(time_zone=zone.key).update(time_zone=zone.key)
