"""An operation as a dialog on the account page: its words, its form, and the one call it makes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from console import forms, step_up
from console.requests import actor_from
from recovery import actions, outlook
from recovery.audit import Draft, append_failure, require_permission
from recovery.enums import OPEN_LINK_STATES, FlagOrigin, Operation
from recovery.errors import FormInvalid
from recovery.periods import setting_in_words

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.utils.functional import Promise

    from recovery.actors import Grounds
    from recovery.errors import RecoveryError
    from recovery.models import Account


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialog:
    """How one operation is offered: its words, its form, and the one call it makes."""

    operation: Operation
    description: str | Promise
    verb: Callable[..., Any]
    icon: str
    shortcut: str = ""
    form_class: type[forms.OperationForm] = forms.OperationForm
    submit_text: str | Promise = _("Confirm")
    done: str | Promise = _("Done, and on the ledger.")
    danger: bool = False
    shows_codes: bool = False
    is_offered: Callable[[Account], bool] = lambda _account: True

    def form(self, request: HttpRequest, subject: Account, data: Any = None) -> forms.OperationForm:
        return self.form_class(
            data,
            request=request,
            operation=self.operation,
            subject=subject,
            needs_step_up=step_up.is_needed(request),
        )

    def form_again(
        self, request: HttpRequest, subject: Account, refused: forms.OperationForm
    ) -> forms.OperationForm:
        """A fresh form filled as the refused one was, but for the code and the spent mark."""
        filled = self.form(request, subject)
        kept = {"form_mark", "one_time_code"}
        filled.initial |= {
            name: value for name, value in refused.cleaned_data.items() if name not in kept
        }
        return filled

    def require_permission(
        self, request: HttpRequest, subject: Account, form: forms.OperationForm
    ) -> None:
        """Refuse whoever lacks it, and record that, however little of the form is filled in."""
        require_permission(
            self.operation,
            actor=actor_from(request),
            subject=self.account_of(subject),
            grounds=form.said(),
        )

    def run(self, request: HttpRequest, subject: Account, form: forms.OperationForm) -> Any:
        """Step up if the form carries a code, then make the one call."""
        grounds = self._grounds(request, subject, form)
        if form.cleaned_data.get("one_time_code"):
            step_up.prove(request, form.cleaned_data["one_time_code"])
        return self.verb(
            actor=actor_from(request),
            subject=self.account_of(subject),
            grounds=grounds,
            **form.values(),
        )

    def account_of(self, subject: Any) -> Account | None:
        """Whose account it is about: here the form is about the account itself."""
        return subject

    def action_url(self, subject: Any) -> str:
        """Where the form goes."""
        return operation_url(subject, self.operation)

    def close_url(self, subject: Any) -> str:
        """Where somebody goes who does nothing."""
        return account_url(subject)

    def _grounds(
        self, request: HttpRequest, subject: Account, form: forms.OperationForm
    ) -> Grounds:
        """The form's grounds; a tampered or foreign form is recorded (ASVS 16.3.3)."""
        try:
            return form.grounds()
        except FormInvalid as refusal:
            draft = Draft(
                operation=self.operation,
                actor=actor_from(request),
                subject=self.account_of(subject),
                grounds=form.said(),
            )
            append_failure(draft, type(refusal))
            raise

    def context(
        self,
        request: HttpRequest,
        subject: Account,
        *,
        form: forms.OperationForm | None = None,
        refusal: RecoveryError | None = None,
    ) -> dict[str, Any]:
        """What the dialog component shows."""
        return {
            "operation": self.operation.value,
            "title": self.operation.label,
            "description": self.description,
            "form": form or self.form(request, subject),
            "action_url": self.action_url(subject),
            "refusal": refusal,
            "submit_text": self.submit_text,
            "danger": self.danger,
            "needs_step_up": step_up.is_needed(request),
            "close_url": self.close_url(subject),
        }


def _has_open_link(account: Account) -> bool:
    return account.links.filter(state__in=OPEN_LINK_STATES).exists()


def _has_something_to_look_into(account: Account) -> bool:
    return account.frozen_at is not None or account.incidents.filter(closed_at=None).exists()


def _is_liftable(account: Account) -> bool:
    return account.is_flagged and account.reenrolment_origin == FlagOrigin.DESK


