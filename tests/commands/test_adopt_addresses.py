from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from recovery.actors import Actor
from recovery.adoption import Intake, VerifiedAddress, adopt_addresses
from recovery.enums import Operation
from recovery.errors import NotFromHere
from recovery.models import AuditEvent, ContactAddress

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_user_model]

LONG_AGO = datetime(2024, 5, 17, 8, 30, tzinfo=UTC)
ROWS = []


def rows():
    yield from ROWS


@pytest.fixture(autouse=True)
def _no_rows():
    ROWS.clear()


@pytest.fixture
def adopt(run):
    def adopt_rows(*arguments):
        return run("adopt_addresses", "--source", f"{__name__}:rows", *arguments)

    return adopt_rows


def row(account, address="amelie@example.org", confirmed_at=LONG_AGO):
    return VerifiedAddress(user_id=account.user_id, address=address, confirmed_at=confirmed_at)


@pytest.mark.requirement("N1")
@pytest.mark.requirement("N13")
def test_an_address_comes_in_as_confirmed_with_its_date(adopt, make_account):
    account = make_account()
    ROWS.append(row(account))

    printed = adopt("--called", "HR system")

    known = ContactAddress.objects.get(account=account)
    assert (known.address, known.confirmed_at) == ("amelie@example.org", LONG_AGO)
    assert known.confirmed_from == "HR system"
    assert known in ContactAddress.objects.old_enough_for_links()
    assert printed.out == "1 adopted, 0 known before, 0 skipped.\n"
    event = AuditEvent.objects.get(operation=Operation.ADOPT_ADDRESS)
    assert event.subject_id == str(account.user_id)
    assert event.detail["from"] == "HR system"
    assert "amelie" not in str(event.detail)


def test_a_young_address_gets_no_link_yet(adopt, make_account):
    ROWS.append(row(make_account(), confirmed_at=timezone.now() - timedelta(days=2)))

    adopt()

    assert ContactAddress.objects.confirmed().count() == 1
    assert not ContactAddress.objects.old_enough_for_links().exists()


def test_a_person_may_have_two(adopt, make_account):
    account = make_account()
    ROWS.extend([row(account), row(account, "roth@example.net")])

    adopt()

    assert ContactAddress.objects.filter(account=account).count() == 2


def test_an_unconfirmed_address_becomes_confirmed(adopt, make_account):
    account = make_account()
    ContactAddress.objects.create(account=account, address="amelie@example.org")
    ROWS.append(row(account))

    adopt()

    assert ContactAddress.objects.get().confirmed_at == LONG_AGO


def test_a_second_run_changes_nothing(adopt, make_account):
    account = make_account()
    ROWS.append(row(account))
    adopt()
    ROWS.append(row(account, "AMELIE@example.org", timezone.now()))

    printed = adopt()

    assert printed.out == "0 adopted, 2 known before, 0 skipped.\n"
    assert ContactAddress.objects.get().confirmed_at == LONG_AGO
    assert AuditEvent.objects.count() == 1


@pytest.mark.parametrize(
    ("address", "confirmed_at", "why"),
    [
        ("not an address", LONG_AGO, "no address"),
        (f"{'a' * 60}@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.org", LONG_AGO, "no address"),
        ("amelie@example.org", datetime(2090, 1, 1, tzinfo=UTC), "future"),
        ("amelie@example.org", datetime(2024, 1, 1), "no time zone"),  # noqa: DTZ001 - its point
    ],
)
def test_what_is_wrong_is_skipped_with_a_line(adopt, make_account, address, confirmed_at, why):
    account = make_account()
    ROWS.extend([row(account, address, confirmed_at), row(account, "right@example.org")])

    printed = adopt()

    assert f"user {account.user_id}: " in printed.out
    assert why in printed.out
    assert ContactAddress.objects.get().address == "right@example.org"


@pytest.mark.parametrize("user_id", [987654321, "nobody"])
def test_an_unknown_user_is_skipped_with_a_line(adopt, user_id):
    ROWS.append(VerifiedAddress(user_id=user_id, address="who@example.org", confirmed_at=LONG_AGO))

    assert f"user {user_id}: no such user" in adopt().out
    assert not ContactAddress.objects.exists()


def test_what_its_owner_removed_does_not_come_back(adopt, make_account):
    account = make_account()
    ContactAddress.objects.create(
        account=account, address="amelie@example.org", removed_at=timezone.now()
    )
    ROWS.append(row(account))

    assert "was removed here" in adopt().out
    assert not ContactAddress.objects.kept().exists()


def test_a_dry_run_changes_nothing(adopt, make_account):
    ROWS.append(row(make_account()))

    printed = adopt("--dry-run")

    assert printed.out == "1 would be adopted, 0 known before, 0 skipped.\n"
    assert not ContactAddress.objects.exists()
    assert not AuditEvent.objects.exists()


def test_a_source_is_asked_once_and_streamed(adopt, make_account, django_assert_max_num_queries):
    account = make_account()
    ROWS.extend(row(account, f"a{number}@example.org") for number in range(30))

    with django_assert_max_num_queries(2 * 30 + 10):
        adopt()


@pytest.mark.parametrize("source", ["nowhere.at:all", "os.path:sep"])
def test_a_source_that_is_none_is_told(run, source):
    printed = run("adopt_addresses", "--source", source)

    assert printed.code == 1
    assert source in printed.err


def test_a_long_name_wants_another(run):
    printed = run("adopt_addresses", "--source", f"{__name__}:rows", "--called", "x" * 65)

    assert "--called, in 64 letters" in printed.err


def test_only_the_command_line_brings_addresses_in(make_account):
    intake = Intake(actor=Actor.stranger(), source="HR", skipped=print)

    with pytest.raises(NotFromHere):
        adopt_addresses([row(make_account())], intake=intake)

    assert not ContactAddress.objects.exists()
