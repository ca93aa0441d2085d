"""What the worker runs: small functions that any scheduler can call, any number at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from recovery import code_sets, delivery, link_requests, links, throttling
from recovery.actors import Actor
from recovery.audit import Draft, append, flush_tallies
from recovery.conf import conf
from recovery.enums import CodeKind, EndReason, LinkState, Operation, Outcome
from recovery.models import BackupCodeSet, RecoveryLink, TotpAuthenticator, UsedForm

UNFINISHED_KEPT: Final = timedelta(days=1)
FORM_MARKS_KEPT: Final = timedelta(days=2)
"""Longer than any form can be submitted: see ``console.forms``."""


def deliver_due() -> int:
    """Send the notices that are due; return how many left."""
    return sum(delivery.deliver(pk) for pk in delivery.due())


def cancel_stuck_links() -> int:
    """Cancel links that no mail server took in time. The agent sees it on the account."""
    before = timezone.now() - conf.LINK_HAND_OVER_WITHIN
    stuck = RecoveryLink.objects.filter(state=LinkState.QUEUED, requested_at__lt=before)
    return sum(_cancel(link) for link in stuck.select_related("account__user"))


def expire_links() -> int:
    """Note which links have run out; return how many. They stopped opening by themselves."""
    now = timezone.now()
    live = RecoveryLink.objects.filter(state=LinkState.LIVE, expires_at__lte=now)
    return live.update(state=LinkState.EXPIRED, ended_at=now)


def forget_unfinished_enrolments() -> int:
    """Delete authenticators and codes that nobody finished enrolling within a day."""
    before = timezone.now() - UNFINISHED_KEPT
    unbound = TotpAuthenticator.objects.filter(
        confirmed=False, revoked_at__isnull=True, bound_at__lt=before
    )
    unsaved = BackupCodeSet.objects.filter(
        confirmed=False, ended_at__isnull=True, issued_at__lt=before
    )
    return int(unbound.delete()[0]) + int(unsaved.delete()[0])


def expire_phone_codes() -> int:
    """End phone codes that have run out; return how many."""
    expired = Q(kind=CodeKind.PHONE, confirmed=True, expires_at__lte=timezone.now())
    ended = list(BackupCodeSet.objects.filter(expired))
    for code_set in ended:
        with transaction.atomic():
            code_sets.end(code_set, because=EndReason.EXPIRED)
    return len(ended)


def forget_old_marks() -> int:
    """Delete counts and form marks that can't matter any more; return how many."""
    before = timezone.now() - FORM_MARKS_KEPT
    return throttling.forget_old() + UsedForm.objects.filter(used_at__lt=before).delete()[0]


TASKS: Final[tuple[Callable[[], int], ...]] = (
    link_requests.decide_due,
    deliver_due,
    forget_unfinished_enrolments,
    cancel_stuck_links,
    expire_links,
    expire_phone_codes,
    flush_tallies,
    forget_old_marks,
)


def _cancel(link: RecoveryLink) -> bool:
    with transaction.atomic():
        if not links.end(link, state=LinkState.CANCELLED):
            return False
        draft = Draft(
            operation=Operation.CANCEL_RECOVERY_LINK,
            actor=Actor.worker(),
            subject=link.account,
            detail={"link": link.pk},
        )
        append(draft, Outcome.FAILED)
    return True
