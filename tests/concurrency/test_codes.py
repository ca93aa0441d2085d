"""One code presented by many at once is redeemed once, and many wrong ones are all counted."""

import json
import subprocess
import sys
from collections import Counter

import django_otp
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from recovery import actions, codes, redemption
from recovery.enums import CodeKind, EndReason, Operation, Role
from recovery.models import (
    Account,
    AuditEvent,
    BackupCode,
    BackupCodeSet,
    TotpAuthenticator,
)
from tests.concurrency import at_once, race, ways
from tests.factories import account, app, fresh, grounds, live_set, phone_code, saved_codes, staff

pytestmark = [pytest.mark.concurrency, pytest.mark.django_db(transaction=True)]

MANY = 16
ROUNDS = 10
REGENERATIONS = 5

each_way = pytest.mark.parametrize("way", ways.BY_KEY)


def start_round(owner):
    """Take the wait of the last round away: it is another test's business."""
    Account.objects.filter(pk=owner.pk).update(failures=0, retry_at=None)


def wrong(kind=CodeKind.SAVED):
    return codes.generate(kind).reveal()


@pytest.mark.requirement("N22")
@each_way
def test_of_many_threads_with_one_code_one_wins_and_none_breaks(way):
    owner = account()
    code_set, clear = saved_codes(owner)

    for code in clear[:ROUNDS]:
        start_round(owner)
        outcomes = at_once(
            MANY, lambda _, code=code: ways.BY_KEY[way](owner.user_id, code_set.pk, code)
        )
        assert [type(outcome) for outcome in outcomes if isinstance(outcome, Exception)] == []
        assert sum(map(bool, outcomes)) == 1

    assert fresh(owner).backup_codes_left == 0
    redeemed = AuditEvent.objects.filter(
        operation=Operation.REDEEM_BACKUP_CODE, outcome="completed"
    )
    assert redeemed.count() == ROUNDS


