"""Somebody with a browser, and what they type into our pages."""

import base64
import re
from dataclasses import dataclass

from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from recovery import passwords, tasks, totp
from recovery.models import Account, Throttle, TotpAuthenticator
from recovery.secret import Secret
from tests.factories import account, app, fresh, saved_codes

PASSWORD = "a long pass phrase of theirs"
LONG_AGO = timezone.now() - timezone.timedelta(days=1)


@dataclass
class Holder:
    """An enrolled account holder, and all that they hold themselves."""

    account: Account
    app: TotpAuthenticator
    codes: list[str]
    password: str = PASSWORD

    @property
    def name(self):
        return self.account.user.get_username()


def holder(**state):
    """Make somebody who signed in with both factors before: their password is a known one."""
    made = newcomer(**state)
    made.app = app(made.account)
    made.codes = list(saved_codes(made.account)[1])
    made.account = fresh(made.account)
    passwords.trust(made.account.user)
    return made


def newcomer(**state):
    """Make somebody with a password and no authenticator yet."""
    made = account(**state)
    set_password(made.user, PASSWORD)
    return Holder(account=fresh(made), app=None, codes=[])


def set_password(user, password):
    """Set a password the way a host's reset page does."""
    user.set_password(password)
    user.save()


def one_time_code(authenticator):
    """The code of this moment, as if the app's last one were long ago."""
    TotpAuthenticator.objects.filter(pk=authenticator.pk).update(last_step=-1)
    be_patient()
    return totp.current_code(authenticator).reveal()


def be_patient():
    """Wait until every delay has passed."""
    Throttle.objects.update(retry_at=LONG_AGO)
    Account.objects.update(retry_at=None)
    TotpAuthenticator.objects.update(retry_at=None)


def code_of_key(key_groups):
    """What an app shows that took in the key from the page."""
    return f"{totp.TOTP(bytes_of_key(key_groups)).token():06d}"


def bytes_of_key(key_groups):
    """The key itself, as an app takes it in from the page."""
    secret = "".join(key_groups)
    return base64.b32decode(secret + "=" * (-len(secret) % 8))


def run_worker():
    """Let the worker do all that is due, and give its mails."""
    before = len(mail.outbox)
    for task in tasks.TASKS:
        task()
    return mail.outbox[before:]


def link_in(message):
    """The path of the one link of ours in a mail."""
    found = re.search(r"/account/(?:link|not-me)/[^\s\"<]+", message.body)
    return found.group(0) if found else None


class Visitor(Client):
    """A browser of its own: nothing is shared with another one."""

    def go(self, route, **options):
        """Open a page of ours by name."""
        return self.get(reverse(f"recovery:{route}", kwargs=options))

    def send(self, route, data=None, /, **options):
        """Send a form of ours by name."""
        return self.post(reverse(f"recovery:{route}", kwargs=options), data or {})

    def give_password(self, who, password=PASSWORD, **more):
        return self.send("sign_in", {"name": who.name, "password": password, **more})

    def give_code(self, code):
        return self.send("second_factor", {"code": code})

    def sign_in(self, who):
        """Sign in with password and authenticator."""
        be_patient()
        self.give_password(who, who.password)
        return self.give_code(one_time_code(who.app))

    def recover_by_code(self, who, code=None):
        """Open a recovery session with the password and a backup code."""
        be_patient()
        self.give_password(who, who.password)
        return self.give_code(code or who.codes.pop(0))

    def open_link(self, path, password=PASSWORD):
        """Open a recovery link with a password."""
        be_patient()
        return self.post(path, {"password": password})

    def take_key(self):
        """Ask for a key; return a function that computes its code now."""
        groups = self.send("enrol_key").context["key_groups"]
        return lambda: code_of_key(groups)

    def prove(self, code, name="new phone"):
        return self.send("enrol_prove", {"code": code, "name": name})

    def take_codes(self):
        return self.send("enrol_codes").context["codes"]

    def enrol(self):
        """Go through the whole enrolment; return the last answer, and the codes."""
        current = self.take_key()
        self.prove(current())
        codes = self.take_codes()
        return self.send("enrol_finish", {"code": codes[0]}), codes

    @property
    def user_id(self):
        """Who Django takes this browser for, None for nobody."""
        return self.session.get("_auth_user_id")


def bound_apps(who):
    """The authenticators in force, oldest first."""
    owner = getattr(who, "account", who)
    return list(
        TotpAuthenticator.objects.filter(user_id=owner.user_id, confirmed=True).order_by("pk")
    )


def token_of(path):
    """The token in the path of a link."""
    return Secret(path.rstrip("/").rsplit("/", 1)[1])
