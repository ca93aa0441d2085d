"""Each number of each report is what somebody with paper and patience would come to."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recovery.enums import Enrolment, FlagOrigin, Operation, Outcome, Tier
from recovery.models import Account, AuditEvent, ContactAddress, TotpAuthenticator
from recovery.reports import REPORTS, Asked
from recovery.reports.table import place
from recovery.reports.writing import Table
from tests import factories
from tests.recovery.reports import obvious

pytestmark = [pytest.mark.django_db, pytest.mark.any_user_model]

SLOW = settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
days = st.one_of(st.none(), st.integers(min_value=-3, max_value=400))
standings = st.fixed_dictionaries(
    {
        "left": st.integers(min_value=0, max_value=10),
        "issued": st.one_of(st.none(), st.integers(min_value=0, max_value=400)),
        "recovered": days,
        "due": days,
        "is_flagged": st.booleans(),
        "tier": st.sampled_from(Tier),
        "apps": st.integers(min_value=0, max_value=3),
        "addresses": st.lists(st.sampled_from(["confirmed", "new", "removed"]), max_size=3),
    }
)
happenings = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *(operation.value for operation in Operation if operation in obvious.HELPS),
                *("lift_reenrolment", "import_address", "holder_sign_in", "sign_in"),
                *("bind_authenticator", "open_account"),
            ]
        ),
        st.sampled_from(Outcome),
        st.sampled_from(["", "1", "2", "10"]),
        st.sampled_from(["", "1", "2"]),
        st.sampled_from(["", *obvious.WAYS]),
        st.integers(min_value=0, max_value=12 * 24 * 60 * 60),
    ),
    max_size=14,
)


class Undone:
    """An example leaves nothing behind."""

    def __enter__(self):
        self.atomic = transaction.atomic()
        self.atomic.__enter__()

    def __exit__(self, *raised):
        transaction.set_rollback(True)
        self.atomic.__exit__(*raised)


def values(report, **asked):
    table = Table(report=REPORTS[report], asked=Asked(**asked), now=NOW)
    return [
        {name.removeprefix("cell_"): value for name, value in row.items()} for row in table.query()
    ]


def ago(number):
    return None if number is None else NOW - timedelta(days=number, hours=5)


def stand(state):
    account = factories.account(
        addresses=(),
        backup_codes_left=state["left"],
        backup_codes_total=10,
        backup_codes_issued_at=ago(state["issued"]),
        last_recovered_at=ago(state["recovered"]),
        tier=state["tier"],
        **(flag(state) if state["is_flagged"] else {}),
    )
    for number, kind in enumerate(state["addresses"]):
        made = factories.address(account, f"a{number}@example.org", confirmed=kind != "new")
        if kind == "removed":
            ContactAddress.objects.filter(pk=made.pk).update(removed_at=NOW)
    for _ in range(state["apps"]):
        TotpAuthenticator.objects.create(user=account.user, name="phone", encrypted_key="")
    TotpAuthenticator.objects.create(user=account.user, confirmed=False, encrypted_key="")
    return account


def flag(state):
    return {
        "enrolment": Enrolment.REENROLMENT_REQUIRED,
        "reenrolment_required_at": NOW,
        "reenrolment_due_at": ago(state["due"]),
        "reenrolment_origin": FlagOrigin.DESK,
    }


def happen(happened):
    AuditEvent.objects.bulk_create(
        AuditEvent(
            at=NOW + timedelta(seconds=seconds),
            operation=operation,
            outcome=outcome,
            refusal="not_verified" if outcome == Outcome.REFUSED else "",
            actor_id=actor,
            actor_name=f"agent {actor}" if actor else "",
            subject_id=subject,
            proofing=proofing,
        )
        for operation, outcome, actor, subject, proofing, seconds in happened
    )


@SLOW
@given(st.lists(standings, min_size=1, max_size=3))
def test_accounts(states):
    with Undone():
        for state in states:
            stand(state)
        found = values("coverage")
        expected = obvious.coverage(NOW)

        assert [{name: row[name] for name in expected[0]} for row in found] == expected


@SLOW
@given(st.lists(standings, min_size=1, max_size=3))
def test_risks(states):
    with Undone():
        accounts = {stand(state).pk: state for state in states}
        risky = obvious.at_risk(NOW)

        assert [row["why"] for row in values("at_risk")] == list(risky.values())
        assert risky.keys() <= accounts.keys()


@SLOW
@given(happenings)
def test_actions(happened):
    with Undone():
        happen(happened)

        found = [(row["event"], row["minutes_to_access"]) for row in values("actions")]
        assert found == obvious.actions()


@SLOW
@given(happenings)
def test_agents(happened):
    with Undone():
        happen(happened)

        assert values("agents") == obvious.agents()


def test_a_span_is_from_a_moment_up_to_another():
    happen([("issue_phone_code", "completed", "1", "2", "", hours * 3600) for hours in (0, 1, 2)])
    span = {"since": NOW, "until": NOW + timedelta(hours=2)}

    assert len(values("ledger", **span)) == 2
    assert len(values("actions", **span)) == 2
    assert [row["operations"] for row in values("agents", **span)] == [2]


def test_accounts_take_the_filters_of_their_list_and_a_span():
    asked = {"filters": {"tier": "privileged"}, "since": NOW, "until": NOW + timedelta(days=1)}
    factories.account(tier=Tier.PRIVILEGED, enrolled_at=None)
    state = {"enrolled_at": NOW, "enrolment": Enrolment.ENROLLED}
    factories.account(tier=Tier.PRIVILEGED, **state)
    factories.account(**state)

    assert len(values("coverage", **asked)) == 1


def test_what_was_asked_for_can_be_stored_and_read_again():
    asked = Asked(filters={"codes": "none"}, since=NOW, until=timezone.now())

    assert Asked.from_stored(asked.as_stored()) == asked
    assert Asked.from_stored(Asked().as_stored()) == Asked()


@pytest.mark.parametrize("report", REPORTS.values(), ids=lambda report: report.name)
def test_columns_are_closed_and_open_no_secret(report):
    names = report.headers()
    secret = {"digest", "recipe", "encrypted_key", "salt", "content", "session_digest", "password"}

    assert len(names) == len(set(names))
    assert not secret & set(names)
    paths = {column.expression for column in report.columns if isinstance(column.expression, str)}
    assert not secret & paths
    assert list(map(place, report.columns))


def test_who_has_an_account_is_in_the_report_once():
    factories.account(addresses=("a@example.org", "b@example.org"))

    assert len(values("coverage")) == Account.objects.count()
