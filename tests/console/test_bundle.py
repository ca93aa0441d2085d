"""The bundle: it convinces an outsider, shows what its reader may see, and is on record."""

import hashlib
import io
import zipfile

import pytest
from django.db import connection
from django.utils import timezone

from recovery import actions
from recovery.audit import linking, signing, verifier
from recovery.audit.checkpoints import make_checkpoint
from recovery.enums import Operation, Role
from recovery.models import AuditEvent
from tests import factories
from tests.console import desk

pytestmark = pytest.mark.django_db

PAGE = "/console/bundle/"


@pytest.fixture
def auditor():
    return desk.member(Role.AUDITOR)


@pytest.fixture
def client(auditor):
    return desk.signed_in(auditor)


def done(**grounds):
    """Do something that a bundle has to hold."""
    actions.require_reenrolment(
        actor=factories.staff(Role.AGENT),
        subject=factories.account(),
        grounds=factories.grounds(**{"reason": "Rosa was here"} | grounds),
    )
    linking.settle(connection)
    return AuditEvent.objects.latest("pk")


def take(client, **values):
    linking.settle(connection)
    response = client.post(PAGE, {"part": "all"} | values)
    return response, b"".join(response.streaming_content) if response.streaming else b""


def lines(data, name=verifier.EVENTS):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(name).decode().splitlines()


def verified(folder, data):
    """Check it with the one file and the fingerprint that an auditor has."""
    bundle = folder / "bundle.zip"
    bundle.write_bytes(data)
    return verifier.main([str(bundle), "--key", signing.current_key().fingerprint])


@pytest.mark.requirement("P13")
def test_an_outsider_can_check_it_to_its_last_line(client, tmp_path, capsys):
    done()
    response, data = take(client)

    found = verified(tmp_path, data)

    assert response["Content-Disposition"].startswith('attachment; filename="ledger-1-')
    assert found == 0, capsys.readouterr()
    assert len(lines(data)) == AuditEvent.objects.count() - 1  # its own record came after it


def test_that_it_was_taken_out_is_on_record_with_its_digest(client, auditor):
    done()
    _, data = take(client)

    event = factories.last_event(operation=Operation.EXPORT_EVENTS)

    assert event.actor_id == str(auditor.pk)
    assert event.detail["format"] == "bundle"
    assert event.detail["sha256"] == hashlib.sha256(data).hexdigest()
    assert (event.detail["from"], event.detail["rows"]) == (1, len(lines(data)))
    assert event.detail["to"] == event.detail["rows"]
    assert {"reason", "source_address"} <= set(event.detail["columns"])


def test_one_that_broke_is_on_record_too(client, monkeypatch):
    def full(*_args, **_kwargs):
        raise OSError("No space left on device")

    monkeypatch.setattr("recovery.actions.exporting.write_bundle", full)
    done()
    with pytest.raises(OSError, match="No space"):
        take(client)

    event = AuditEvent.objects.filter(operation=Operation.EXPORT_EVENTS).latest("pk")
    assert (event.outcome, event.detail["error"]) == ("failed", "OSError")


def test_what_is_not_on_record_does_not_leave(client, monkeypatch):
    client.raise_request_exception = False
    monkeypatch.setattr("recovery.actions.exporting.append", lambda *_: 1 / 0)

    response = client.post(PAGE, {"part": "all"})

    assert response.status_code == 500
    assert not response.streaming


@pytest.mark.parametrize(
    ("more", "hidden", "shown"),
    [
        ((), ("Rosa was here", "192.0.2.7"), ()),
        (("view_event_people",), ("192.0.2.7",), ("Rosa was here",)),
        (("view_event_sources",), ("Rosa was here",), ("192.0.2.7",)),
    ],
)
def test_what_a_role_may_not_see_is_in_no_file_of_it(more, hidden, shown, tmp_path):
    person = desk.member()
    codenames = ("view_auditevent", "export_events", *more)
    person.user_permissions.add(*factories.permissions(*codenames))
    done()

    _, data = take(desk.signed_in(person))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        whole = "".join(archive.read(name).decode() for name in archive.namelist())

    assert not any(text in whole for text in hidden)
    assert all(text in whole for text in shown)
    assert verified(tmp_path, data) == 0


def test_it_can_begin_after_a_checkpoint(client):
    done()
    checkpoint = make_checkpoint()
    done()

    _, data = take(client, part="since", checkpoint=str(checkpoint.sequence))

    assert f'"_sequence":{checkpoint.sequence + 1},' in lines(data)[0]


def test_it_can_be_a_span_of_time_between_two_signatures(client):
    done()
    day = timezone.localdate().isoformat()

    response, data = take(client, part="span", first=day, last=day)
    past, _ = take(client, part="span", first="2020-01-01", last="2020-01-02")

    assert response.status_code == 200
    assert len(lines(data)) > 1
    assert past.status_code == 409
    assert factories.last_event(operation=Operation.EXPORT_EVENTS).refusal == "nothing_to_export"


@pytest.mark.parametrize(
    "values",
    [
        {"part": "x"},
        {"part": "since"},
        {"part": "since", "checkpoint": "99"},
        {"part": "span", "first": "2026-01-01"},
        {"part": "span", "first": "9999-12-31", "last": "9999-12-31"},
        {"part": "span", "first": "0001-01-01", "last": "0001-01-01"},
    ],
)
def test_a_form_that_is_not_whole_comes_back(client, values):
    response, _ = take(client, **values)

    assert response.status_code == 422


def test_an_old_one_time_code_is_asked_for_anew(client, auditor):
    desk.let_the_step_up_go_stale(client)

    refused, _ = take(client)
    assert refused.status_code == 409
    assert 'data-refusal="step_up_required"' in desk.text(refused)
    assert factories.last_event(operation=Operation.EXPORT_EVENTS).refusal == "step_up_required"

    response, _ = take(client, one_time_code=desk.one_time_code(auditor))
    assert response.status_code == 200


def test_who_may_not_export_is_refused_and_recorded():
    response, _ = take(desk.as_role(Role.AGENT))

    assert response.status_code == 403
    refused = factories.last_event(operation=Operation.EXPORT_EVENTS)
    assert refused.refusal == "permission_missing"
