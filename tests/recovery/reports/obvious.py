"""Every number of the reports from the rows themselves: loops, and nothing that a query does."""

from collections import Counter
from datetime import timedelta

from recovery.conf import conf
from recovery.models import Account, AuditEvent, ContactAddress, TotpAuthenticator

DESK = [
    "regenerate_backup_codes",
    "issue_phone_code",
    "send_recovery_link",
    "withdraw_recovery_link",
    "require_reenrolment",
    "lift_reenrolment",
    "report_authenticator_lost",
    "invite_staff",
    "change_role",
    "remove_staff",
    "confirm_staff",
    "close_incident",
    "import_address",
]
HELPS = ("regenerate_backup_codes", "issue_phone_code", "send_recovery_link")
RETURNS = ("bind_authenticator", "holder_sign_in", "sign_in")
WAYS = [
    "call_back",
    "read_back",
    "colleague_vouches",
    "in_person",
    "own_authenticator",
    "not_proven",
]


def coverage(now):
    """What each account has, in the order of their numbers."""
    return [
        {
            "tier": account.tier,
            "authenticators": len(authenticators(account)),
            "codes_left": account.backup_codes_left,
            "codes_age_days": age(account, now),
            "confirmed_addresses": len(addresses(account)),
            "last_recovered_at": account.last_recovered_at,
        }
        for account in Account.objects.order_by("pk")
    ]


def authenticators(account):
    every = TotpAuthenticator.objects.all()
    return [one for one in every if one.user_id == account.user_id and one.confirmed]


def addresses(account):
    return [
        one
        for one in ContactAddress.objects.all()
        if one.account_id == account.pk and one.confirmed_at and not one.removed_at
    ]


def age(account, now):
    issued = account.backup_codes_issued_at
    return None if issued is None else (now - issued) // timedelta(days=1)


def at_risk(now):
    """The number of each account at risk, with the reasons."""
    found = {}
    for account in Account.objects.order_by("pk"):
        why = ", ".join(reasons(account, now))
        if why:
            found[account.pk] = why
    return found


def reasons(account, now):
    if account.backup_codes_left == 0:
        yield "no_codes"
    elif account.backup_codes_left <= conf.LOW_CODE_COUNT:
        yield "few_codes"
    if not addresses(account):
        yield "no_confirmed_address"
    if account.tier == "privileged" and len(authenticators(account)) == 1:
        yield "privileged_with_one_authenticator"
    due = account.reenrolment_due_at
    if account.enrolment == "reenrolment_required" and due is not None and due <= now:
        yield "flag_overdue"
    if account.last_recovered_at is not None:
        yield "recovered_before"


def events():
    return list(AuditEvent.objects.order_by("at", "pk"))


def minutes_to_access(event):
    """How many minutes later whoever was helped was back."""
    if event.operation not in HELPS or event.outcome != "completed" or not event.subject_id:
        return None
    for later in events():
        is_back = later.operation in RETURNS and later.outcome == "completed"
        if is_back and later.actor_id == event.subject_id and later.at >= event.at:
            took = later.at - event.at
            return took // timedelta(minutes=1) if took <= timedelta(days=7) else None
    return None


def actions():
    """Each event of the desk with its minutes, newest first."""
    return [
        (event.pk, minutes_to_access(event))
        for event in reversed(events())
        if event.operation in DESK
    ]


def agents():
    """One row for each agent, by number."""
    of_agents = {}
    for event in events():
        if event.operation in DESK and event.actor_id:
            of_agents.setdefault(event.actor_id, []).append(event)
    return [agent(key, of_agents[key]) for key in sorted(of_agents)]


def agent(key, theirs):
    done = Counter(event.operation for event in theirs if event.outcome == "completed")
    outcomes = Counter(event.outcome for event in theirs)
    ways = Counter(event.proofing for event in theirs if event.proofing)
    took = sorted(filter(lambda one: one is not None, map(minutes_to_access, theirs)))
    return {
        "agent": key,
        "agent_name": max(event.actor_name for event in theirs),
        "operations": len(theirs),
        "completed": outcomes["completed"],
        "refused": outcomes["refused"],
        "refused_percent": percent(outcomes["refused"], len(theirs)),
        **{operation: done[operation] for operation in DESK},
        **{f"{way}_percent": percent(ways[way], ways.total()) for way in WAYS},
        "median_minutes_to_access": took[(len(took) - 1) // 2] if took else None,
    }


def percent(part, whole):
    """Rounded as at school."""
    if not whole:
        return None
    return int(100 * part / whole + 0.5 + 1e-9)
