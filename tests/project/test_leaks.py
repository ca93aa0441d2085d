"""The suite's own promise: the search for secrets finds one wherever it was left."""

import io
import logging
import zipfile

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.cache import cache
from django.core.mail import EmailMultiAlternatives

from recovery.models import Notice
from tests.factories import account
from tests.plumbing import leaks

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("N7")]

SECRET = "7K3MQ9TD0ZVHPX4R"
SPELT = "7k3m q9td-0ZVH<span>-</span>px4r"
LONG = "the same words over and over " * 20


@pytest.mark.parametrize(
    "spelling", [SECRET, SECRET.lower(), SPELT, "-".join(SECRET), "_".join(SECRET)]
)
def test_a_secret_is_known_in_any_spelling(spelling):
    assert leaks.held(SECRET, ["before", f"a {spelling} b"]) == [f"a {spelling} b"]


def test_another_one_is_not_taken_for_it():
    assert leaks.held(SECRET, [SECRET.replace("7", "8"), SECRET[:-1], ""]) == []


def test_a_one_time_code_is_a_number_of_its_own_and_no_fraction_of_a_second():
    told = ["code=123456", "('123456', 7)", "it was 123456."]
    others = ["1234567", "12:00:00.123456", "datetime(2026, 1, 1, 0, 0, 0, 123456, tzinfo=utc)"]

    assert leaks.held_number("123456", told, others) == told


@pytest.mark.parametrize("around", ["", LONG], ids=["as it is", "packed"])
def test_it_is_found_in_a_session(around):
    session = SessionStore()
    session["anything"] = {"deep": [around, SPELT]}
    session.save()

    assert Session.objects.get().session_data.startswith(".") == bool(around)
    assert leaks.held(SECRET, leaks.rows()) == []
    assert len(leaks.held(SECRET, leaks.kept())) == 1


def test_it_is_found_in_a_cache_entry_and_in_its_name():
    cache.set("anything", {"deep": [SPELT]})
    cache.set(f"named-{SECRET}", 1)

    found = leaks.held(SECRET, leaks.kept())
    cache.clear()

    assert len(found) == 2


def test_it_is_found_in_a_row():
    Notice.objects.create(account=account(), address="a@example.org", context={"values": SPELT})

    [found] = leaks.held(SECRET, leaks.kept())
    assert found.startswith("recovery_notice: ")


def test_it_is_found_in_a_log_line_of_any_logger_and_in_its_traceback(logged):
    logging.getLogger("anybody").debug("it is %s", SPELT)
    logging.getLogger("somebody.else").error("it broke", exc_info=ValueError(SPELT))

    assert len(leaks.held(SECRET, logged)) == 2


def test_it_is_found_in_a_statement(logged):
    list(Notice.objects.filter(address=SPELT))

    [found] = leaks.held(SECRET, logged)
    assert "SELECT" in found


def test_it_is_found_in_either_part_of_a_mail():
    plain, rich = (
        EmailMultiAlternatives(body=text, to=["a@example.org"]) for text in (f"{LONG}{SPELT}é", "")
    )
    rich.attach_alternative(f"<p>{LONG}{SPELT}é</p>", "text/html")
    plain.send()
    rich.send()

    assert len(mail.outbox) == len(leaks.held(SECRET, leaks.mailed())) == 2


def test_it_is_found_in_what_an_error_mail_says(reports):
    logging.getLogger("django.request").error("it broke", exc_info=ValueError(SPELT))

    assert leaks.held(SECRET, reports)


def test_it_is_found_in_a_zipped_file():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("sheet.xml", LONG + SPELT)

    assert leaks.held(SECRET, [packed.getvalue().decode(errors="replace")]) == []
    assert leaks.held(SECRET, [leaks.unzipped(packed.getvalue())])
