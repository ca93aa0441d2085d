"""The one account page: what can help this person now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from console.changes import may_see_versions
from console.displays import codes_level
from recovery import host_devices
from recovery.addresses import mask_address
from recovery.conf import conf
from recovery.enums import (
    OPEN_LINK_STATES,
    READ_OPERATIONS,
    CodeKind,
    LinkState,
    Operation,
    Outcome,
)
from recovery.errors import text_of
from recovery.models import AuditEvent, BackupCodeSet, ContactAddress, Notice, TotpAuthenticator
from recovery.periods import in_words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from django.http import HttpRequest

    from recovery.models import Account, RecoveryLink

EVENTS_SHOWN = 8
MAIL = (Operation.DELIVER_NOTICE, Operation.HAND_OVER_RECOVERY_LINK)
AUTHENTICATORS_SHOWN = 10
LINKS_SHOWN = 3
NOTICES_SHOWN = 5


def card(account: Account, request: HttpRequest) -> dict[str, Any]:
    """Everything on the account page but its operations."""
    addresses = list(ContactAddress.objects.kept().filter(account=account).order_by("pk"))
    notices = list(account.notices.order_by("-pk")[:NOTICES_SHOWN])
    return {
        "account": account.text,
        "user": account.user,
        "tier": account.tier,
        "codes": _codes(account),
        "authenticators": _authenticators(account),
        "addresses": [_address(address) for address in addresses],
        "flag": _flag(account),
        "links": [_link(link) for link in _links(account)],
        "notices": [_notice(notice) for notice in notices],
        "events": _events(account, request),
        "banners": list(_banners(account, addresses)),
        "last_recovered_at": account.last_recovered_at,
        "history_url": reverse("admin:recovery_account_history", args=[account.pk])
        if may_see_versions(request)
        else "",
    }


def live_authenticators(account: Account) -> list[dict[str, Any]]:
    """What is bound and alive, by the ids that django-otp gives it: apps, sets of codes, others."""
    apps = TotpAuthenticator.objects.filter(user_id=account.user_id, confirmed=True)
    sets = BackupCodeSet.objects.filter(user_id=account.user_id, confirmed=True)
    return [
        *({"persistent_id": app.persistent_id, "name": app.name} for app in apps.order_by("pk")),
        *(
            {"persistent_id": found.persistent_id, "name": CodeKind(found.kind).label}
            for found in sets.order_by("pk")
        ),
        *(
            {"persistent_id": device.persistent_id, "name": host_devices.name_of(device)}
            for device in host_devices.live_of(account)
        ),
    ]


def _codes(account: Account) -> dict[str, Any]:
    return {
        "left": account.backup_codes_left,
        "total": account.backup_codes_total,
        "issued_at": account.backup_codes_issued_at,
        "level": codes_level(account.backup_codes_left),
        "phone_code_until": _phone_code_until(account),
    }


def _phone_code_until(account: Account) -> datetime | None:
    live = BackupCodeSet.objects.filter(
        user_id=account.user_id,
        kind=CodeKind.PHONE,
        confirmed=True,
        expires_at__gt=timezone.now(),
    )
    return live.values_list("expires_at", flat=True).first()


def _authenticators(account: Account) -> list[dict[str, Any]]:
    """Those that work or did: one that is neither alive nor revoked is only being enrolled."""
    was_bound = Q(confirmed=True) | Q(revoked_at__isnull=False)
    mine = TotpAuthenticator.objects.filter(was_bound, user_id=account.user_id)
    found = list(mine.order_by("-confirmed", "-pk")[:AUTHENTICATORS_SHOWN])
    theirs = [_host_device(device) for device in host_devices.live_of(account)]
    is_helpless = not theirs and not any(row.confirmed for row in found)
    return theirs + [
        {
            "kind": _("Authenticator app"),
            "name": row.name,
            "bound_at": row.bound_at,
            "last_used_at": row.last_used_at,
            "state": _state(row, is_helpless=is_helpless),
            "revoked_at": row.revoked_at,
            "revoked_because": row.get_revoked_because_display(),
            "persistent_id": row.persistent_id,
        }
        for row in found
    ]


def _state(row: TotpAuthenticator, *, is_helpless: bool) -> str:
    """How it stands; that wrong codes ended it matters while nothing has taken its place."""
    if row.is_blocked and is_helpless:
        return "blocked"
    return "live" if row.confirmed else "revoked"


def _host_device(device: Any) -> dict[str, Any]:
    return {
        "kind": _("Bound outside the desk"),
        "name": host_devices.name_of(device),
        "bound_at": getattr(device, "created_at", None),
        "last_used_at": getattr(device, "last_used_at", None),
        "state": "live",
        "revoked_at": None,
        "revoked_because": "",
        "persistent_id": device.persistent_id,
    }


def _address(address: ContactAddress) -> dict[str, Any]:
    now, masked = timezone.now(), mask_address(address.address)
    if address.confirmed_at is None:
        waiting = {"added_at": address.added_at, "confirmed_at": None}
        return waiting | {"masked": masked, "may_receive_links": False}
    usable_from = address.confirmed_at + conf.ADDRESS_MIN_AGE
    return {
        "masked": masked,
        "confirmed_at": address.confirmed_at,
        "age_days": (now - address.confirmed_at).days,
        "may_receive_links": usable_from <= now,
        "too_young_until": usable_from,
    }


def _flag(account: Account) -> dict[str, Any]:
    return {
        "enrolment": account.enrolment,
        "reason": account.reenrolment_reason,
        "origin": account.get_reenrolment_origin_display(),
        "due_at": account.reenrolment_due_at,
        "required_at": account.reenrolment_required_at,
        "overdue": account.is_overdue,
    }


def _links(account: Account) -> list[RecoveryLink]:
    return list(account.links.select_related("address").order_by("-pk")[:LINKS_SHOWN])


def _link(link: RecoveryLink) -> dict[str, Any]:
    has_run_out = link.state == LinkState.LIVE and not link.is_usable
    state = LinkState.EXPIRED if has_run_out else LinkState(link.state)
    return {
        "state": state.label,
        "open": state in OPEN_LINK_STATES,
        "requested_at": link.requested_at,
        "expires_at": link.expires_at,
        "address_masked": mask_address(link.address.address),
    }


def _notice(notice: Notice) -> dict[str, Any]:
    return {
        "kind": _("The mail with the link")
        if notice.link_id
        else Operation(notice.operation).label,
        "address_masked": mask_address(notice.address),
        "state": notice.get_state_display(),
        "when": notice.ended_at or notice.queued_at,
        "error": notice.last_error,
    }


def _events(account: Account, request: HttpRequest) -> list[dict[str, Any]]:
    """The last events about this person; the link to each is for those who may read the ledger."""
    of_account = AuditEvent.objects.filter(subject_id=str(account.user_id))
    # How its mails fared stands in a box of its own; who looked is for those who read the ledger.
    found = of_account.exclude(operation__in=(*MAIL, *READ_OPERATIONS)).order_by("-at", "-id")
    reads_ledger = request.user.has_perm("recovery.view_auditevent")
    return [
        {
            "at": event.at,
            "operation_label": event.get_operation_display(),
            "outcome": event.outcome,
            "outcome_label": Outcome(event.outcome).label,
            "actor_name": event.actor_name,
            "ticket": event.ticket,
            "refusal_text": text_of(event.refusal),
            "url": reverse("admin:recovery_auditevent_change", args=[event.pk])
            if reads_ledger
            else "",
        }
        for event in found[:EVENTS_SHOWN]
    ]


def _banners(account: Account, addresses: list[ContactAddress]) -> Iterator[dict[str, Any]]:
    if account.frozen_at is not None:
        yield _banner("danger", _("Recovery of this account is frozen. Only a lead can go on."))
    if not account.user.is_active:
        yield _banner("danger", _("This account is deactivated. Nothing can be issued to it."))
    lately = timezone.now() - conf.ADDRESS_MIN_AGE
    if any(address.confirmed_at and address.confirmed_at > lately for address in addresses):
        within = _("An address was confirmed within the last %(period)s. Ask about it.")
        yield _banner("warning", within % {"period": in_words(conf.ADDRESS_MIN_AGE)})
    if account.power_suspended_at is not None:
        yield _banner("danger", _("Came back by a recovery: no power here until a lead confirms."))
    if account.told_only_at_link_address_at is not None:
        yield _banner(
            "warning", _("Only the mailbox that got the recovery link heard of that recovery.")
        )
    if account.is_overdue:
        yield _banner("warning", _("Re-enrolment is overdue."))
    if account.failures:
        text = ngettext("%d wrong code in a row.", "%d wrong codes in a row.", account.failures)
        yield _banner("warning", text % account.failures)
    if account.notices.undelivered().exists():
        yield _banner("warning", _("A mail to this person could not be delivered. Tell them."))


def _banner(level: str, text: object) -> dict[str, Any]:
    return {"level": level, "text": text}
