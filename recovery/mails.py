"""The mails themselves: plain text and HTML from one context, whatever they are about."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from recovery.conf import conf
from recovery.enums import LinkPurpose, Operation
from recovery.notices import WHAT_HAPPENED

if TYPE_CHECKING:
    from recovery.models import Notice
    from recovery.secret import Secret


def about_operation(notice: Notice) -> EmailMultiAlternatives:
    """Tell what happened, when, by which desk, and whom to call if it was not them."""
    operation = Operation(notice.operation)
    context = {
        "what_happened": WHAT_HAPPENED[operation],
        "at": datetime.fromisoformat(notice.context["at"]),
    }
    subject = _("%(desk)s: a change to your account") % {"desk": conf.DESK_NAME}
    return _compose(notice, subject, "notice", context)


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
