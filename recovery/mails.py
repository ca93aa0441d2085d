"""The mails themselves: plain text and HTML from one context, whatever they are about."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from recovery import codes, vetoes
from recovery.announcements import LEADS_ARE_TOLD, NOT_VETOABLE, WHAT_HAPPENED, said
from recovery.conf import conf
from recovery.enums import LinkPurpose, Operation

if TYPE_CHECKING:
    from recovery.models import Notice
    from recovery.secret import Secret


def about_operation(notice: Notice) -> EmailMultiAlternatives:
    """Tell what happened, when, by which desk, whom to call, and how to say it was not them."""
    operation = Operation(notice.operation)
    if notice.context.get("for_leads"):
        return _for_leads(notice, operation)
    context = {
        "what_happened": WHAT_HAPPENED[operation] % said(notice.context.get("values", {})),
        "at": datetime.fromisoformat(notice.context["at"]),
        "time_zone": _time_zone(notice),
    }
    if operation not in NOT_VETOABLE:
        token = vetoes.token_for(notice)
        context["veto_url"] = conf.BASE_URL + reverse("recovery:veto", args=[token.reveal()])
    subject = _("%(desk)s: a change to your account") % {"desk": conf.DESK_NAME}
    return _compose(notice, subject, "notice", context)


def with_confirmation(notice: Notice, code: Secret) -> EmailMultiAlternatives:
    """Carry the code that confirms the address it is sent to."""
    context = {
        "code": "-".join(codes.groups(code)),
        "hours": int(conf.CONFIRMATION_LIFETIME.total_seconds() // 3600),
    }
    subject = _("%(desk)s: confirm your address") % {"desk": conf.DESK_NAME}
    return _compose(notice, subject, "confirmation", context)


def _for_leads(notice: Notice, operation: Operation) -> EmailMultiAlternatives:
    name = notice.account.text.display_name if notice.account is not None else "?"
    context = {
        "what_happened": LEADS_ARE_TOLD[operation] % {"name": name},
        "at": datetime.fromisoformat(notice.context["at"]),
        "time_zone": conf.TIME_ZONE,
    }
    subject = _("%(desk)s: a lead is needed") % {"desk": conf.DESK_NAME}
    return _compose(notice, subject, "notice", context | {"for_leads": True})


def _time_zone(notice: Notice) -> str:
    known = notice.account.text.time_zone if notice.account is not None else ""
    return known or conf.TIME_ZONE


def with_link(notice: Notice, token: Secret) -> EmailMultiAlternatives:
    """Carry a link. The address of the page is the configured one, never a request's."""
    link = notice.link
    is_invitation = link is not None and link.purpose == LinkPurpose.INVITATION
    context = {
        "url": conf.BASE_URL + reverse("recovery:link", args=[token.reveal()]),
        "minutes": int(conf.LINK_LIFETIME.total_seconds() // 60),
        "is_invitation": is_invitation,
    }
    subject = _("%(desk)s: your invitation") if is_invitation else _("%(desk)s: your recovery link")
    return _compose(notice, subject % {"desk": conf.DESK_NAME}, "link", context)


def _compose(
    notice: Notice, subject: str, template: str, context: dict[str, Any]
) -> EmailMultiAlternatives:
    context |= {
        "desk_name": conf.DESK_NAME,
        "desk_contact": conf.DESK_CONTACT,
        "name": notice.account.text.display_name if notice.account is not None else "",
        "subject": subject,
    }
    message = EmailMultiAlternatives(
        subject=subject,
        body=render_to_string(f"recovery/mail/{template}.txt", context),
        to=[notice.address],
        headers={"Message-ID": notice.message_id, "Auto-Submitted": "auto-generated"},
    )
    message.attach_alternative(
        render_to_string(f"recovery/mail/{template}.html", context), "text/html"
    )
    return message
