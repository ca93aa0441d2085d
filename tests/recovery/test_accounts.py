"""One account for every user, its text kept up, and its counters out of a stale copy's reach."""

from unittest.mock import patch

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from recovery import sync
from recovery.enums import Enrolment, FlagOrigin, Role, Tier
from recovery.models import (
    Account,
    AccountText,
    BackupCode,
    BackupCodeSet,
    ContactAddress,
    RecoveryLink,
)
from recovery.models.accounts import COUNTERS
from recovery.people import Person, fold
from tests.factories import account, app, fresh, open_link, phone_code, saved_codes, staff, user

pytestmark = pytest.mark.django_db


def unannounced(count):
    """Make users in a way that sends no signal."""
    model = get_user_model()
    made = [model(**_named(f"silent{number}@example.org")) for number in range(count)]
    return model.objects.bulk_create(made)


def _named(name):
    return {get_user_model().USERNAME_FIELD: name}


class TestMaking:
    def test_an_account_is_made_with_the_user(self):
        made = user().recovery_account

        assert made.enrolment == Enrolment.NOT_ENROLLED
        assert (made.backup_codes_left, made.failures, made.session_generation) == (0, 0, 0)
        assert made.text.login_name == made.user.get_username()

    def test_it_goes_with_the_user(self):
        owner = account()
        saved_codes(owner)
        phone_code(owner)
        app(owner)
        open_link(owner)

        owner.user.delete()

        for model in (
            Account,
            AccountText,
            BackupCodeSet,
            BackupCode,
            ContactAddress,
            RecoveryLink,
        ):
            assert not model.objects.exists()

    @pytest.mark.parametrize("count", [1, 50])
    def test_missing_ones_are_made_in_one_statement(self, count):
        unannounced(count)

        with CaptureQueriesContext(connection) as queries:
            assert sync.make_missing() == count

        made = [
            query
            for query in queries
            if query["sql"].strip().startswith('INSERT INTO "recovery_acc')
        ]
        assert len([query for query in made if "accounttext" not in query["sql"]]) == 1
        assert Account.objects.count() == AccountText.objects.count() == count

    def test_migrate_makes_the_missing_ones(self):
        unannounced(3)

        call_command("migrate", verbosity=0)

        assert Account.objects.count() == 3

    def test_existing_ones_stay_as_they_are(self):
        owner = account(session_generation=4)

        assert sync.make_missing() == 0
        assert fresh(owner).session_generation == 4


class TestText:
    def test_it_follows_the_user(self):
        owner = account()

        setattr(owner.user, owner.user.USERNAME_FIELD, "Zoë.Ångström@example.org")
        owner.user.save()

        text = AccountText.objects.get(account=owner)
        assert text.login_name == "Zoë.Ångström@example.org"
        assert "zoe.angstrom@example.org" in text.folded

    def test_a_sign_in_writes_no_text(self):
        person = user()

        with CaptureQueriesContext(connection) as queries:
            person.last_login = timezone.now()
            person.save(update_fields=["last_login"])

        assert len(queries) == 1

    @pytest.mark.parametrize(
        ("written", "searched"),
        [("Zoë", "zoe"), ("SØREN", "soren"), ("Łukasz", "lukasz"), ("Straße", "strasse"), ("", "")],
    )
    def test_case_and_accents_are_folded_away(self, written, searched):
        assert fold(written) == searched

    def test_a_name_of_any_length_can_be_saved(self):
        long = Person(
            display_name="x" * 5000, login_name="y" * 5000, address="z" * 900, staff_number="9" * 99
        )

        with patch("recovery.sync.person", return_value=long):
            owner = user().recovery_account

        assert owner.text.display_name == "x" * 320

    def test_refreshing_all_writes_every_text_and_tier(self):
        lead = staff(Role.LEAD).user.recovery_account
        AccountText.objects.update(folded="stale")

        sync.refresh_all()

        assert not AccountText.objects.filter(folded="stale").exists()
        assert fresh(lead).tier == Tier.PRIVILEGED


