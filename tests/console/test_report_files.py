"""A report's file from the database is, byte for byte, what import-export would have written."""

import csv
import io
import json
from contextlib import contextmanager
from datetime import UTC

import pytest
from django.contrib.auth import get_user_model
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from import_export.formats import base_formats

from console.resources import resource_of
from recovery import sync
from recovery.audit import Draft, append
from recovery.cells import UNPRINTABLE, plain
from recovery.enums import Operation, Outcome
from recovery.models import AccountText, AuditEvent
from recovery.reports import REPORTS
from recovery.reports.writing import BOM, Table
from tests import factories
from tests.plumbing.texts import cut, nasty

pytestmark = [pytest.mark.django_db, pytest.mark.any_user_model]

moments = st.one_of(st.none(), st.datetimes(timezones=st.just(UTC)))


@contextmanager
def undone():
    """Let an example leave nothing behind."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def of_import_export(table, kind):
    dataset = resource_of(table.report, hidden=table.hidden).export(table.query())
    return kind().export_data(dataset).encode()


def whole(pieces):
    return b"".join(data for data, _rows in pieces)


def assert_same(table):
    assert whole(table.csv()) == BOM + of_import_export(table, base_formats.CSV)
    assert whole(table.json()) == of_import_export(table, base_formats.JSON)


def a_person(texts, **state):
    account = factories.account(**state)
    AccountText.objects.filter(pk=account.pk).update(**texts)
    return account


@pytest.mark.requirement("A32")
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(cut(320), cut(320), cut(64), moments, moments), min_size=1, max_size=3))
def test_accounts_are_the_same_bytes(people):
    with undone():
        for name, address, number, enrolled_at, recovered_at in people:
            texts = {"display_name": name, "address": address, "staff_number": number}
            a_person(texts, enrolled_at=None, last_recovered_at=recovered_at, frozen_at=enrolled_at)
        assert_same(Table(report=REPORTS["coverage"]))
        assert_same(Table(report=REPORTS["at_risk"]))


@pytest.mark.requirement("A32")
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(cut(320), nasty, cut(64), st.sampled_from(Outcome)), max_size=3))
def test_events_are_the_same_bytes(said):
    actor = factories.actor()
    with undone():
        for name, reason, ticket, outcome in said:
            AuditEvent.objects.create(
                operation=Operation.ISSUE_PHONE_CODE,
                outcome=outcome,
                refusal="not_verified" if outcome == Outcome.REFUSED else "",
                actor_id=actor.key,
                actor_name=name,
                subject_name=name[::-1],
                reason=reason,
                ticket=ticket,
                detail={"address": name, "text": [reason, 1, None, True]},
            )
        for report in ("ledger", "actions", "agents"):
            assert_same(Table(report=REPORTS[report]))


@pytest.mark.requirement("A32")
@given(cut(320))
@settings(max_examples=30)
def test_a_name_reads_the_same_after_it_was_brought_in_again(name):
    with undone():
        a_person({"display_name": name})
        text = whole(Table(report=REPORTS["coverage"]).csv()).decode("utf-8-sig")
        read = next(csv.DictReader(io.StringIO(text, newline="")))
    assert plain(read["name"]) == UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", name)


@pytest.mark.parametrize("report", REPORTS.values(), ids=lambda report: report.name)
def test_a_file_of_nothing_has_its_header(report):
    table = Table(report=report)

    assert whole(table.csv()) == BOM + (",".join(table.headers) + "\r\n").encode()
    assert json.loads(whole(table.json())) == []


def test_what_is_hidden_is_in_no_file():
    append(
        Draft(operation=Operation.VETO, actor=factories.actor(), detail={"incident": 7}),
        Outcome.COMPLETED,
    )
    table = Table(report=REPORTS["ledger"], hidden=frozenset({"actor_name", "detail"}))

    assert not {"actor_name", "detail"} & set(table.headers)
    assert b"incident" not in whole(table.csv())
    assert_same(table)


@pytest.mark.parametrize("report", REPORTS.values(), ids=lambda report: report.name)
@pytest.mark.parametrize("rows", [1, 3, 300])
def test_one_query_however_many_rows_there_are(report, rows, django_assert_num_queries):
    users = get_user_model()
    made = [users(**{users.USERNAME_FIELD: f"many{n}@example.org"}) for n in range(rows)]
    users.objects.bulk_create(made)
    sync.make_missing()
    AuditEvent.objects.bulk_create(
        AuditEvent(
            operation=Operation.ISSUE_PHONE_CODE,
            outcome=Outcome.COMPLETED,
            actor_id=str(number),
            subject_id=str(number),
        )
        for number in range(rows)
    )

    with django_assert_num_queries(1):
        found = list(Table(report=report).query())

    assert len(found) == rows
