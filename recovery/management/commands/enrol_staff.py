"""Binds an authenticator to a member of staff, from the server's own terminal."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management.base import CommandError

from recovery import actions, errors, qr, totp
from recovery.actors import Grounds
from recovery.enums import Role
from recovery.locks import account_of
from recovery.management.base import DeskCommand

if TYPE_CHECKING:
    from recovery.models import Account
    from recovery.secret import Secret

TRIES = 3


class Command(DeskCommand):
    """Bind an authenticator app to somebody at the desk: the first one, or a superuser.

    Shows a QR code and asks for a one-time code; only then is the app bound. The others at the
    desk are invited from the console.
    """

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="The login name. The user has to exist.")
        parser.add_argument("--role", choices=Role.values, help="Give this role at the desk too.")
        parser.add_argument(
            "--replace", action="store_true", help="Revoke the authenticators that are bound."
        )
        parser.add_argument("--called", default="Authenticator app", help="A name for the app.")
        parser.add_argument(
            "--no-input", action="store_true", help="Bind without asking for a one-time code."
        )

    def run(self, **options: Any) -> None:
        account = _account_of(options["name"])
        asks = not options["no_input"] and sys.stdin.isatty()
        try:
            enrolled = actions.enrol_staff(
                actor=self.actor,
                subject=account,
                grounds=Grounds(reason="Enrolled on the command line"),
                name=options["called"],
                replace=options["replace"],
                role=Role(options["role"]) if options["role"] else None,
                prove=self._prover(account) if asks else None,
            )
        except Group.DoesNotExist as error:
            raise CommandError("There are no roles yet: run manage.py loaddata roles.") from error
        if not asks:
            self._show(account, enrolled.key)
        self.stdout.write(f"{account} can sign in with this authenticator from now on.")

    def _prover(self, account: Account) -> Any:
        def prove(key: Secret) -> str:
            self._show(account, key)
            for _ in range(TRIES):
                typed = _asked("The six digits that the app shows now: ")
                if totp.fits(key, typed=typed):
                    return typed
                self.progress("That is not the code. Is the clock of the phone right?")
            raise errors.WrongCode

        return prove

    def _show(self, account: Account, key: Secret) -> None:
        uri = totp.provisioning_uri(key, name=account.user.get_username())
        self.stdout.write(qr.in_terminal(uri))
        self.stdout.write(f"Or type this key into the app: {totp.typeable(key).reveal()}\n")


def _asked(question: str) -> str:
    try:
        return input(question)
    except (KeyboardInterrupt, EOFError) as error:
        raise CommandError("\nNothing was bound.") from error


def _account_of(name: str) -> Account:
    users: Any = get_user_model()._default_manager  # noqa: SLF001 - a model's manager of any name
    try:
        return account_of(users.get_by_natural_key(name))
    except get_user_model().DoesNotExist as error:
        raise CommandError(f"There is no user {name}. This command makes none.") from error