class TestStaleCopies:
    def test_an_account_cannot_be_saved_whole(self):
        with pytest.raises(TypeError, match="update_fields"):
            account().save()

    def test_a_stale_copy_brings_back_no_spent_code(self):
        owner = account(backup_codes_total=10, backup_codes_left=10)
        stale = fresh(owner)
        Account.objects.filter(pk=owner.pk).update(backup_codes_left=9)

        stale.frozen_at = timezone.now()
        stale.save(update_fields=["frozen_at"])

        assert fresh(owner).backup_codes_left == 9


class TestHistory:
    def test_it_has_no_counter(self):
        columns = {field.name for field in Account.history.model._meta.get_fields()}

        assert not columns & set(COUNTERS)

    def test_no_table_with_a_digest_has_a_history(self):
        assert not hasattr(BackupCode, "history")
        assert not hasattr(BackupCodeSet, "history")

    def test_a_long_reason_is_kept_whole(self):
        owner = account()
        owner._change_reason = "why " * 500

        owner.frozen_at = timezone.now()
        owner.save(update_fields=["frozen_at"])

        assert owner.history.latest().history_change_reason == "why " * 500


BROKEN_ACCOUNTS = {
    "more codes left than issued": {"backup_codes_left": 1},
    "once enrolled and yet not": {"enrolled_at": timezone.now()},
    "a flag without a date": {"enrolment": Enrolment.REENROLMENT_REQUIRED},
    "a flag without an origin": {
        "enrolment": Enrolment.REENROLMENT_REQUIRED,
        "reenrolment_required_at": timezone.now(),
    },
    "a date without a flag": {"reenrolment_due_at": timezone.now()},
    "an origin without a flag": {"reenrolment_origin": FlagOrigin.DESK},
}
BROKEN_SETS = {
    "dead without a date": {"confirmed": False, "ended_because": "replaced"},
    "dead without a cause": {"confirmed": False, "ended_at": timezone.now()},
    "alive with an end": {"ended_at": timezone.now(), "ended_because": "replaced"},
    "a phone code for ever": {"kind": "phone"},
}


class TestDatabase:
    """What must never be is refused by the database itself, whoever writes."""

    @pytest.mark.parametrize("broken", BROKEN_ACCOUNTS.values(), ids=BROKEN_ACCOUNTS)
    def test_no_account_contradicts_itself(self, broken):
        self._refused(Account.objects.filter(pk=account().pk), **broken)

    def test_no_counter_goes_below_zero(self):
        self._refused(Account.objects.filter(pk=account().pk), backup_codes_left=-1)

    @pytest.mark.parametrize("broken", BROKEN_SETS.values(), ids=BROKEN_SETS)
    def test_no_set_contradicts_itself(self, broken):
        code_set, _ = saved_codes(account())

        self._refused(BackupCodeSet.objects.filter(pk=code_set.pk), **broken)

    def test_no_used_code_keeps_its_digest(self):
        saved_codes(account())

        self._refused(BackupCode.objects.all(), used_at=timezone.now())

    def test_no_two_live_sets_of_one_kind(self):
        owner = account()
        code_set, _ = saved_codes(owner)

        with pytest.raises(IntegrityError), transaction.atomic():
            BackupCodeSet.objects.create(user=owner.user, recipe=code_set.recipe)

    def test_no_two_open_links_of_one_account(self):
        owner = account()
        open_link(owner)

        with pytest.raises(IntegrityError), transaction.atomic():
            open_link(owner)

    def test_no_revoked_app_that_is_alive(self):
        bound = app(account())

        self._refused(type(bound).objects.all(), revoked_at=timezone.now())

    def test_no_confirmed_address_without_its_source(self):
        owner = account()

        self._refused(owner.addresses.all(), confirmed_from="")

    def _refused(self, rows, **values):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**values)
