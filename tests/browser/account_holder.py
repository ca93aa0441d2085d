"""What an account holder does in a browser, and what they hold in their hands."""

import re
from base64 import b32decode

from django.urls import reverse
from playwright.sync_api import expect

from recovery import encryption, passwords, tasks, totp
from recovery.models import TotpAuthenticator
from recovery.secret import Secret
from tests import factories

PASSWORD = "correct horse battery staple"
REFUSED = "Failed to load resource"
"""What Chromium says of a page with a status of 4xx: ours, with the refusal on it."""


def make_holder(**state):
    """Make somebody who enrolled long ago, and has used their password with their app since."""
    account = factories.account(**state)
    account.user.set_password(PASSWORD)
    account.user.save()
    passwords.trust(account.user)
    factories.app(account)
    return factories.fresh(account)


def press(page, name):
    page.get_by_role("button", name=name).click()


def heading(page, text):
    expect(page.get_by_role("heading", level=1)).to_have_text(text)


def give_password(page, account):
    page.goto(reverse("recovery:sign_in"))
    page.get_by_label("Name").fill(account.user.get_username())
    page.get_by_label("Password").fill(PASSWORD)
    press(page, "Continue")


def sign_in(page, account):
    give_password(page, account)
    page.get_by_label("One-time code").fill(one_time_code(account))
    press(page, "Continue")
    heading(page, "My recovery")


def one_time_code(account):
    """The code of this moment, as if the last one were long ago."""
    apps = TotpAuthenticator.objects.filter(user=account.user, confirmed=True)
    apps.update(last_step=-1)
    return totp.current_code(apps.get()).reveal()


def worker():
    for task in tasks.TASKS:
        task()


def path_in_mail(mail_, page_name):
    """Find the path of the link to one of our pages in the text of a mail."""
    before = reverse(f"recovery:{page_name}", args=["-"]).removesuffix("-/")
    return re.search(rf"{before}\S+", mail_.body).group()


def key_on(page):
    heading(page, "Scan this picture")
    return "".join(page.locator(".recovery-key > span:not([hidden])").all_text_contents())


def code_for(key):
    """Compute what an app that was given ``key`` shows now."""
    secret = Secret(b32decode(key).hex())
    app = TotpAuthenticator(encrypted_key=encryption.encrypt(secret, owner=None))
    return totp.current_code(app).reveal()


def codes_on(page):
    return page.locator("[data-secrets] code").all_text_contents()


def bind_from_the_page(page):
    """From the first page of the enrolment to the codes."""
    heading(page, "Set up your authenticator")
    press(page, "Start")
    page.get_by_label("six digits").fill(code_for(key_on(page)))
    press(page, "Continue")
    heading(page, "Take your backup codes")
    press(page, "Show my codes")
    heading(page, "Save these codes now")
    return codes_on(page)