@pytest.mark.requirement("N22")
@each_way
def test_of_many_threads_with_one_phone_code_one_wins_and_none_breaks(way):
    owner = account()

    for _ in range(ROUNDS // 2):
        code_set, code = phone_code(owner)
        start_round(owner)
        outcomes = at_once(
            MANY,
            lambda _, one=(code_set.pk, code): ways.BY_KEY[way](owner.user_id, *one),
        )
        assert Counter(map(bool, outcomes)) == {True: 1, False: MANY - 1}
        assert fresh(code_set).ended_because == EndReason.REDEEMED


@pytest.mark.requirement("N22")
def test_of_many_processes_with_one_code_one_wins_and_none_breaks():
    owner = account()
    code_set, clear = saved_codes(owner)
    connection.close()

    with _presenters() as presenters:
        for number, code in enumerate(clear):
            start_round(owner)
            way = ("redeem", "verify_token")[number % 2]
            answers = _answers(presenters, way, owner.user_id, code_set.pk, code)
            assert answers == {"won": 1, "lost": MANY - 1}
        # The throttle lets one of them through to what decides: here all of them get that far.
        code_set, _ = saved_codes(owner)
        for digest in code_set.codes.values_list("digest", flat=True):
            answers = _answers(presenters, "spend", owner.user_id, code_set.pk, digest)
            assert answers == {"won": 1, "lost": MANY - 1}
        assert not code_set.codes.exclude(digest="").exists()


@pytest.mark.requirement("N22")
def test_what_decides_lets_one_through_with_no_throttle_before_it():
    owner = account()
    for _ in range(3):
        code_set, _ = saved_codes(owner)
        for digest in code_set.codes.values_list("digest", flat=True):
            outcomes = at_once(MANY, lambda _, one=(code_set.pk, digest): redemption.spend(*one))
            assert Counter(outcomes) == {True: 1, False: MANY - 1}


@pytest.mark.requirement("N22")
def test_what_decides_is_one_condition_on_one_table():
    code_set, _ = saved_codes(account())
    digest = code_set.codes.first().digest

    with CaptureQueriesContext(connection) as queries:
        assert redemption.spend(code_set.pk, digest)

    (statement,) = [query["sql"] for query in queries if "UPDATE" in query["sql"]]
    assert "SELECT" not in statement
    assert "JOIN" not in statement


@pytest.mark.requirement("N8")
@each_way
def test_many_wrong_codes_at_once_are_all_counted(way):
    owner = account()
    code_set, _ = saved_codes(owner)

    outcomes = at_once(MANY, lambda _: ways.BY_KEY[way](owner.user_id, code_set.pk, wrong()))

    assert not any(outcomes)
    assert fresh(owner).failures == MANY


@pytest.mark.requirement("N8")
@each_way
def test_the_hundredth_failure_among_many_at_once_kills_the_set_once(way):
    owner = account()
    app(owner)
    code_set, clear = saved_codes(owner)
    aloud, _ = phone_code(owner)
    Account.objects.filter(pk=owner.pk).update(failures=92)

    outcomes = at_once(MANY, lambda _: ways.BY_KEY[way](owner.user_id, code_set.pk, wrong()))

    assert not any(outcomes)
    assert not fresh(code_set).is_live
    assert not fresh(aloud).is_live
    assert AuditEvent.objects.filter(operation=Operation.KILL_BACKUP_CODES).count() == 1
    start_round(owner)
    assert not ways.BY_KEY[way](owner.user_id, code_set.pk, clear[0])


@pytest.mark.requirement("N8")
def test_the_hundredth_failure_of_one_set_and_one_of_another_never_meet_in_a_deadlock():
    for _ in range(ROUNDS):
        owner = account()
        saved, _clear = saved_codes(owner)
        aloud, _clear = phone_code(owner)
        Account.objects.filter(pk=owner.pk).update(failures=98)

        tries = [
            (owner.user_id, code_set.pk, wrong(CodeKind(code_set.kind)))
            for code_set in (saved, aloud)
        ]
        outcomes = at_once(
            MANY, lambda number, tries=tries: ways.verify_token(*tries[number % len(tries)])
        )

        assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
        assert fresh(owner).failures >= 100
        assert not BackupCodeSet.objects.filter(user_id=owner.user_id, confirmed=True).exists()
        assert fresh(owner).backup_codes_left == 0


@pytest.mark.requirement("N8")
def test_the_hundredth_failure_among_many_at_once_kills_the_app_once():
    owner = account()
    bound = app(owner)
    TotpAuthenticator.objects.filter(pk=bound.pk).update(failures=92)

    outcomes = at_once(
        MANY, lambda _: django_otp.verify_token(owner.user, bound.persistent_id, "000000")
    )

    assert not any(outcomes)
    assert not fresh(bound).confirmed
    assert AuditEvent.objects.filter(operation=Operation.KILL_AUTHENTICATOR).count() == 1


def test_a_regeneration_and_redemptions_at_once_never_meet_in_a_deadlock():
    owner = account()
    app(owner)
    app(owner)
    lead = staff(Role.LEAD)
    for _ in range(REGENERATIONS):
        old, clear = saved_codes(owner)
        phone_code(owner)
        start_round(owner)

        outcomes = race(
            [
                lambda: actions.regenerate_backup_codes(
                    actor=lead, subject=owner, grounds=grounds()
                ),
                lambda: actions.issue_phone_code(actor=lead, subject=owner, grounds=grounds()),
                lambda old=old, code=clear[0]: ways.redeem(owner.user_id, old.pk, code),
                lambda old=old, code=clear[1]: ways.verify_token(owner.user_id, old.pk, code),
                lambda old=old, code=clear[2]: ways.match_token(owner.user_id, old.pk, code),
                lambda old=old: ways.match_token(owner.user_id, old.pk, "000000"),
                lambda old=old: ways.match_token(owner.user_id, old.pk, wrong(CodeKind.PHONE)),
            ]
        )

        assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
        start_round(owner)
        assert not ways.redeem(owner.user_id, old.pk, clear[3])
        assert fresh(old).ended_because == EndReason.REPLACED
        unspent = BackupCode.objects.filter(set=live_set(owner)).exclude(digest="").count()
        assert fresh(owner).backup_codes_left == unspent


def test_regenerations_at_once_leave_one_live_set_and_never_meet_in_a_deadlock():
    owner, lead = account(), staff(Role.LEAD)

    for _ in range(3):
        outcomes = at_once(
            4,
            lambda _: actions.regenerate_backup_codes(actor=lead, subject=owner, grounds=grounds()),
        )
        assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []

    assert BackupCodeSet.objects.filter(confirmed=True).count() == 1
    assert fresh(owner).backup_codes_left == 10


def _presenters():
    database = str(connection.settings_dict["NAME"])
    return subprocess.Popen(
        [sys.executable, "-m", "tests.concurrency.presenter", database, str(MANY)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _answers(presenters, *words):
    """Let all of them present the same at the same moment, and count what they say."""
    presenters.stdin.write(" ".join(map(str, words)) + "\n")
    presenters.stdin.flush()
    return Counter(json.loads(presenters.stdout.readline()))