DIALOGS: dict[Operation, Dialog] = {
    dialog.operation: dialog
    for dialog in (
        Dialog(
            operation=Operation.ISSUE_PHONE_CODE,
            description=format_lazy(
                _(
                    "One code to read aloud. It works once, for {period}, and an earlier phone "
                    "code stops working. Afterwards they have to bind a new authenticator."
                ),
                period=setting_in_words("PHONE_CODE_LIFETIME"),
            ),
            verb=actions.issue_phone_code,
            icon="call",
            shortcut="p",
            submit_text=_("Show the code"),
            shows_codes=True,
        ),
        Dialog(
            operation=Operation.SEND_RECOVERY_LINK,
            description=format_lazy(
                _(
                    "A link that opens once, within {period} from when the mail leaves, and asks "
                    "for their password. An earlier link stops working."
                ),
                period=setting_in_words("LINK_LIFETIME"),
            ),
            verb=actions.send_recovery_link,
            icon="mail",
            shortcut="e",
            form_class=forms.RecoveryLinkForm,
            submit_text=_("Send the link"),
            done=_("The link is queued. It shows below when it has left."),
        ),
        Dialog(
            operation=Operation.REGENERATE_BACKUP_CODES,
            description=_(
                "A new set of codes, shown once. All old codes stop working at once. Over the "
                "phone, issue a phone code instead: nobody reads a whole set aloud."
            ),
            verb=actions.regenerate_backup_codes,
            icon="password",
            shortcut="r",
            submit_text=_("Make new codes"),
            shows_codes=True,
        ),
        Dialog(
            operation=Operation.WITHDRAW_RECOVERY_LINK,
            description=_("The open link stops working, whether or not the mail has left."),
            verb=actions.withdraw_recovery_link,
            icon="unsubscribe",
            submit_text=_("Withdraw the link"),
            done=_("The link no longer opens."),
            is_offered=_has_open_link,
        ),
        Dialog(
            operation=Operation.REQUIRE_REENROLMENT,
            description=_(
                "They have to bind their authenticator anew. Nothing is taken away from them "
                "until they do."
            ),
            verb=actions.require_reenrolment,
            icon="flag",
            shortcut="f",
            form_class=forms.ReenrolmentForm,
            submit_text=_("Flag the account"),
            done=_("The account is flagged."),
        ),
        Dialog(
            operation=Operation.LIFT_REENROLMENT,
            description=_("They no longer have to bind their authenticator anew."),
            verb=actions.lift_reenrolment,
            icon="flag_check",
            submit_text=_("Lift the flag"),
            done=_("The flag is lifted."),
            is_offered=_is_liftable,
        ),
        Dialog(
            operation=Operation.REPORT_AUTHENTICATOR_LOST,
            description=_(
                "What is lost stops working at once, their sessions end, and they have to bind "
                "a new authenticator. This cannot be taken back."
            ),
            verb=actions.report_authenticator_lost,
            icon="phonelink_erase",
            shortcut="l",
            form_class=forms.LostForm,
            submit_text=_("End it now"),
            done=_("Ended. Now help them back in: a phone code or a recovery link."),
            danger=True,
        ),
        Dialog(
            operation=Operation.CONFIRM_STAFF,
            description=_(
                "They came back by a recovery and have no power in the console. Confirm only "
                "when you have spoken to them in person or on the number on record."
            ),
            verb=actions.confirm_staff,
            icon="verified_user",
            submit_text=_("Give their rights back"),
            done=_("Their rights in the console are back."),
            is_offered=lambda account: account.power_suspended_at is not None,
        ),
        Dialog(
            operation=Operation.CLOSE_INCIDENT,
            description=_(
                "You have looked into it. The reason is kept as the note of the incident, and the "
                "freeze is lifted. What was suspended stays dead: they bind a new authenticator."
            ),
            verb=actions.close_incident,
            icon="assignment_turned_in",
            submit_text=_("Close and lift the freeze"),
            done=_("The incident is closed and the freeze lifted."),
            is_offered=_has_something_to_look_into,
        ),
        Dialog(
            operation=Operation.INVITE_STAFF,
            description=_(
                "They get a role at the desk. Whoever never had an authenticator is mailed an "
                "invitation; everybody else signs in with the one they have."
            ),
            verb=actions.invite_staff,
            icon="person_add",
            form_class=forms.RoleForm,
            submit_text=_("Invite"),
            done=_("They have the role. Whoever never had an authenticator gets an invitation."),
            is_offered=lambda account: not outlook.is_at_the_desk(account),
        ),
        Dialog(
            operation=Operation.CHANGE_ROLE,
            description=_("They get another role in place of the one they have. Sessions end."),
            verb=actions.change_role,
            icon="manage_accounts",
            form_class=forms.RoleForm,
            submit_text=_("Change the role"),
            done=_("The role is changed."),
            is_offered=outlook.is_at_the_desk,
        ),
        Dialog(
            operation=Operation.REMOVE_STAFF,
            description=_("They keep their account and lose the console. Their sessions end."),
            verb=actions.remove_staff,
            icon="person_remove",
            submit_text=_("Remove from the desk"),
            done=_("They are no longer at the desk."),
            danger=True,
            is_offered=outlook.is_at_the_desk,
        ),
    )
}


def offered(request: HttpRequest, subject: Account) -> list[dict[str, Any]]:
    """The operations that the viewer's role includes and that make sense on this account.

    What is certain to be refused is shown as that, with the refusal's own words.
    """
    shown = [
        dialog
        for dialog in DIALOGS.values()
        if request.user.has_perm(dialog.operation.permission) and dialog.is_offered(subject)
    ]
    operations = [dialog.operation for dialog in shown]
    refused = outlook.refusals(operations, actor=actor_from(request), subject=subject)
    return [_offer(dialog, subject, refused.get(dialog.operation)) for dialog in shown]


def _offer(dialog: Dialog, subject: Account, refusal: RecoveryError | None) -> dict[str, Any]:
    return {
        "operation": dialog.operation.value,
        "title": dialog.operation.label,
        "url": f"{account_url(subject)}?dialog={dialog.operation.value}",
        "enabled": refusal is None,
        "why_not": "" if refusal is None else str(refusal),
        "icon": dialog.icon,
        "shortcut": dialog.shortcut,
        "danger": dialog.danger,
    }


def account_url(subject: Account) -> str:
    return reverse("admin:recovery_account_change", args=[subject.pk])


def operation_url(subject: Account, operation: Operation) -> str:
    return reverse("admin:recovery_account_operation", args=[subject.pk, operation.value])
