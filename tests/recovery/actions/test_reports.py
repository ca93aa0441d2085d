"""Reports on their way out: who may have them, what the ledger keeps, and what breaks them off."""

import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError
from django.utils import timezone

from recovery import actions, errors
from recovery.actions.reports import Format, hidden_from
from recovery.enums import Enrolment, Operation, Outcome, Role
from recovery.models import AuditEvent
from recovery.reports import REPORTS, Asked, writing
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.any_user_model]

BY_WHOM = {
    "coverage": {Role.LEAD, Role.REPORT_ADMINISTRATOR},
    "at_risk": {Role.LEAD, Role.REPORT_ADMINISTRATOR},
    "actions": {Role.LEAD, Role.AUDITOR, Role.REPORT_ADMINISTRATOR},
    "agents": {Role.LEAD, Role.AUDITOR, Role.REPORT_ADMINISTRATOR},
    "ledger": {Role.LEAD, Role.AUDITOR},
}


SINCE = datetime(2026, 11, 1, tzinfo=UTC)


def take_out(report="coverage", *, role=Role.LEAD, by=None, file_format=Format.CSV, **asked):
    return actions.export_report(
        actor=by or factories.staff(role),
        report=REPORTS[report],
        asked=Asked(**asked),
        file_format=file_format,
    )


def steps(report="coverage"):
    """What the ledger says of a report, oldest first."""
    return list(AuditEvent.objects.filter(detail__report=report).order_by("pk"))


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("report", REPORTS)
def test_each_role_takes_out_what_is_its_own(report, role):
    if role in BY_WHOM[report]:
        assert b"".join(take_out(report, role=role).chunks)
        return
    with pytest.raises(errors.PermissionMissing):
        take_out(report, role=role)
    event = factories.last_event()
    assert (event.operation, event.outcome) == (REPORTS[report].operation, Outcome.REFUSED)
    assert event.refusal == "permission_missing"


@pytest.mark.parametrize("report", REPORTS.values(), ids=lambda report: report.name)
def test_taking_out_needs_the_permission_to_see_as_well(report):
    actor = factories.actor(report.operation)

    with pytest.raises(errors.PermissionMissing):
        take_out(report.name, by=actor)


def test_it_needs_a_fresh_one_time_code():
    old = factories.staff(Role.LEAD, verified_at=timezone.now() - timedelta(hours=1))

    with pytest.raises(errors.StepUpRequired):
        take_out(by=old)
    assert factories.last_event().refusal == "step_up_required"


@pytest.mark.requirement("A30")
def test_the_ledger_has_it_before_the_first_byte_and_after_the_last():
    factories.account(enrolled_at=SINCE, enrolment=Enrolment.ENROLLED)
    file = take_out(filters={"codes": "none"}, since=SINCE)

    (begun,) = steps()
    assert (begun.outcome, begun.detail["step"]) == (Outcome.COMPLETED, "begun")
    assert begun.detail["columns"] == REPORTS["coverage"].headers()
    assert begun.detail["format"] == "csv"
    assert begun.detail["filters"]["codes"] == "none"
    assert begun.detail["filters"]["since"] == "2026-11-01T00:00:00+00:00"

    data = b"".join(file.chunks)
    file.close()

    _begun, left = steps()
    assert (left.outcome, left.detail["step"]) == (Outcome.COMPLETED, "left")
    assert left.detail["sha256"] == hashlib.sha256(data).hexdigest()
    assert left.detail["rows"] == data.count(b"\r\n") - 1 == 1
    assert left.trace == begun.trace
    assert left.actor_id == begun.actor_id


def test_json_leaves_the_same_way():
    factories.account()
    file = take_out(file_format=Format.JSON)
    data = b"".join(file.chunks)

    assert file.content_type == "application/json"
    assert file.name.startswith("coverage-")
    assert file.name.endswith(".json")
    assert steps()[-1].detail["rows"] == len(json.loads(data)) > 0


def test_the_header_leaves_before_anything_is_asked(django_assert_num_queries):
    file = take_out()

    with django_assert_num_queries(0):
        first = next(iter(file.chunks))
    assert first == writing.BOM + (",".join(REPORTS["coverage"].headers()) + "\r\n").encode()


@pytest.mark.parametrize("read", [0, 1])
def test_a_reader_who_goes_away_is_on_the_ledger(read):
    file = take_out()
    for _ in range(read):
        next(file)
    file.close()
    file.close()

    _begun, broken = steps()
    assert (broken.outcome, broken.detail["step"]) == (Outcome.FAILED, "broken_off")
    assert broken.detail["rows"] == 0
    assert "sha256" not in broken.detail


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("file_format", Format)
def test_one_who_goes_away_in_the_middle_leaves_a_connection_that_works(monkeypatch, file_format):
    for _ in range(3):
        factories.account(addresses=())
    monkeypatch.setattr(writing, "FULL", 1)
    file = take_out(file_format=file_format)
    next(file), next(file)
    file.close()

    event = steps()[-1]
    assert (event.outcome, event.detail["rows"]) == (Outcome.FAILED, 1)
    assert b"".join(take_out(file_format=file_format))
    assert steps()[-1].detail["step"] == "left"


def test_an_error_breaks_the_file_off_and_is_on_the_ledger(monkeypatch):
    def broken(self):
        yield [1]
        raise DatabaseError("of a secret row")

    monkeypatch.setattr(writing.Table, "rows", broken)
    monkeypatch.setattr(writing, "FULL", 1)
    file = take_out(file_format=Format.JSON)
    monkeypatch.setattr(writing.Table, "headers", property(lambda _self: ["one"]))
    read = []

    with pytest.raises(DatabaseError):
        read.extend(file.chunks)

    assert not json_is_whole(b"".join(read))
    event = steps()[-1]
    assert (event.outcome, event.detail["error"]) == (Outcome.FAILED, "DatabaseError")
    assert event.detail["rows"] == 1
    assert "secret" not in str(event.detail)


def json_is_whole(data):
    try:
        json.loads(data)
    except ValueError:
        return False
    return True


def test_who_sees_no_names_gets_none_in_a_file():
    factories.account()
    reporter = factories.staff(Role.REPORT_ADMINISTRATOR)
    lead = factories.staff(Role.LEAD)
    actions.require_reenrolment(
        actor=lead, subject=factories.account(), grounds=factories.grounds(reason="Stolen bag")
    )
    data = b"".join(take_out("actions", by=reporter).chunks).decode()

    assert {"actor_name", "reason", "ticket"} <= hidden_from(reporter)
    assert "Stolen bag" not in data
    assert lead.name not in data
    assert f",{lead.key}," in data
    assert "Stolen bag" in b"".join(take_out("actions").chunks).decode()


@pytest.mark.parametrize("name", ["actor_name", "subject_name", "ticket", "source"])
def test_nobody_filters_by_what_they_may_not_see(name):
    with pytest.raises(errors.PermissionMissing):
        take_out("actions", role=Role.REPORT_ADMINISTRATOR, filters={name: "a"})
    assert factories.last_event().refusal == "permission_missing"


def test_an_unknown_filter_gives_no_file():
    with pytest.raises(errors.FilterUnknown):
        take_out(filters={"colour": "red"})
    assert factories.last_event().refusal == "filter_unknown"
    assert factories.last_event().operation == Operation.EXPORT_ACCOUNTS


def test_what_looks_like_a_secret_is_blotted_out_on_the_ledger():
    b"".join(take_out(filters={"q": "tr0ub4dor&3X"}).chunks)

    assert all("tr0ub4dor" not in str(event.detail) for event in steps())
