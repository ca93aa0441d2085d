"""Every figure from the rows themselves: a loop over all of them, and nothing remembered."""

from collections import Counter
from datetime import UTC, timedelta

from recovery.enums import DESK_OPERATIONS, Enrolment
from recovery.models import Account, AuditEvent, Figure

HELPS = ("regenerate_backup_codes", "issue_phone_code", "send_recovery_link")
RETURNS = ("bind_authenticator", "holder_sign_in", "sign_in")


def kept(*measures):
    """What the worker has, by place; what is nought says no more than what is not there."""
    found = Figure.objects.filter(measure__in=measures)
    return {(one.measure, one.day, one.quarter, one.key): one.value for one in found if one.value}


def events():
    return list(AuditEvent.objects.order_by("entry__sequence"))


def of_events():
    counts = Counter()
    for event in events():
        at = event.at.astimezone(UTC)
        if event.operation in DESK_OPERATIONS:
            quarter = (at.hour * 60 + at.minute) // 15
            counts["calls", at.date(), quarter, ""] += 1
            counts["operations", at.date(), 0, f"{event.operation}:{event.outcome}"] += 1
        if event.outcome == "refused":
            counts["refusals", at.date(), 0, event.refusal] += 1
    return dict(counts) | of_restorations()


def of_restorations():
    weeks = {}
    for helped, seconds in restored():
        at = helped.at.astimezone(UTC).date()
        weeks.setdefault(at - timedelta(days=at.weekday()), []).append(seconds)
    values = {}
    for week, took in weeks.items():
        values["restored", week, 0, "count"] = len(took)
        values["restored", week, 0, "median"] = first_that_covers(took, 50)
        values["restored", week, 0, "tenth"] = first_that_covers(took, 90)
    return {place: value for place, value in values.items() if value}


def restored():
    """Each first help with the return it led to, and how many seconds later that was."""
    everything = events()
    used = set()
    for number, event in enumerate(everything):
        if not is_help(event) or event.pk in used:
            continue
        for later in everything[number + 1 :]:
            if later.at - event.at > timedelta(days=7):
                if concerns(later, event.subject_id):
                    break
            elif is_help(later) and later.subject_id == event.subject_id:
                used.add(later.pk)
            elif is_return(later) and later.actor_id == event.subject_id:
                yield event, max(0, int((later.at - event.at).total_seconds()))
                break


def is_help(event):
    return event.operation in HELPS and event.outcome == "completed" and event.subject_id != ""


def is_return(event):
    return event.operation in RETURNS and event.outcome == "completed"


def concerns(event, who):
    by_help = is_help(event) and event.subject_id == who
    return by_help or (is_return(event) and event.actor_id == who)


def first_that_covers(values, per_cent):
    return next(
        value
        for value in sorted(values)
        if 100 * sum(other <= value for other in values) >= per_cent * len(values)
    )


def of_accounts(now):
    today, counts = now.astimezone(UTC).date(), Counter()
    for account in Account.objects.all():
        counts["enrolment", today, 0, account.enrolment] += 1
        if account.enrolment != Enrolment.NOT_ENROLLED:
            counts["codes_left", today, 0, str(account.backup_codes_left)] += 1
        if account.enrolment == Enrolment.REENROLMENT_REQUIRED:
            counts["flags", today, 0, f"{age(account, now)}:{due(account, now)}"] += 1
    return dict(counts)


def age(account, now):
    days = (now - account.reenrolment_required_at) / timedelta(days=1)
    for limit, name in [(1, "day"), (7, "week"), (14, "fortnight"), (30, "month"), (90, "quarter")]:
        if days < limit:
            return name
    return "older"


def due(account, now):
    if account.reenrolment_due_at is None:
        return "at_once"
    days = (account.reenrolment_due_at - now) / timedelta(days=1)
    if days <= 0:
        return "overdue"
    return "week" if days <= 7 else "month" if days <= 30 else "later"
