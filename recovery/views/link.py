"""Where a recovery link leads: a page that uses nothing up, and a password that does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.shortcuts import redirect

from recovery import actions, links, passwords
from recovery.actions import opening
from recovery.enums import LinkPurpose, Operation
from recovery.errors import LinkNotUsable, LinkReplayed, RecoveryError, WrongPassword
from recovery.forms import LinkPasswordForm
from recovery.secret import Secret
from recovery.views import session
from recovery.views.pages import Page
from recovery.views.passwords import checked_password

if TYPE_CHECKING:
    from django import forms
    from django.contrib.auth.models import AbstractBaseUser
    from django.http import HttpRequest, HttpResponse

    from recovery.models import RecoveryLink


class RecoveryLinkView(Page):
    """Looking uses nothing up: mail scanners and previews open links."""

    template_name = "recovery/link.html"
    referrer_policy = "no-referrer"

    def get(self, request: HttpRequest, token: str) -> HttpResponse:  # noqa: ARG002 - Django's
        try:
            return self.ask(actions.look_at_link(token=Secret(token)))
        except (LinkNotUsable, LinkReplayed):
            return self.unusable()

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        """Ask for the password of the link's own account, then open a recovery session."""
        form = LinkPasswordForm(request.POST)
        secret = Secret(token)
        link = links.find(secret)
        if link is not None and link.is_open_now and not form.is_valid():
            return self.ask(link, form=form)
        try:
            return self.open(secret, form)
        except (LinkNotUsable, LinkReplayed):
            return self.unusable()
        except RecoveryError as refusal:
            return self.ask(link, form=form, refusal=refusal)

    def open(self, token: Secret, form: forms.Form) -> HttpResponse:
        link = actions.look_at_link(token=token)
        generation = link.account.session_generation
        checked = self.checked_password(link, form.cleaned_data["password"])
        opened = actions.open_recovery_link(token=token)
        way = links.way_of(opened)
        session.Recovering.open(self.request, checked, way=way, generation=generation, link=opened)
        return redirect("recovery:enrol")

    def checked_password(self, link: RecoveryLink, password: str) -> AbstractBaseUser:
        """Whom the password fits, of five that a link bears; counted before it is compared."""
        opening.count_password(link=link)
        user = link.account.user
        try:
            checked = checked_password(
                self.request,
                name=user.get_username(),
                password=password,
                operation=Operation.OPEN_RECOVERY_LINK,
                may=lambda found: found.pk == user.pk and found.is_active,
            )
        except WrongPassword:
            passwords.end_link_if_guessed_at(link)
            raise
        except RecoveryError:
            links.give_password_back(link)
            raise
        links.give_password_back(link)
        return checked

    def ask(self, link: RecoveryLink | None, **shown: Any) -> HttpResponse:
        is_invitation = link is not None and link.purpose == LinkPurpose.INVITATION
        shown.setdefault("form", LinkPasswordForm())
        return self.page(usable=True, is_invitation=is_invitation, **shown)

    def unusable(self) -> HttpResponse:
        """One calm page for expired, used, withdrawn, frozen and made-up links."""
        return self.page(usable=False, status=410)
