"""What the worker runs: small functions that any scheduler can call, any number at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from recovery import code_sets, delivery, figures, jobs, link_requests, links, reviewing, throttling
from recovery.actors import Actor
from recovery.audit import Draft, append, checkpoints, flush_tallies, rounds
from recovery.audit.siem import send_to_siem
from recovery.conf import conf
from recovery.enums import CodeKind, EndReason, LinkState, Operation, Outcome
from recovery.jobs.files import delete_expired
from recovery.jobs.forgetting import forget_old
from recovery.locks import account_of
from recovery.models import Account, BackupCodeSet, RecoveryLink, TotpAuthenticator, UsedForm

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
    run_out = RecoveryLink.objects.filter(state=LinkState.LIVE, expires_at__lte=timezone.now())
    return sum(_expire_link(link) for link in run_out.select_related("account__user"))


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
    run_out = Q(kind=CodeKind.PHONE, confirmed=True, expires_at__lte=timezone.now())
    return sum(map(_expire_phone_code, BackupCodeSet.objects.filter(run_out)))


def forget_old_marks() -> int:
    """Delete counts and form marks that can't matter any more; return how many."""
    before = timezone.now() - FORM_MARKS_KEPT
    return throttling.forget_old() + UsedForm.objects.filter(used_at__lt=before).delete()[0]


def count_events() -> int:
    """Count what happened for the pictures. It is nobody's work, so nothing was done."""
    figures.count_events()
    return 0


def count_accounts() -> int:
    """Count how accounts stand, likewise."""
    figures.count_accounts()
    return 0


def delete_expired_exports() -> int:
    """Delete the files of exports whose day is over; return how many."""
    return delete_expired()


def forget_old_jobs() -> int:
    """Delete jobs, and their lists of people, that ended long ago; return how many."""
    return forget_old()


def run_jobs(is_stopping: Callable[[], bool] = jobs.never) -> int:
    """Do the jobs that somebody asked for; return how many ended."""
    return jobs.run_due(is_stopping)


TASKS: Final[tuple[Callable[[], int], ...]] = (
    link_requests.decide_due,
    deliver_due,
    forget_unfinished_enrolments,
    cancel_stuck_links,
    expire_links,
    expire_phone_codes,
    flush_tallies,
    reviewing.queue_for_review,
    count_events,
    count_accounts,
    forget_old_marks,
    delete_expired_exports,
    forget_old_jobs,
    checkpoints.sign_due,
    rounds.verify_new,
    rounds.verify_again,
    send_to_siem,
)
LONG_TASKS: Final[tuple[Callable[[Callable[[], bool]], int], ...]] = (run_jobs,)
"""What may take minutes: done beside the others, so that no mail waits for it."""


def _cancel(link: RecoveryLink) -> bool:
    operation = Operation.CANCEL_RECOVERY_LINK
    return _end_link(link, LinkState.CANCELLED, operation=operation, outcome=Outcome.FAILED)


def _expire_link(link: RecoveryLink) -> bool:
    operation = Operation.EXPIRE_RECOVERY_LINK
    with transaction.atomic():
        return _has_run_out(link) and _end_link(
            link, LinkState.EXPIRED, operation=operation, outcome=Outcome.COMPLETED
        )


def _end_link(
    link: RecoveryLink, state: LinkState, *, operation: Operation, outcome: Outcome
) -> bool:
    with transaction.atomic():
        if not links.end(link, state=state):
            return False
        append(_report(operation, link.account, {"link": link.pk}), outcome)
    return True


def _has_run_out(link: RecoveryLink) -> bool:
    """Look again under the lock: a second mail of the same link starts its lifetime anew."""
    same = RecoveryLink.objects.select_for_update().filter(pk=link.pk, state=LinkState.LIVE)
    return same.filter(expires_at__lte=timezone.now()).exists()


def _expire_phone_code(code_set: BackupCodeSet) -> bool:
    with transaction.atomic():
        if not code_sets.end(code_set, because=EndReason.EXPIRED):
            return False
        account = account_of(code_set.user)
        append(
            _report(Operation.EXPIRE_PHONE_CODE, account, {"set": code_set.pk}), Outcome.COMPLETED
        )
    return True


def _report(operation: Operation, account: Account, detail: dict[str, Any]) -> Draft:
    return Draft(operation=operation, actor=Actor.worker(), subject=account, detail=detail)
