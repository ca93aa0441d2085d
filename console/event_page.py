"""One event as an auditor reads it: what happened, what it changed, who was told, what vouches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console.changes import changes_of
from console.displays import outcome_badge
from console.event_chain import chain_of
from console.ledger_values import Reader, event_url
from recovery.addresses import mask_address
from recovery.enums import NoticeState, Operation, Outcome, Tier
from recovery.errors import text_of
from recovery.models import Account, AuditEvent, Notice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpRequest

SHOWN = 20
"""Of each kind of what hangs together with an event."""
DIGEST_SHOWN = 10
SENTENCES = {
    (Outcome.COMPLETED, True): gettext_lazy(
        "%(actor)s carried out “%(operation)s” for %(subject)s."
    ),
    (Outcome.COMPLETED, False): gettext_lazy("%(actor)s carried out “%(operation)s”."),
    (Outcome.REFUSED, True): gettext_lazy("%(actor)s was refused “%(operation)s” for %(subject)s."),
    (Outcome.REFUSED, False): gettext_lazy("%(actor)s was refused “%(operation)s”."),
    (Outcome.FAILED, True): gettext_lazy(
        "%(actor)s began “%(operation)s” for %(subject)s, and it failed."
    ),
    (Outcome.FAILED, False): gettext_lazy("%(actor)s began “%(operation)s”, and it failed."),
}


def event_context(event: AuditEvent, request: HttpRequest) -> dict[str, Any]:
    """Everything on the page of an event, section by section."""
    reader = Reader(request)
    notices = Notice.objects.filter(event_id=event.pk).order_by("pk")
    return {
        "at": event.at,
        "outcome": outcome_badge(event.outcome),
        "sentence": _sentence(event, reader),
        "refusal": text_of(event.refusal) if event.refusal else "",
        "refusal_code": event.refusal,
        "facts": list(_facts(event, reader)),
        "changes": changes_of(event, request, reader),
        "notices": [_notice(notice, reader) for notice in notices[:SHOWN]],
        "others": [_other(one) for one in _others(event)],
        "together_url": reader.view(trace=event.trace) if event.trace else "",
        "chain": chain_of(event),
        "account_url": _account_url(event, request),
        "ledger_url": reader.ledger_url,
    }


def _account_url(event: AuditEvent, request: HttpRequest) -> str:
    """The page of whom it is about, if there still is one."""
    if not event.subject_id or not request.user.has_perm("recovery.view_account"):
        return ""
    found = Account.objects.filter(user_id=event.subject_id).values_list("pk", flat=True).first()
    return reverse("admin:recovery_account_change", args=[found]) if found is not None else ""


def _sentence(event: AuditEvent, reader: Reader) -> str:
    subject = reader.person(event, "subject").text
    is_about_oneself = bool(event.subject_id) and event.subject_id == event.actor_id
    said = SENTENCES[Outcome(event.outcome), bool(subject) and not is_about_oneself]
    return said % {
        "actor": reader.person(event, "actor").text or _("Somebody"),
        "operation": event.get_operation_display(),
        "subject": subject,
    }


def _facts(event: AuditEvent, reader: Reader) -> Iterator[dict[str, Any]]:
    """Each field that holds something, withheld ones too: that they are there is no secret."""
    subject, actor = reader.person(event, "subject"), reader.person(event, "actor")
    yield {"label": _("Subject"), "value": subject, "note": event.subject_id}
    yield {"label": _("Tier of the subject"), "text": _tier(event)}
    yield {"label": _("Actor"), "value": actor, "note": event.actor_id}
    yield {"label": _("Reason"), "value": reader.text(event, "reason")}
    yield {"label": _("Ticket"), "value": reader.text(event, "ticket")}
    yield {"label": _("How the caller was proven"), "text": event.get_proofing_display()}
    yield {
        "label": _("The actor's authenticator"),
        "text": event.get_verified_by_display(),
        "note": event.authenticator,
    }
    yield {"label": _("Source address"), "value": reader.text(event, "source_address")}
    yield {"label": _("User agent"), "value": reader.text(event, "user_agent")}
    yield {"label": _("Session"), "text": event.session_digest[:DIGEST_SHOWN]}
    if "detail" in reader.hidden:
        yield {"label": _("Detail"), "value": reader.text(event, "detail")}
    else:
        yield from ({"label": name, "text": str(held)} for name, held in event.detail.items())
    yield {"label": _("Recorded together as"), "text": event.trace}
    yield {"label": _("Number of the row"), "text": str(event.pk)}


def _tier(event: AuditEvent) -> str:
    return str(Tier(event.subject_tier).label) if event.subject_tier in Tier else ""


def _notice(notice: Notice, reader: Reader) -> dict[str, Any]:
    is_withheld = "detail" in reader.hidden
    return {
        "kind": Operation(notice.operation).label,
        "state": notice.get_state_display(),
        "is_dead": notice.state == NoticeState.DEAD,
        "at": notice.ended_at or notice.queued_at,
        "address": "" if is_withheld else mask_address(notice.address),
        "is_withheld": is_withheld,
        "attempts": notice.attempts,
        "error": notice.last_error,
    }


def _others(event: AuditEvent) -> list[AuditEvent]:
    """What was recorded together with it; the deliveries of its notices belong to it."""
    if not event.trace:
        return []
    of_trace = AuditEvent.objects.filter(trace=event.trace).exclude(pk=event.pk)
    return list(of_trace.defer("content").order_by("pk")[:SHOWN])


def _other(event: AuditEvent) -> dict[str, Any]:
    return {
        "operation": event.get_operation_display(),
        "outcome": outcome_badge(event.outcome),
        "at": event.at,
        "url": event_url(event.pk),
    }
