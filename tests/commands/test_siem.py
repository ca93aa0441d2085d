import pytest
from django.db import connection

from recovery.audit import linking, siem
from recovery.enums import Operation, Outcome
from recovery.models import AuditEvent

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def ledger():
    for _ in range(4):
        AuditEvent.objects.create(operation=Operation.RECONCILE, outcome=Outcome.COMPLETED)
    linking.settle(connection)


@pytest.mark.parametrize(
    ("options", "reached"),
    [
        ([], 0),
        (["--from-now"], 4),
        (["--from", "3"], 2),
        (["--from", "1"], 0),
        (["--from", "99"], 4),
        (["--from", "-1"], 0),
    ],
)
def test_it_says_how_far_it_came_and_goes_on_from_where_it_is_told(run, options, reached):
    printed = run("siem", *options)

    assert printed.out.startswith(f"{reached} of 4 events; moved ")
    assert siem.progress().sequence == reached


def test_to_start_where_the_chain_is_counts_as_having_sent_it(run, settings, caplog):
    settings.RECOVERY_SIEM_LOGGER = "recovery.siem.command"

    run("siem", "--from-now")

    assert siem.send_to_siem() == 0
    assert "not the one" not in caplog.text


def test_it_says_that_nothing_is_sent_while_nobody_listens(run):
    assert "nothing is sent" in run("siem").err
