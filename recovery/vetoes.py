"""The signed link in a notice that says: that was not me."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.core import signing

from recovery.conf import conf
from recovery.errors import VetoNotUsable
from recovery.models import Account, AuditEvent
from recovery.secret import Secret

if TYPE_CHECKING:
    from recovery.models import Notice

SALT: Final = "recovery.veto"


def token_for(notice: Notice) -> Secret:
    """Sign which event of which account the mail is about. Nothing is stored."""
    return Secret(signing.dumps([notice.event_id, notice.account_id], salt=SALT))


def read(token: Secret) -> tuple[Account, AuditEvent]:
    """Say what a token is about, or raise ``VetoNotUsable``."""
    lifetime = int(conf.VETO_LIFETIME.total_seconds())
    try:
        event_id, account_id = signing.loads(token.reveal(), salt=SALT, max_age=lifetime)
    except signing.BadSignature as error:
        raise VetoNotUsable from error
    account = Account.objects.select_related("user").filter(pk=account_id).first()
    event = AuditEvent.objects.filter(pk=event_id).first()
    if account is None or event is None:
        raise VetoNotUsable
    return account, event
